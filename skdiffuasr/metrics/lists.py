"""What the recommended lists are like, whether they hold the next item or not."""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.metrics.catalogue import catalogue_coverage
from skdiffuasr.sequences import Sequences

_METRIC = re.compile(r"(?P<kind>coverage|novelty|diversity)@(?P<k>[1-9]\d*)")
# Numbers of a product of lists and users that is held at a time.
_BATCH_NUMBERS = 4_000_000


class ListMetric(NamedTuple):
    """A metric of the k recommended items of every user.

    ``"coverage@k"`` [1]_ is the share of the catalogue that is recommended to anyone, a
    number of all users together. ``"novelty@k"`` [2]_ is the mean self-information
    ``-log2(count / total)`` of a user's items, in bits, of their counts in training; an
    item that was not in training counts as seen once. ``"diversity@k"`` [3]_ is one
    minus the mean cosine over all pairs of a user's items, which are described by the
    users that have them in the histories that are scored; an item in none of these is
    like no other. Without items, or with one of diversity, the value is 0.

    .. [1] Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender
       systems by coverage and serendipity", RecSys 2010.
    .. [2] Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender
       systems", PNAS 107(10), 2010.
    .. [3] Ziegler et al., "Improving recommendation lists through topic
       diversification", WWW 2005 (intra-list similarity).
    """

    kind: str
    k: int

    @classmethod
    def parse(cls, name: object) -> Self | None:
        """Return the metric of a name, or None for the name of another metric."""
        match = _METRIC.fullmatch(name) if isinstance(name, str) else None
        return match and cls(match["kind"], int(match["k"]))

    def per_user(
        self, lists: IntArray, item_counts: IntArray, histories: Sequences
    ) -> FloatArray | None:
        """Return the values (n,) of lists (n, k or more) of codes; None for coverage.

        The codes fill up with -1. `item_counts` (n_items,) are those in training.
        """
        lists = lists[:, : self.k]
        if self.kind == "novelty":
            return _novelty(lists, item_counts)
        if self.kind == "diversity":
            return _diversity(lists, histories, len(item_counts))
        return None

    def coverage(self, lists: IntArray, n_items: int) -> float:
        """Return the share of the catalogue in the lists; NaN without any list."""
        if len(lists) == 0:
            return float("nan")
        return catalogue_coverage(lists[:, : self.k], n_items)


def longest(metrics: Iterable[ListMetric]) -> int:
    """Return how many items the longest list has that one of the metrics needs."""
    return max((metric.k for metric in metrics), default=0)


def best_items(scores: FloatArray, seen: Sequences | None, k: int) -> IntArray:
    """Return the codes (n, k) of the highest scores, the lower code first in a tie.

    Items of the histories `seen`, and those that score -inf, are left out; -1 fills up.
    """
    scores = np.array(scores)
    if seen is not None:
        real = seen.strip_pseudo()
        scores[real._rows(), real.values] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best[np.isneginf(np.take_along_axis(scores, best, axis=1))] = -1
    return np.pad(best, ((0, 0), (0, k - best.shape[1])), constant_values=-1)


def _novelty(lists: IntArray, item_counts: IntArray) -> FloatArray:
    counts = np.maximum(np.asarray(item_counts, dtype=np.float64), 1.0)
    information = np.append(np.log2(counts.sum() / counts), 0.0)  # 0 for the code -1
    n_shown = (lists >= 0).sum(axis=1)
    total: FloatArray = information[lists].sum(axis=1)
    return total / np.maximum(n_shown, 1)


def _diversity(lists: IntArray, histories: Sequences, n_items: int) -> FloatArray:
    """Sum the cosines of pairs as a square: |a + b|² = |a|² + |b|² + 2 ab."""
    real = histories.strip_pseudo()
    owners = sparse.csr_array(
        (np.ones(len(real.values)), (real.values, real._rows())),
        shape=(n_items, len(real)),
    )
    owners.sum_duplicates()
    owners.data[:] = 1.0
    n_owners = np.diff(owners.indptr)
    owners.data /= np.sqrt(np.repeat(n_owners, n_owners))  # rows of length 1, or 0
    n_shown = (lists >= 0).sum(axis=1)
    squares = np.empty(len(lists))
    for rows in gen_batches(len(lists), max(1, _BATCH_NUMBERS // max(1, len(real)))):
        of_row, place = np.nonzero(lists[rows] >= 0)
        codes = lists[rows][of_row, place]
        shape = (rows.stop - rows.start, n_items)
        chosen = sparse.csr_array((np.ones(len(codes)), (of_row, codes)), shape=shape)
        squares[rows] = (chosen @ owners).power(2).sum(axis=1)
    n_described = np.append(n_owners > 0, False)[lists].sum(axis=1)
    n_pairs = n_shown * (n_shown - 1)
    similarity = (squares - n_described) / np.maximum(n_pairs, 1)
    return np.where(n_pairs > 0, 1.0 - similarity, 0.0)
