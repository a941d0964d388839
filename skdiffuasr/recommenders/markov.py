"""A first-order Markov chain: what followed the last item before."""

from numbers import Real

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.nn.scoring import TransitionScores
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.neighbours import neighbour_cosines, sparse_rows
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import context


@estimator_class
class MarkovRecommender(BaseRecommender):
    r"""Score every item by how often it followed the last item of the history.

    The score is the smoothed transition probability

    .. math:: P(j \mid i) = \frac{n_{ij} + \alpha \, p_j}{n_i + \alpha}

    with :math:`n_{ij}` the number of times item j directly followed item i,
    :math:`n_i = \sum_j n_{ij}`, :math:`p_j` the share of item j in the training
    histories, and :math:`\alpha` the smoothing.

    Parameters
    ----------
    smoothing : float, default=1.0
        Weight of the item's popularity, in transitions.

    Attributes
    ----------
    transition_counts_ : scipy.sparse.csr_array of shape (n_items, n_items)
        How often the column's item directly followed the row's. A transition to a
        pseudo item does not count unless `is_target` says so, and one from an item
        that is not read counts for the last one before it that is.

    Examples
    --------
    >>> from skdiffuasr.recommenders import MarkovRecommender
    >>> recommender = MarkovRecommender().fit([["a", "b", "c"], ["a", "c", "b"]])
    >>> recommender.predict([["c"], ["b"]]).tolist()
    ['b', 'c']
    """

    _parameter_constraints = {
        **BaseRecommender._parameter_constraints,
        "smoothing": [Interval(Real, 0, None, closed="neither")],
    }

    smoothing: float = 1.0

    def _fit(self, codes: Sequences) -> None:
        positions = np.arange(len(codes.values))
        read = np.maximum.accumulate(np.where(context(codes), positions, -1))
        read_before = np.concatenate(([-1], read))[:-1]
        has_read = read_before >= np.repeat(codes.offsets[:-1], codes.lengths)
        target = np.flatnonzero(codes.is_target & has_read)
        n_items = len(self.item_ids_)
        self.transition_counts_ = csr_array(
            (
                np.ones(len(target), dtype=np.float32),
                (codes.values[read_before[target]], codes.values[target]),
            ),
            shape=(n_items, n_items),
        )
        self.transition_counts_.sum_duplicates()

    def _score(self, codes: Sequences) -> FloatArray:
        counts = self.transition_counts_[codes.last()]
        total = counts.sum(axis=1)[:, None] + self.smoothing
        return (counts.toarray() + self._prior()) / total

    def _prior(self) -> FloatArray:
        """Return what is added to the transitions from any item, (n_items,)."""
        prior = self.smoothing * self.item_counts_ / max(self.item_counts_.sum(), 1)
        return prior.astype(np.float32)

    def _scoring_module(self) -> TransitionScores:
        return TransitionScores(
            sparse_rows(self.transition_counts_),
            torch.from_numpy(self.transition_counts_.sum(axis=1)),
            torch.from_numpy(self._prior()),
            self.smoothing,
        )

    def _scores_without_items(self) -> FloatArray:
        return np.exp(self._log_popularity())

    def _item_cosines(self, codes: IntArray) -> FloatArray:
        return neighbour_cosines(self.transition_counts_, codes)

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        return log_of_smoothed(scores)


def log_of_smoothed(probabilities: Tensor) -> Tensor:
    """Return logarithms; an item that was only a pseudo item has no prior."""
    return probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()
