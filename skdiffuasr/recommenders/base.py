"""What every next-item recommender of the library can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import Tags, check_scalar
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._fitted import FixedByFitMixin
from skdiffuasr._sklearn_bases import BaseEstimator
from skdiffuasr._sklearn_compat import StrOptions
from skdiffuasr._typing import FloatArray, IdArray, IntArray, SequencesLike
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.recommenders.top_k import top_k
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.training.histories import context

#: Memory that a block of (rows, items) scores may take, within a cache.
BLOCK_BYTES = 16 * 2**20

#: Fewer rows than this make a block slow: each block reads the whole item table.
MIN_BLOCK_ROWS = 64


@estimator_class
class BaseRecommender(FixedByFitMixin, BaseEstimator, ABC):
    """Base class of the next-item recommenders.

    A subclass implements `fit` and `_score_items`, which scores the catalogue after
    histories of at least one item.

    Parameters
    ----------
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    item_counts_ : ndarray of int64 of shape (n_items,)
        Occurrences in training; pseudo items do not count.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "unknown_items": [StrOptions({"ignore", "error"})],
    }

    unknown_items: str = "ignore"

    @abstractmethod
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn from histories."""

    @abstractmethod
    def _score_items(self, histories: Sequences) -> FloatArray | Tensor:
        """Score (n, n_items), in fresh memory, after non-empty histories."""

    def _scorer(self, histories: Sequences) -> Callable[[slice], FloatArray | Tensor]:
        """Prepare to `_score_items` of one slice of the histories after the other.

        The scores of a slice may be overwritten by those of the next.
        """
        return lambda rows: self._score_items(histories[rows])

    def _fit_catalogue(self, X: SequencesLike) -> Sequences:
        """Learn the catalogue and return the histories as item codes."""
        histories = check_sequences(X)
        item_ids = np.unique(
            np.concatenate([variant.values for variant in histories.variants])
        )
        if len(item_ids) == 0:
            raise ValueError("Every history of X is empty; there is no item to learn.")
        self.item_ids_: IdArray = item_ids
        codes = encode_sequences(histories, self.item_ids_)
        self.item_counts_: IntArray = np.bincount(
            codes.strip_pseudo().values, minlength=len(self.item_ids_)
        )
        self._remember_parameters()
        return codes

    def decision_function(self, X: SequencesLike) -> FloatArray:
        """Score every item of the catalogue as the next one of each history.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        scores : ndarray of float32 of shape (n, n_items)
            Higher is better; the columns follow `item_ids_`. A history without any
            known item is scored by the items' counts in training.

        Raises
        ------
        ValueError
            If `X` has unknown items and ``unknown_items="error"``.
        """
        histories = self._encode(X)
        scores = np.empty((len(histories), len(self.item_ids_)), dtype=np.float32)
        for rows, block in self._score_blocks(histories):
            scores[rows] = block.cpu()
        return scores

    def predict(self, X: SequencesLike) -> IdArray:
        """Predict the next item of each history.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        items : ndarray of shape (n,)
            The id with the highest score, be it in the history or not; the smallest
            such id where several tie.
        """
        histories = self._encode(X)
        best = np.empty(len(histories), dtype=np.int64)
        for rows, block in self._score_blocks(histories):
            best[rows] = top_k(block, 1)[0][:, 0]
        return self.item_ids_[best]

    def recommend(
        self,
        X: SequencesLike,
        k: int = 10,
        *,
        filter_seen: bool = True,
        candidates: npt.ArrayLike | None = None,
    ) -> tuple[IdArray, FloatArray]:
        """Recommend the `k` items with the highest scores.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        k : int, default=10
            Number of items for each history.
        filter_seen : bool, default=True
            Leave out the items that are in the history. Pseudo items do not count as
            seen.
        candidates : array-like of shape (n_candidates,), default=None
            Ids of the items that may be recommended. None allows the catalogue.

        Returns
        -------
        items : ndarray of shape (n, k)
            Item ids, best first; the smaller id first where scores tie.
        scores : ndarray of float32 of shape (n, k)
            Their scores.

        Raises
        ------
        TypeError
            If `candidates` mixes integers and strings, or holds neither.
        ValueError
            If `k` is less than 1, `candidates` is not one-dimensional or has an item
            that is not in the catalogue, or fewer than `k` items are left for a
            history.
        """
        check_scalar(k, "k", Integral, min_val=1)
        known = self._encode_known(X)
        histories = read_items(known)
        not_allowed = self._codes_not_in(candidates)
        items = np.empty((len(histories), k), dtype=np.int64)
        scores = np.empty((len(histories), k), dtype=np.float32)
        for rows, block in self._score_blocks(histories):
            block[:, not_allowed] = -torch.inf
            if filter_seen:
                seen = known[rows].strip_pseudo()
                row_numbers = np.repeat(np.arange(len(seen)), seen.lengths)
                block[
                    torch.from_numpy(row_numbers), torch.tensor(seen.values)
                ] = -torch.inf
            codes, best = top_k(block, min(k, block.shape[1]))
            lacking = np.flatnonzero(
                ~np.isfinite(best).all(axis=1) | (k > block.shape[1])
            )
            if len(lacking):
                n_left = int(block[lacking[0]].isfinite().sum())
                row = rows.start + lacking[0]
                ids = known.user_ids
                user = "" if ids is None else f", user {ids[row].item()!r},"
                raise ValueError(
                    f"k={k}, but only {n_left} items can be recommended for row {row}"
                    f"{user} after filtering; take a smaller k, or keep seen items."
                )
            items[rows], scores[rows] = codes, best
        return self.item_ids_[items], scores

    def score(
        self,
        X: SequencesLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Mean NDCG@10 of the held-out next items, ranked among the whole catalogue.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : array-like of shape (n,)
            The item that came next; needed. One that is not in the catalogue is a miss.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            In [0, 1].
        """
        scorer = NextItemScorer(metrics=("ndcg@10",))
        return scorer(self, X, y, sample_weight)["ndcg@10"]

    def _encode(self, X: SequencesLike) -> Sequences:
        """Histories as codes of the items that are read and that training had."""
        return read_items(self._encode_known(X))

    def _encode_known(self, X: SequencesLike) -> Sequences:
        """Histories as codes of the items that training had, be they read or not."""
        self._check_fitted()
        histories = check_sequences(X).variants[0]
        return encode_sequences(histories, self.item_ids_, self.unknown_items)

    def _codes_not_in(self, candidates: npt.ArrayLike | None) -> IntArray:
        """Codes of the items that are no candidates; none if there is no choice."""
        if candidates is None:
            return np.empty(0, dtype=np.int64)
        ids = as_ids(candidates, "candidates")
        codes = encode_items(ids, self.item_ids_, "candidates")
        if (codes < 0).any():
            unknown = ids[codes < 0][0].item()
            raise ValueError(
                f"candidates has the item {unknown!r}, which was not in training."
            )
        return np.setdiff1d(np.arange(len(self.item_ids_)), codes)

    def _score_blocks(self, histories: Sequences) -> Iterator[tuple[slice, Tensor]]:
        """Scores of the catalogue for one block of rows after the other."""
        has_items = histories.lengths > 0
        score = self._scorer(histories[has_items])
        n_known = offsets_from_lengths(has_items)
        for rows in row_blocks(len(histories), len(self.item_ids_)):
            known = has_items[rows]
            block = torch.empty(0)
            if known.any():
                block = torch.as_tensor(
                    score(slice(n_known[rows.start], n_known[rows.stop]))
                )
            if not known.all():
                scores = block.new_tensor(self.item_counts_).repeat(len(known), 1)
                scores[torch.from_numpy(known)] = block.view(-1, scores.shape[1])
                block = scores
            yield rows, block

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def read_items(codes: Sequences) -> Sequences:
    """Keep the items that are read, as in training: see `context`."""
    is_read = context(codes)
    return codes if is_read.all() else codes._where(is_read)


def row_blocks(n_rows: int, n_items: int) -> Iterator[slice]:
    """Split rows so that the scores of a block, of all items, keep to `BLOCK_BYTES`."""
    size = max(MIN_BLOCK_ROWS, BLOCK_BYTES // (4 * n_items))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))
