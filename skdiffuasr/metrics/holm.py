"""P-values of several hypotheses at once."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float], n_hypotheses: int | None = None) -> list[float]:
    """Correct p-values for their number by Holm's step-down procedure [1]_.

    Parameters
    ----------
    p_values : sequence of n floats
        The p-values of one family of hypotheses.
    n_hypotheses : int or None, default=None
        Size of the family where only n of its p-values are given. The others count
        as if they were the largest, which is safe. None stands for n.

    Returns
    -------
    corrected : list of n floats
        In the same order. To reject those below 0.05 keeps the probability of any
        false rejection below 0.05.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> from skdiffuasr.metrics.holm import holm
    >>> holm([0.25, 0.125, 0.5])
    [0.5, 0.375, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    n = len(p) if n_hypotheses is None else n_hypotheses
    stepped = np.maximum.accumulate(p[order] * (n - np.arange(len(p))))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]
