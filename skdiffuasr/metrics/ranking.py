"""Ranking metrics of next-item prediction: one relevant item per user.

Each is the expected value over the order of tied items, as in scikit-learn's
``ndcg_score``.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray
from skdiffuasr.metrics.ties import TargetRanks, as_target_ranks

#: From ranks of the targets to one value per user.
RankMetric: TypeAlias = Callable[[TargetRanks | npt.ArrayLike], FloatArray]

_METRIC = re.compile(r"(?P<kind>ndcg|hr|recall|precision|mrr|map)(?:@(?P<k>[1-9]\d*))?")
_WITHOUT_K = frozenset({"mrr", "map"})


def ndcg_at_k(ranks: TargetRanks | npt.ArrayLike, k: int) -> FloatArray:
    """Return the normalized discounted cumulative gain at `k` of each user.

    With one relevant item the ideal gain is 1, so that NDCG@k is
    ``1 / log2(1 + rank)`` up to rank `k` and 0 beyond [1]_.

    Parameters
    ----------
    ranks : TargetRanks or array-like of shape (n,)
        Rank of each user's target, from 1; `inf` is a miss.
    k : int
        Number of places that count.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        In [0, 1].

    References
    ----------
    .. [1] Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
       ACM TOIS 2002. https://doi.org/10.1145/582415.582418

    Examples
    --------
    >>> from skdiffuasr.metrics import ndcg_at_k
    >>> ndcg_at_k([1, 3, 4], k=3)
    array([1. , 0.5, 0. ])
    """
    return _expected_gain(ranks, k, lambda place: 1.0 / np.log2(1.0 + place))


def hit_rate_at_k(ranks: TargetRanks | npt.ArrayLike, k: int) -> FloatArray:
    """Return whether each user's target is among the first `k` places.

    Parameters
    ----------
    ranks, k
        See :func:`ndcg_at_k`.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        1 for a hit, 0 for a miss, and the probability of a hit where ties straddle
        place `k`. With one relevant item this is also the recall at `k`.
    """
    return _expected_gain(ranks, k, np.ones_like)


def precision_at_k(ranks: TargetRanks | npt.ArrayLike, k: int) -> FloatArray:
    """Return the share of the first `k` places that each user's target takes.

    Parameters
    ----------
    ranks, k
        See :func:`ndcg_at_k`.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        In ``[0, 1 / k]``: the hit rate divided by `k`.
    """
    return hit_rate_at_k(ranks, k) / k


def reciprocal_rank(
    ranks: TargetRanks | npt.ArrayLike, k: int | None = None
) -> FloatArray:
    """Return one over the rank of each user's target; their mean is the MRR.

    With one relevant item this is also the average precision, whose mean is the MAP.

    Parameters
    ----------
    ranks
        See :func:`ndcg_at_k`.
    k : int or None, default=None
        Number of places that count; None counts all.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        In [0, 1].
    """
    return _expected_gain(ranks, k, lambda place: 1.0 / place)


def parse_metric(metric: str) -> tuple[str, RankMetric]:
    """Return the name of a metric and the function that computes it.

    Parameters
    ----------
    metric : str
        ``"ndcg@k"``, ``"hr@k"``, ``"recall@k"``, ``"precision@k"``, ``"mrr@k"`` or
        ``"map@k"`` with a positive integer k, ``"mrr"`` or ``"map"``.

    Returns
    -------
    name : str
        The name.
    function : callable
        Maps ranks of shape (n,) to values of shape (n,). It can be pickled.

    Raises
    ------
    ValueError
        If `metric` has another form.
    """
    match = _METRIC.fullmatch(metric) if isinstance(metric, str) else None
    if match is None or (match["k"] is None and match["kind"] not in _WITHOUT_K):
        raise ValueError(
            f"Unknown metric {metric!r}; accepted are 'ndcg@k', 'hr@k', 'recall@k', "
            "'precision@k', 'mrr@k' and 'map@k' with a positive integer k, such as "
            "'ndcg@10', 'mrr' and 'map'; and of recommended lists 'coverage@k', "
            "'novelty@k' and 'diversity@k' in a scorer or a study."
        )
    if match["k"] is None:
        return metric, reciprocal_rank
    return metric, partial(_FUNCTIONS[match["kind"]], k=int(match["k"]))


_FUNCTIONS: dict[str, Callable[..., FloatArray]] = {
    "ndcg": ndcg_at_k,
    "hr": hit_rate_at_k,
    "recall": hit_rate_at_k,
    "precision": precision_at_k,
    "mrr": reciprocal_rank,
    "map": reciprocal_rank,
}


def _expected_gain(
    ranks: TargetRanks | npt.ArrayLike,
    k: int | None,
    gain: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Return the mean gain of the places that each target may take; 0 beyond `k`."""
    ranks = as_target_ranks(ranks)
    last_place = ranks.n_above + 1 + ranks.n_level  # inf for a miss
    deepest = int(last_place[np.isfinite(last_place)].max(initial=0))
    n_places = deepest if k is None else min(k, deepest)
    gains = gain(np.arange(1.0, n_places + 1))
    up_to = np.concatenate(([0.0], np.cumsum(gains)))
    before = np.minimum(ranks.n_above, n_places).astype(np.int64)
    last = np.minimum(last_place, n_places).astype(np.int64)
    tied = (up_to[last] - up_to[before]) / (1 + ranks.n_level)
    untied = np.append(gains, 0.0)[before]
    return np.where(ranks.n_level > 0, tied, untied)
