"""Items that were taken soon after, or before, those of the history."""

from numbers import Integral, Real

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.nn.scoring import NeighbourScores
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.markov import log_of_smoothed
from skdiffuasr.recommenders.neighbours import neighbour_cosines, sparse_rows
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import context, without_skipped


@estimator_class
class CooccurrenceRecommender(BaseRecommender):
    r"""Score every item by how often it stood near the items of the history.

    An item-based neighbourhood model that knows the order: with :math:`c_{ij}` the
    weighted number of times item j stood at most `window` places behind or before item
    i, and :math:`n_i` the number of times item i occurs, the similarity is an
    asymmetric cosine [1]_

    .. math:: s_{ij} = \frac{c_{ij}}{n_i^\alpha n_j^{1 - \alpha} + \text{shrinkage}}

    and the score a share of the weighted sum over the history, mixed with the
    popularity of the item. Pairs at distance d weigh ``window_decay ** (d - 1)``,
    those with j before i also `backward_weight`; with 0, they are sequential rules
    [2]_.

    Training takes seconds. It is a hard baseline, and as a member of an
    `EnsembleRecommender` it knows what a network of few dimensions does not: which
    pairs of items go together.

    Parameters
    ----------
    window : int, default=10
        Largest distance of a pair, in read items of one history. The similarities take
        up to ``24 * window`` bytes an interaction.
    window_decay : float, default=0.9
        Weight of a pair relative to one that is a place nearer.
    backward_weight : float, default=0.5
        Weight of what came before an item relative to what came after it.
    alpha : float, default=0.7
        What the similarity is normalised by: 1 for the item of the history alone, 0 for
        the scored item alone, 0.5 for the cosine.
    shrinkage : float, default=5.0
        Makes the similarity of rare items smaller.
    history_decay : float, default=0.7
        Weight of an item of the history relative to the one after it.
    max_length : int, default=20
        Number of most recent items that are read.
    popularity_weight : float, default=0.1
        Share of the popularity in the score; all of it where nothing of the history is
        known.

    Attributes
    ----------
    similarities_ : scipy.sparse.csr_array of shape (n_items, n_items)
        Similarity of the column's item to the row's.

    See Also
    --------
    MarkovRecommender : Reads the last item alone.

    References
    ----------
    .. [1] Aiolli, "Efficient Top-N Recommendation for Very Large Scale Binary Rated
       Datasets", RecSys 2013.
    .. [2] Ludewig and Jannach, "Evaluation of Session-Based Recommendation Algorithms",
       UMUAI 2018, arXiv:1803.09587.

    Examples
    --------
    >>> from skdiffuasr.recommenders import CooccurrenceRecommender
    >>> histories = [["tea", "milk"], ["tea", "jam", "milk"], ["jam", "bread"]]
    >>> CooccurrenceRecommender().fit(histories).predict([["tea"]]).tolist()
    ['milk']
    """

    _parameter_constraints = {
        **BaseRecommender._parameter_constraints,
        "window": [Interval(Integral, 1, None, closed="left")],
        "window_decay": [Interval(Real, 0, 1, closed="right")],
        "backward_weight": [Interval(Real, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "history_decay": [Interval(Real, 0, 1, closed="right")],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "popularity_weight": [Interval(Real, 0, 1, closed="right")],
    }

    window: int = 10
    window_decay: float = 0.9
    backward_weight: float = 0.5
    alpha: float = 0.7
    shrinkage: float = 5.0
    history_decay: float = 0.7
    max_length: int = 20
    popularity_weight: float = 0.1

    def _fit(self, codes: Sequences) -> None:
        counts = self._pair_counts(codes).tocoo()
        n = np.maximum(self.item_counts_, 1).astype(np.float32)
        i, j = counts.coords
        scale = n[i] ** self.alpha * n[j] ** (1 - self.alpha) + self.shrinkage
        self.similarities_ = csr_array((counts.data / scale, (i, j)), counts.shape)

    def _pair_counts(self, codes: Sequences) -> csr_array:
        """Return the weighted number of pairs, (n_items, n_items); j is a target."""
        read = np.flatnonzero(context(codes))
        items, is_target = codes.values[read], codes.is_target[read]
        rows = np.repeat(np.arange(len(codes)), codes.lengths)[read]
        shape = (len(self.item_ids_),) * 2
        total = csr_array(shape, dtype=np.float32)
        for distance in range(1, self.window + 1):
            is_pair = rows[distance:] == rows[:-distance]
            earlier, later = items[:-distance][is_pair], items[distance:][is_pair]
            weight = np.float32(self.window_decay ** (distance - 1))
            ahead = weight * is_target[distance:][is_pair]
            back = weight * is_target[:-distance][is_pair]
            total += csr_array((ahead, (earlier, later)), shape)
            total += csr_array((self.backward_weight * back, (later, earlier)), shape)
        total.eliminate_zeros()
        return total

    def _score(self, codes: Sequences) -> FloatArray:
        read = without_skipped(codes)
        age = np.repeat(read.offsets[1:], read.lengths) - np.arange(len(read.values))
        is_recent = age <= self.max_length
        recent = read._where(is_recent)
        weights = self.history_decay ** (age[is_recent] - 1.0)
        shape = (len(recent), len(self.item_ids_))
        history = csr_array(
            (weights.astype(np.float32), recent.values, recent.offsets), shape
        )
        scores: FloatArray = (history @ self.similarities_).toarray()
        total = scores.sum(axis=1, keepdims=True)
        share = np.where(total > 0, 1 - self.popularity_weight, 0)
        scores *= share / np.maximum(total, np.finfo(np.float32).tiny)
        scores += (1 - share) * self._popularity()
        return scores

    def _popularity(self) -> FloatArray:
        """Return the share of each item in the training histories, (n_items,)."""
        shares = self.item_counts_ / max(self.item_counts_.sum(), 1)
        return shares.astype(np.float32)

    def _scoring_module(self) -> NeighbourScores:
        return NeighbourScores(
            sparse_rows(self.similarities_),
            torch.from_numpy(self._popularity()),
            history_decay=self.history_decay,
            max_length=self.max_length,
            popularity_weight=self.popularity_weight,
        )

    def _scores_without_items(self) -> FloatArray:
        return np.exp(self._log_popularity())

    def _item_cosines(self, codes: IntArray) -> FloatArray:
        return neighbour_cosines(self.similarities_, codes)

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        return log_of_smoothed(scores)
