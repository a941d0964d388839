"""Times for pseudo items, such that sorting by time keeps the order of each row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.sequences.times import as_times


def times_with_pseudo(log: Sequences, times: Any) -> npt.NDArray[Any]:
    """Give each item a time, so that sorting by time keeps the order of each row.

    Parameters
    ----------
    log : Sequences of n rows
        Histories, augmented or not.
    times : array-like of shape (n_observed,)
        Times of the observed items, row by row, of any kind that `Interactions` take.

    Returns
    -------
    all_times : ndarray of shape (n_interactions,), int64, float or datetime64
        The pseudo item at position -k is k steps before the first observed item. A
        step is 1, a second for dates, and more for floats that cannot tell numbers
        apart that are 1 apart. A pseudo item behind an observed one has the time of
        the last one before it.

    Raises
    ------
    ValueError
        If there are not as many times as observed items, one cannot be read, those of
        a row decrease, a row has pseudo items alone, or there is no earlier time.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.datasets.pseudo_times import times_with_pseudo
    >>> from skdiffuasr.sequences import Sequences
    >>> X = Sequences.from_iterable([[5, 6], [7]]).prepend(np.array([[1, 2], [3, 4]]))
    >>> times_with_pseudo(X, [10, 12, 5])
    array([ 8,  9, 10, 12,  3,  4,  5])
    """
    position = log.to_interactions()["position"]
    is_pseudo = log.is_pseudo
    is_front = is_pseudo & (position < 0)
    observed = as_times(times, lambda row: f"Entry {row} of times", "times")
    n_observed = log.lengths - log.n_pseudo
    if len(observed) != n_observed.sum():
        raise ValueError(
            f"times must have one entry for each of the {n_observed.sum()} observed "
            f"items, got {len(observed)}."
        )
    if observed.dtype.kind == "M":
        seconds_or_finer = np.promote_types(observed.dtype, "datetime64[s]")
        observed = observed.astype(seconds_or_finer)
    _refuse_decreasing(observed, n_observed)
    only_pseudo = (n_observed == 0) & (log.n_pseudo > 0)
    if only_pseudo.any():
        raise ValueError(
            f"Row {only_pseudo.argmax()} has pseudo items and no observed one; there "
            "is no time to put them before."
        )
    row_of_front = np.repeat(np.arange(len(log)), log.lengths)[is_front]
    first = observed[_starts(n_observed)[row_of_front]]
    all_times = np.empty(len(is_pseudo), dtype=observed.dtype)
    last_before = (~is_pseudo).cumsum() - 1
    all_times[~is_front] = observed[last_before[~is_front]]
    steps_back = -position[is_front]
    all_times[is_front] = first - steps_back * _step(first)
    is_earlier = all_times[is_front] < first
    if not is_earlier.all():
        late = int(is_earlier.argmin())
        row = row_of_front[late]
        raise ValueError(
            f"Row {row} begins at {first[late]}, and there is no earlier time for its "
            "pseudo items."
        )
    return all_times


def _starts(lengths: IntArray) -> IntArray:
    return offsets_from_lengths(lengths)[:-1]


def _refuse_decreasing(observed: npt.NDArray[Any], n_observed: IntArray) -> None:
    """Reject times that would put the items of a row in another order."""
    falls = observed[1:] < observed[:-1]
    starts = _starts(n_observed)[n_observed > 0]
    falls[starts[1:] - 1] = False  # from one row to the next they may
    if falls.any():
        later = int(falls.argmax()) + 1
        row = int(np.repeat(np.arange(len(n_observed)), n_observed)[later])
        raise ValueError(
            f"The times of row {row} decrease from {observed[later - 1]} to "
            f"{observed[later]}; they belong to the items oldest first, as in "
            "interactions.sort()."
        )


def _step(first: npt.NDArray[Any]) -> Any:
    """Return what makes one time earlier than another."""
    if first.dtype.kind == "M":
        return np.timedelta64(1, "s")
    if first.dtype.kind == "f":
        # Twice the gap would do, were it not that gaps double at powers of two.
        return np.maximum(1, 4 * np.spacing(np.abs(first)))
    return 1
