"""Ranking metrics of next-item prediction: one relevant item per user."""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from skdiffuasr._typing import FloatArray

#: Ranks of the targets in, one value per user out.
RankMetric: TypeAlias = Callable[[FloatArray], FloatArray]

_METRIC = re.compile(r"(?P<kind>ndcg|hr|mrr)(?:@(?P<k>[1-9]\d*))?")


def ndcg_at_k(ranks: FloatArray, k: int) -> FloatArray:
    """Discounted cumulative gain of the first `k` places, per user.

    With one relevant item the ideal gain is 1, so that NDCG@k is
    ``1 / log2(1 + rank)`` up to rank `k` and 0 beyond.

    Parameters
    ----------
    ranks : ndarray of shape (n,)
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
    >>> import numpy as np
    >>> from skdiffuasr.metrics import ndcg_at_k
    >>> ndcg_at_k(np.array([1.0, 3.0, 4.0, np.inf]), k=3)
    array([1. , 0.5, 0. , 0. ])
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)


def hit_rate_at_k(ranks: FloatArray, k: int) -> FloatArray:
    """Whether the target is among the first `k` places, per user.

    Parameters
    ----------
    ranks : ndarray of shape (n,)
        Rank of each user's target, from 1; `inf` is a miss.
    k : int
        Number of places that count.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        1 for a hit and 0 for a miss. Their mean is the recall@k too.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import hit_rate_at_k
    >>> hit_rate_at_k(np.array([1.0, 3.0, 4.0, np.inf]), k=3)
    array([1., 1., 0., 0.])
    """
    return (np.asarray(ranks) <= k).astype(np.float64)


def reciprocal_rank(ranks: FloatArray, k: int | None = None) -> FloatArray:
    """One over the rank of the target, per user; their mean is the MRR.

    Parameters
    ----------
    ranks : ndarray of shape (n,)
        Rank of each user's target, from 1; `inf` is a miss.
    k : int or None, default=None
        Number of places that count; None counts all of them.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64
        In [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import reciprocal_rank
    >>> reciprocal_rank(np.array([1.0, 4.0, np.inf]))
    array([1.  , 0.25, 0.  ])
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where(ranks <= (np.inf if k is None else k), 1.0 / ranks, 0.0)


def parse_metric(metric: str) -> tuple[str, RankMetric]:
    """Turn the name of a metric into the function that computes it.

    Parameters
    ----------
    metric : str
        ``"ndcg@k"``, ``"hr@k"``, ``"mrr"`` or ``"mrr@k"`` with a positive integer k.

    Returns
    -------
    name : str
        The metric's name.
    function : callable
        Maps ranks of shape (n,) to values of shape (n,). It can be pickled.

    Raises
    ------
    ValueError
        If `metric` is none of the accepted forms.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import parse_metric
    >>> name, function = parse_metric("hr@2")
    >>> name, function(np.array([1.0, 3.0]))
    ('hr@2', array([1., 0.]))
    """
    match = _METRIC.fullmatch(metric) if isinstance(metric, str) else None
    if match is None or (match["k"] is None and match["kind"] != "mrr"):
        raise ValueError(
            f"Unknown metric {metric!r}; accepted are 'ndcg@k', 'hr@k', 'mrr' and "
            "'mrr@k' with a positive integer k, such as 'ndcg@10'."
        )
    if match["k"] is None:
        return metric, reciprocal_rank
    functions = {"ndcg": ndcg_at_k, "hr": hit_rate_at_k, "mrr": reciprocal_rank}
    return metric, partial(functions[match["kind"]], k=int(match["k"]))
