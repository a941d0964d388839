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

    `times` are those of the observed items, row by row, as `Interactions` take them.
    The pseudo item at position -k is k steps before the first observed item. A step is
    1, a second or the unit of coarser dates, and more for floats that cannot tell
    numbers apart that are 1 apart. A pseudo item behind an observed one has the time of
    the last one before it.
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
    starts = offsets_from_lengths(n_observed)[:-1]
    _refuse_decreasing(observed, n_observed, starts)
    only_pseudo = (n_observed == 0) & (log.n_pseudo > 0)
    if only_pseudo.any():
        raise ValueError(
            f"Row {only_pseudo.argmax()} has pseudo items and no observed one; there "
            "is no time to put them before."
        )
    row_of_front = np.repeat(np.arange(len(log)), log.lengths)[is_front]
    first = observed[starts[row_of_front]]
    all_times = observed[np.maximum((~is_pseudo).cumsum() - 1, 0)]
    all_times[is_front] = first + position[is_front] * _step(first)
    is_earlier = all_times[is_front] < first
    if not is_earlier.all():
        late = int(is_earlier.argmin())
        raise ValueError(
            f"Row {row_of_front[late]} begins at {first[late]}, and there is no "
            "earlier time for its pseudo items."
        )
    return all_times


def _refuse_decreasing(
    observed: npt.NDArray[Any], n_observed: IntArray, starts: IntArray
) -> None:
    """Raise for times that would put the items of a row in another order."""
    falls = observed[1:] < observed[:-1]
    falls[starts[n_observed > 0][1:] - 1] = False  # from one row to the next they may
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
        unit = np.datetime_data(first.dtype)[0]
        return np.array(1, f"m8[{unit if unit in 'YMWDhm' else 's'}]")
    if first.dtype.kind == "f":
        # Twice the gap would do, were it not that gaps double at powers of two.
        return np.maximum(1, 4 * np.spacing(np.abs(first)))
    return 1
