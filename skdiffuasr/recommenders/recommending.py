"""What recommenders make of scores: the best items, and items that are alike."""

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, Literal, Self, overload

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import check_scalar
from torch import Tensor

from skdiffuasr._typing import FloatArray, IdArray, IntArray, SequencesLike
from skdiffuasr.recommenders.blocks import row_blocks
from skdiffuasr.recommenders.candidates import exclusions, places_of
from skdiffuasr.recommenders.recommendations import Recommendations, as_table
from skdiffuasr.recommenders.top_k import top_k
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.vocabulary import encode_items
from skdiffuasr.training.histories import without_skipped

_CHOICES = {
    "unknown_candidates": ("error", "ignore"),
    "response_method": ("decision_function", "predict_log_proba"),
}


class RecommendMixin:
    """Recommends by the scores of `BaseRecommender`, which is made of it."""

    item_ids_: IdArray
    unknown_items: str
    _check_fitted: Callable[[], None]
    _encode: Callable[[SequencesLike], Sequences]
    _log_probabilities: Callable[[Tensor], Tensor]
    _score_blocks: Callable[[Sequences], Iterator[tuple[slice, Tensor]]]

    @overload
    def recommend(
        self,
        X: SequencesLike,
        k: int = 10,
        *,
        filter_seen: bool = True,
        candidates: Any = None,
        unknown_candidates: str = "error",
        response_method: str = "decision_function",
        as_frame: Literal[False] = False,
    ) -> tuple[IdArray, FloatArray]: ...

    @overload
    def recommend(
        self,
        X: SequencesLike,
        k: int = 10,
        *,
        filter_seen: bool = True,
        candidates: Any = None,
        unknown_candidates: str = "error",
        response_method: str = "decision_function",
        as_frame: bool,
    ) -> Any: ...

    def recommend(
        self,
        X: SequencesLike,
        k: int = 10,
        *,
        filter_seen: bool = True,
        candidates: Any = None,
        unknown_candidates: str = "error",
        response_method: str = "decision_function",
        as_frame: bool = False,
    ) -> Any:
        """Recommend the `k` items with the highest scores.

        A history for which fewer than `k` items are left gets these, and its row is
        padded: no history makes the batch fail.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        k : int, default=10
            Number of items for each history.
        filter_seen : bool, default=True
            Leave out the items that are in the history. Pseudo items do not count as
            seen.
        candidates : array-like of shape (n_candidates,), or Sequences or iterable of \
n sequences of item ids, default=None
            Ids of the items that may be recommended: one list for all histories, or
            one for each. None allows the catalogue.
        unknown_candidates : {"error", "ignore"}, default="error"
            What to do with candidates that were not in training.
        response_method : {"decision_function", "predict_log_proba"}, \
default="decision_function"
            Where scores come from. Both rank alike; log-probabilities compare between
            histories and between recommenders too, and take longer.
        as_frame : bool, default=False
            Whether to return a table.

        Returns
        -------
        items : ndarray of shape (n, k)
            Item ids, best first; the smaller id first where scores tie. Integers, and
            -1 where a row is padded; or strings, of dtype object, and None.
        scores : ndarray of float32 of shape (n, k)
            Their scores, and -inf where a row is padded.
        table : DataFrame of up to n * k rows
            Instead of both, with ``as_frame=True``: the columns ``user`` (its id where
            `X` is `Sequences` with user ids, else the number of the row), ``item``,
            ``rank`` (from 1), ``score`` and ``is_fallback``, without padding. The last
            says that no observed item of the history is known to the recommender, so
            that popularity alone speaks. A table of pandas, or of polars where
            `set_output` or ``sklearn.set_config(transform_output="polars")`` says so.

        Raises
        ------
        ImportError
            If a table is asked for and its library is not installed.
        TypeError
            If `candidates` mixes integers and strings, or holds neither.
        ValueError
            If `k` is less than 1, `candidates` has an item that is not in the catalogue
            and ``unknown_candidates="error"``, or has lists for another number of
            histories than `X`.

        Examples
        --------
        >>> from skdiffuasr.recommenders import MarkovRecommender
        >>> recommender = MarkovRecommender().fit([["a", "b", "c"], ["b", "c"]])
        >>> items, scores = recommender.recommend([["a", "b"], ["b", "c"]], k=2)
        >>> items.tolist()
        [['c', None], ['a', None]]
        >>> recommender.recommend([["a", "b"], ["x"]], k=1, as_frame=True)
           user item  rank  score  is_fallback
        0     0    c     1  0.800        False
        1     1    b     1  0.375         True
        """
        options = {
            "filter_seen": filter_seen,
            "candidates": candidates,
            "unknown_candidates": unknown_candidates,
            "response_method": response_method,
        }
        if as_frame:
            return as_table(self._recommend_columns(X, k, **options), self)
        found = self._recommend(self._encode(X), k, **options)
        return found.items, found.scores

    def _recommend_columns(
        self, X: SequencesLike, k: int, **options: Any
    ) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the table of `recommend` as arrays."""
        codes = self._encode(X)
        found = self._recommend(codes, k, **options)
        return found.columns(codes.user_ids, is_fallback(codes))

    def _recommend(
        self,
        codes: Sequences,
        k: int,
        *,
        filter_seen: bool = True,
        candidates: Any = None,
        unknown_candidates: str = "error",
        response_method: str = "decision_function",
    ) -> Recommendations:
        """Recommend to histories of item codes; see `recommend`."""
        check_scalar(k, "k", Integral, min_val=1)
        _check_choice("unknown_candidates", unknown_candidates)
        _check_choice("response_method", response_method)
        is_excluded = None
        if candidates is not None:
            is_excluded = exclusions(
                candidates, self.item_ids_, len(codes), unknown_candidates
            )
        # Those of several variants are log-probabilities already.
        is_converted = (
            response_method == "predict_log_proba" and len(codes.variants) == 1
        )

        def scored() -> Iterator[tuple[slice, Tensor, Tensor]]:
            for rows, block in self._score_blocks(codes):
                shown = self._log_probabilities(block) if is_converted else block
                if is_excluded is not None:
                    block.masked_fill_(is_excluded(rows).to(block.device), -torch.inf)
                if filter_seen:
                    block[places_of(codes[rows].strip_pseudo())] = -torch.inf
                yield rows, block, shown

        return _best(scored(), self.item_ids_, len(codes), k)

    def similar_items(
        self, items: npt.ArrayLike, k: int = 10
    ) -> tuple[IdArray, FloatArray]:
        """Find the `k` items that are most like each of some items.

        Items are alike by the cosine of their vectors: of a network their embeddings;
        of a Markov chain how often each item followed them and came before them. An
        ensemble has the weighted mean of its members that know such a thing.

        Parameters
        ----------
        items : array-like of shape (n,)
            Ids of the items.
        k : int, default=10
            Number of similar items for each.

        Returns
        -------
        similar_items : ndarray of shape (n, k)
            Item ids, the most similar first, without the item itself. Padded as those
            of `recommend` if there are fewer, and for an item that is not known.
        similarities : ndarray of float32 of shape (n, k)
            Their cosines, in [-1, 1], and -inf where a row is padded.

        Raises
        ------
        NotImplementedError
            If the recommender learns nothing that makes items alike.
        TypeError
            If `items` are integers and the catalogue strings, or the other way round.
        ValueError
            If `k` is less than 1, or an item is not known and
            ``unknown_items="error"``.

        Examples
        --------
        >>> from skdiffuasr.recommenders import MarkovRecommender
        >>> histories = [["tea", "milk"], ["coffee", "milk"], ["milk", "jam"]]
        >>> recommender = MarkovRecommender().fit(histories)
        >>> recommender.similar_items(["tea"], k=1)[0].tolist()
        [['coffee']]
        """
        check_scalar(k, "k", Integral, min_val=1)
        self._check_fitted()
        ids = as_ids(items, "items")
        codes = encode_items(ids, self.item_ids_)
        is_known = codes >= 0
        if self.unknown_items == "error" and not is_known.all():
            unknown = ids[~is_known][0].item()
            raise ValueError(f"items has {unknown!r}, which was not in training.")

        def scored() -> Iterator[tuple[slice, Tensor, Tensor]]:
            for rows in row_blocks(len(codes), len(self.item_ids_)):
                own = np.maximum(codes[rows], 0)
                cosines = self._item_cosines(own)
                if cosines is None:
                    raise NotImplementedError(
                        f"{type(self).__name__} has no similar items: it learns "
                        "nothing that makes one item like another."
                    )
                block = torch.from_numpy(cosines)
                block[torch.arange(len(own)), torch.from_numpy(own)] = -torch.inf
                block[torch.from_numpy(~is_known[rows])] = -torch.inf
                yield rows, block, block

        found = _best(scored(), self.item_ids_, len(codes), k)
        return found.items, found.scores

    def _item_cosines(self, codes: IntArray) -> FloatArray | None:
        """Return float32 (n, n_items), in fresh memory, or None without likeness."""
        return None

    def set_output(self, *, transform: str | None = None) -> Self:
        """Set the kind of table that `recommend` returns with ``as_frame=True``.

        A pickle and a clone keep it; a model file does not.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            The library; "default" is pandas. None changes nothing.

        Returns
        -------
        self : estimator
            The estimator itself.
        """
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self


def is_fallback(codes: Sequences) -> npt.NDArray[np.bool_]:
    """Return whether each history (n,) has no known observed item that is read."""
    first = codes.variants[0]
    return without_skipped(first).strip_pseudo().lengths == 0


def _best(
    scored: Iterator[tuple[slice, Tensor, Tensor]], item_ids: IdArray, n: int, k: int
) -> Recommendations:
    """Rank the items of each block of rows by scores, and keep those to be shown."""
    codes = np.zeros((n, k), dtype=np.int64)
    scores = np.full((n, k), -np.inf, dtype=np.float32)
    n_ranked = min(k, len(item_ids))
    for rows, block, shown in scored:
        best, best_scores = top_k(block, n_ranked)
        if shown is not block:
            found = shown.gather(1, torch.from_numpy(best).to(shown.device))
            best_scores = np.where(
                np.isneginf(best_scores), best_scores, found.cpu().numpy()
            )
        codes[rows, :n_ranked], scores[rows, :n_ranked] = best, best_scores
    return Recommendations(item_ids, codes, scores)


def _check_choice(name: str, value: str) -> None:
    if value not in _CHOICES[name]:
        accepted = " or ".join(map(repr, _CHOICES[name]))
        raise ValueError(f"{name} must be {accepted}, got {value!r}.")
