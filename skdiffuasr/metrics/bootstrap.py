"""Confidence in the difference between two recommenders."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state, gen_batches

from skdiffuasr._typing import FloatArray, RandomState
from skdiffuasr.metrics._checks import check_resampling, check_values

# Numbers drawn at a time: 8 MB of indices and as much of counts.
_BATCH_NUMBERS = 1_000_000
# So that rounding does not decide on which side of 0 a resample lies.
_SLACK = 1e-12


class BootstrapResult(NamedTuple):
    """Result of :func:`paired_bootstrap`.

    Attributes
    ----------
    difference : float
        Mean of ``a - b`` over the users.
    low, high : float
        Ends of the confidence interval of the difference.
    p_value : float
        Two-sided p-value of the hypothesis that the difference is 0.
    """

    difference: float
    low: float
    high: float
    p_value: float


def paired_bootstrap(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: RandomState = None,
) -> BootstrapResult:
    """Compare two models by a metric on the same users.

    Users are resampled with replacement; a user's two values stay together, which
    takes the spread between easy and hard users out of the comparison. The interval
    ends at percentiles of the resampled differences [1]_. The p-value belongs to it:
    the interval leaves out 0 exactly where that is below ``1 - confidence_level``.

    Parameters
    ----------
    a, b : array-like of shape (n,)
        A metric's value per user for either model, rows in the same order, as
        :meth:`NextItemScorer.per_user` returns them.
    n_resamples : int, default=2000
        Number of resamples. The p-value is at least ``2 / (n_resamples + 1)``; an
        interval that would need a smaller one is infinite.
    confidence_level : float, default=0.95
        Probability content of the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the resamples.

    Returns
    -------
    result : BootstrapResult
        The mean difference, its interval and the p-value.

    Raises
    ------
    ValueError
        If the arrays differ in shape, hold fewer than two users or a value that is not
        finite, or another parameter lies outside its range.

    References
    ----------
    .. [1] Efron and Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall
       1993, chapter 13.

    Examples
    --------
    >>> from skdiffuasr.metrics import paired_bootstrap
    >>> result = paired_bootstrap([0.5, 0.6, 0.9], [0.4, 0.3, 0.4], random_state=0)
    >>> round(result.difference, 3), round(result.low, 3), round(result.high, 3)
    (0.3, 0.1, 0.5)
    """
    check_resampling(n_resamples, confidence_level)
    a, b = check_values(a, "a"), check_values(b, "b")
    if a.shape != b.shape or len(a) < 2:
        raise ValueError(
            "a and b must hold the same two or more users, got the shapes "
            f"{a.shape} and {b.shape}."
        )
    differences = a - b
    rng = check_random_state(random_state)
    (resampled,) = resampled_means(differences[np.newaxis], n_resamples, rng)
    return bootstrap_result(float(differences.mean()), resampled, confidence_level)


def resampled_means(
    values: FloatArray,
    n_resamples: int,
    rng: np.random.Generator | np.random.RandomState,
) -> npt.NDArray[np.float64]:
    """Return the means of resamples of users, the same users for every row.

    (n_rows, n_users) in, (n_rows, n_resamples) out.
    """
    n_rows, n_users = values.shape
    draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
    means = np.empty((n_rows, n_resamples))
    for batch in gen_batches(n_resamples, max(1, _BATCH_NUMBERS // n_users)):
        drawn = draw(n_users, size=(batch.stop - batch.start, n_users))
        drawn += n_users * np.arange(len(drawn))[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size)
        counts = counts.reshape(drawn.shape).astype(np.float64)
        means[:, batch] = values @ counts.T / n_users
    return means


def bootstrap_result(
    difference: float, resampled: FloatArray, confidence_level: float
) -> BootstrapResult:
    """Return the interval and p-value of a difference from its resamples, (n,).

    The p-value is twice the share of resamples on the far side of 0, one of them added;
    the ends are those resamples beyond which 0 has a p-value below 1 - confidence.
    """
    n = len(resampled)
    ordered = np.sort(resampled)
    ordered[np.abs(ordered) <= _SLACK * np.abs(ordered).max()] = 0.0
    n_beyond = min(np.count_nonzero(ordered <= 0), np.count_nonzero(ordered >= 0))
    p_value = min(1.0, 2 * (1 + n_beyond) / (1 + n))
    # Rounded, as 1 - 0.95 is a little more than 0.05.
    n_outside = math.ceil(round((1 - confidence_level) * (1 + n) / 2, 9)) - 1
    low, high = -math.inf, math.inf
    if n_outside > 0:
        low, high = float(ordered[n_outside - 1]), float(ordered[n - n_outside])
    return BootstrapResult(difference, low, high, p_value)
