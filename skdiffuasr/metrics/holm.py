"""P-values of several hypotheses at once."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float], n_hypotheses: int | None = None) -> list[float]:
    """Correct the p-values of one family by Holm's step-down procedure [1]_.

    Rejecting those below 0.05 keeps the probability of any false rejection below 0.05.
    `n_hypotheses` is the size of the family where only some of its p-values are given;
    the others count as if they were the largest, which is safe.

    .. [1] Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6(2), 1979.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    n = len(p) if n_hypotheses is None else n_hypotheses
    stepped = np.maximum.accumulate(p[order] * (n - np.arange(len(p))))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected.tolist()
