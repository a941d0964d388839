"""Coverage of the catalogue by recommendations, and popularity of items."""

import numpy as np

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.metrics._checks import check_codes


def catalogue_coverage(recommendations: IntArray, n_items: int) -> float:
    """Return the share of the catalogue that is recommended to anyone.

    Parameters
    ----------
    recommendations : array-like of shape (n, k), dtype int64
        Codes of the recommended items; -1 marks an empty place.
    n_items : int
        Size of the catalogue.

    Returns
    -------
    coverage : float
        In [0, 1].

    Raises
    ------
    ValueError
        If a code lies outside the catalogue.

    Examples
    --------
    >>> from skdiffuasr.metrics import catalogue_coverage
    >>> catalogue_coverage([[0, 1], [0, 2]], n_items=4)
    0.75
    """
    exposure = _exposure(recommendations, n_items)
    return float(np.count_nonzero(exposure) / n_items)


def exposure_gini(recommendations: IntArray, n_items: int) -> float:
    """Return the Gini index of how often each item is recommended.

    Parameters
    ----------
    recommendations, n_items
        See :func:`catalogue_coverage`.

    Returns
    -------
    gini : float
        From 0, all items equally often, to ``1 - 1 / n_items``, one item only; NaN
        without any recommendation.

    Raises
    ------
    ValueError
        If a code lies outside the catalogue.
    """
    exposure = np.sort(_exposure(recommendations, n_items))
    total = exposure.sum()
    if total == 0:
        return float("nan")
    weights = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float(weights @ exposure / (n_items * total))


def log_popularity(items: IntArray, item_counts: IntArray) -> FloatArray:
    """Return the popularity of items on a logarithmic scale.

    Parameters
    ----------
    items : ndarray of any shape, dtype int64
        Codes of items.
    item_counts : ndarray of shape (n_items,)
        How often each item occurs in the training histories.

    Returns
    -------
    popularity : ndarray of the shape of `items`, dtype float64
        ``log(1 + count)``, in nats.

    Raises
    ------
    ValueError
        If a code lies outside the catalogue.
    """
    items = np.asarray(items)
    check_codes(items, len(item_counts), "items")
    return np.log1p(np.asarray(item_counts, dtype=np.float64))[items]


def _exposure(recommendations: IntArray, n_items: int) -> IntArray:
    """Return how often each item is recommended, (n_items,)."""
    recommendations = np.asarray(recommendations)
    check_codes(recommendations, n_items, "recommendations", lowest=-1)
    shown = recommendations[recommendations >= 0].astype(np.int64)
    return np.bincount(shown, minlength=n_items)
