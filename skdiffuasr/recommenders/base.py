"""What every next-item recommender of the library can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import Tags
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._fitted import FixedByFitMixin
from skdiffuasr._sklearn_bases import BaseEstimator
from skdiffuasr._sklearn_compat import StrOptions, fit_context
from skdiffuasr._typing import FloatArray, IdArray, IntArray, SequencesLike
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.nn.scoring import ScoresWithFallback
from skdiffuasr.recommenders.blocks import row_blocks
from skdiffuasr.recommenders.recommending import RecommendMixin, is_fallback
from skdiffuasr.recommenders.top_k import top_k
from skdiffuasr.sequences import Sequences, SequenceVariants, check_sequences
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.training.histories import without_skipped


@estimator_class
class BaseRecommender(RecommendMixin, FixedByFitMixin, BaseEstimator, ABC):
    """Base class of the next-item recommenders.

    A subclass implements `_fit` and `_score`, which take histories of item codes:
    positions in `item_ids_`. This class checks and encodes what users hand over, once
    per call. Where the softmax of the scores is not what the subclass means by
    probabilities, it overrides `_log_probabilities`, and `_scores_without_items` to
    match; with `_item_cosines` it has `similar_items`, and with `_scoring_module` it
    can be exported.

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

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn from histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : estimator
            The fitted recommender.

        Raises
        ------
        ValueError
            If every history is empty.
        """
        self._check_parameters()
        self._fit(self._fit_catalogue(check_sequences(X)))
        return self

    @abstractmethod
    def _fit(self, codes: Sequences) -> None:
        """Learn from histories; `item_ids_` and `item_counts_` are set already."""

    @abstractmethod
    def _score(self, codes: Sequences) -> FloatArray | Tensor:
        """Return scores (n, n_items), in fresh memory, of the item after each history.

        No history is empty; unknown items, and those that are not read, are left out.
        """

    def _scorer(self, codes: Sequences) -> Callable[[slice], FloatArray | Tensor]:
        """Prepare to `_score` slices of the histories; each may overwrite the last."""
        return lambda rows: self._score(codes[rows])

    def _fit_catalogue(self, histories: Sequences) -> Sequences:
        """Learn the catalogue and return the histories as item codes."""
        values = np.concatenate([variant.values for variant in histories.variants])
        if len(values) == 0:
            raise ValueError("Every history of X is empty; there is no item to learn.")
        return self._count_items(histories, np.unique(values))

    def _count_items(self, histories: Sequences, item_ids: IdArray) -> Sequences:
        """Set the catalogue, count its items and return the histories as item codes."""
        self.item_ids_ = item_ids
        codes = encode_sequences(histories, item_ids)
        observed = codes.strip_pseudo().values
        self.item_counts_: IntArray = np.bincount(observed, minlength=len(item_ids))
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
            known item is scored by popularity, on the scale of the others: as
            `predict_log_proba` has it, where that is the softmax of scores. For
            histories in several variants they are those log-probabilities.

        Raises
        ------
        ValueError
            If `X` has unknown items and ``unknown_items="error"``.
        """
        return self._score_all(X, as_log_probabilities=False)

    def predict_log_proba(self, X: SequencesLike) -> FloatArray:
        """Return the log-probability of every item to be the next one.

        They are the softmax of the scores, except where a recommender counts: then
        they are its probabilities, none of which is 0. Those of several variants of a
        history are averaged, and normalised anew.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        log_probabilities : ndarray of float32 of shape (n, n_items)
            In nats; the columns follow `item_ids_`. After a history without any known
            item they are those of `PopularityRecommender`.

        Raises
        ------
        ValueError
            If `X` has unknown items and ``unknown_items="error"``.
        """
        return self._score_all(X, as_log_probabilities=True)

    def predict_proba(self, X: SequencesLike) -> FloatArray:
        """Return the probability of every item to be the next one.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        probabilities : ndarray of float32 of shape (n, n_items)
            Rows sum to 1; see `predict_log_proba`.
        """
        log_probabilities = self.predict_log_proba(X)
        return np.exp(log_probabilities, out=log_probabilities)

    def predict(self, X: SequencesLike) -> IdArray:
        """Predict the next item of each history.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        items : ndarray of shape (n,)
            The id with the highest score, whether in the history or not; the smallest
            such id where several tie.
        """
        codes = self._encode(X)
        best = np.empty(len(codes), dtype=np.int64)
        for rows, block in self._score_blocks(codes):
            best[rows] = top_k(block, 1)[0][:, 0]
        return self.item_ids_[best]

    def score(
        self,
        X: SequencesLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Return the mean NDCG@10 of the next items, ranked among the whole catalogue.

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

    def _score_all(self, X: SequencesLike, as_log_probabilities: bool) -> FloatArray:
        """Return scores of the catalogue after each history, (n, n_items)."""
        codes = self._encode(X)
        scores = np.empty((len(codes), len(self.item_ids_)), dtype=np.float32)
        for rows, block in self._score_blocks(codes, as_log_probabilities):
            scores[rows] = block.cpu()
        return scores

    def _encode(self, X: SequencesLike) -> Sequences:
        """Check histories, and return them as codes of known items.

        Pseudo items go where no observed item is known: popularity speaks for these.
        """
        self._check_fitted()
        codes = encode_sequences(check_sequences(X), self.item_ids_, self.unknown_items)
        variants = list(map(_without_lone_pseudo_items, codes.variants))
        return SequenceVariants(variants) if len(variants) > 1 else variants[0]

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        """Turn the scores (n, n_items) of `_score` into log-probabilities."""
        return scores.log_softmax(dim=1)

    def _scores_without_items(self) -> FloatArray:
        """Return scores (n_items,) by popularity alone, on the scale of `_score`."""
        return self._log_popularity()

    def _log_popularity(self) -> FloatArray:
        """Return the log-probability (n_items,) of each item by its count, plus one."""
        counts = self.item_counts_ + 1
        return np.log(counts / counts.sum()).astype(np.float32)

    def _scoring_module(self) -> nn.Module:
        """Return a module of `skdiffuasr.nn.scoring` that scores as `_score` does.

        It is on the CPU, and shares no state with the recommender.
        """
        raise NotImplementedError(
            f"{type(self).__name__} cannot be exported: it has no _scoring_module."
        )

    def _served_module(self, *, as_log_probabilities: bool = False) -> nn.Module:
        """Return a module that scores histories of padded codes as `_score_all` does.

        Log-probabilities may lack a constant of each row.
        """
        self._check_fitted()
        fallback = self._scores_without_items()
        convert = None
        if as_log_probabilities:
            fallback = self._log_popularity()
            if not self._is_softmax:
                convert = self._log_probabilities
        module = self._scoring_module()
        return ScoresWithFallback(module, torch.tensor(fallback), convert).eval()

    @property
    def _is_softmax(self) -> bool:
        """Whether log-probabilities are the scores but for a constant of each row."""
        return type(self)._log_probabilities is BaseRecommender._log_probabilities

    def _score_blocks(
        self, codes: Sequences, as_log_probabilities: bool = False
    ) -> Iterator[tuple[slice, Tensor]]:
        """Yield scores of the catalogue for one block of rows after the other."""
        score = self._block_scorer(codes, as_log_probabilities=as_log_probabilities)
        for rows in row_blocks(len(codes), len(self.item_ids_)):
            yield rows, score(rows)

    def _block_scorer(
        self,
        codes: Sequences,
        *,
        as_log_probabilities: bool = False,
        is_normalised: bool = True,
    ) -> Callable[[slice], Tensor]:
        """Prepare to score slices of any histories; each may overwrite the last.

        Log-probabilities that are not normalised may lack a constant of each row. Those
        of several variants are averaged and normalised again.
        """
        if len(codes.variants) > 1:
            scorers = [
                self._block_scorer(variant, as_log_probabilities=True)
                for variant in codes.variants
            ]

            def average(rows: slice) -> Tensor:
                total = scorers[0](rows)
                for score in scorers[1:]:
                    total = total + score(rows)
                return (total / len(scorers)).log_softmax(dim=1)

            return average
        is_converted = as_log_probabilities and (is_normalised or not self._is_softmax)
        without_items = (
            self._log_popularity()
            if as_log_probabilities
            else self._scores_without_items()
        )
        has_items = codes.lengths > 0
        score = self._scorer(without_skipped(codes)[has_items])
        n_scored = offsets_from_lengths(has_items)

        def score_block(rows: slice) -> Tensor:
            is_scored = has_items[rows]
            block = torch.empty(0)
            if is_scored.any():
                scored = slice(n_scored[rows.start], n_scored[rows.stop])
                block = torch.as_tensor(score(scored))
                if is_converted:
                    block = self._log_probabilities(block)
            if not is_scored.all():
                scores = block.new_tensor(without_items).repeat(len(is_scored), 1)
                scores[torch.from_numpy(is_scored)] = block.view(-1, scores.shape[1])
                block = scores
            return block

        return score_block

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def _without_lone_pseudo_items(codes: Sequences) -> Sequences:
    """Empty the rows that have pseudo items alone."""
    is_lone = is_fallback(codes) & (codes.lengths > 0)
    return codes._where(~np.repeat(is_lone, codes.lengths)) if is_lone.any() else codes
