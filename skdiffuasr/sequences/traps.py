"""What makes interactions misleading though each value can be read.

Functions called `describe_...` return sentences, none where there is no trap, for
warnings and for `describe`.
"""

import re
import sys
import warnings
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray

#: Seconds from 1970 to 1980 and to 2100, between which a number may be a date.
_FIRST_SECOND, _LAST_SECOND = 315_532_800, 4_102_444_800

#: Units of numbers since 1970, by how many make a second.
_UNITS = {"seconds": 1, "milliseconds": 10**3}
_UNITS |= {"microseconds": 10**6, "nanoseconds": 10**9}

#: Smallest share of the times that must be dates in one of the units.
_MOST = 0.9

_DAY = 86_400

_OWN = "skdiffuasr."

# After the date, only a time zone has a sign.
_ZONE = re.compile(r"[+\-Zz]")


def _has_zone(time: Any) -> bool:
    if isinstance(time, str):
        return _ZONE.search(time.strip(), 9) is not None
    return isinstance(time, datetime) and time.tzinfo is not None


def describe_zones(times: list[Any]) -> list[str]:
    """Describe dates or ISO 8601 texts of which only some have a time zone."""
    n_zoned = sum(map(_has_zone, times))
    n_zoneless = len(times) - n_zoned
    if not n_zoned or not n_zoneless:
        return []
    return [
        f"dates with a time zone ({n_zoned}) and without one ({n_zoneless}) are mixed. "
        "Those without are taken as UTC, so histories may be out of order by hours; "
        "give all dates a zone, or none."
    ]


def count_units(times: NDArray[Any]) -> dict[str, int]:
    """Count the times that lie between 1980 and 2100 in seconds, in milliseconds, etc.

    Only units that occur are returned, and none if a tenth of the times or more are
    dates in none of them.
    """
    if times.dtype.kind not in "if" or not len(times):
        return {}
    times = _at_least_float64(times)
    counts = {}
    for unit, per_second in _UNITS.items():
        first, last = _FIRST_SECOND * per_second, _LAST_SECOND * per_second
        if n_dates := int(((times >= first) & (times <= last)).sum()):
            counts[unit] = n_dates
    return counts if sum(counts.values()) > _MOST * len(times) else {}


def count_rounded_ties(users: IdArray, times: NDArray[Any]) -> tuple[int, float]:
    """Count the interactions at the same time as another one of their user, rounded.

    Only where neighbouring floats are more than 1 apart; the largest such distance of
    a tied time is returned, too. None count if all times are whole days in seconds:
    float32 holds these, and their ties are in the data.
    """
    if times.dtype.kind != "f":
        return 0, 0.0
    spacing = np.spacing(np.abs(times))
    is_rounded = spacing > 1
    if not is_rounded.any() or not (_at_least_float64(times) % _DAY).any():
        return 0, 0.0
    rounded = times[is_rounded]
    order = np.lexsort((rounded, users[is_rounded]))
    ordered_users, ordered = users[is_rounded][order], rounded[order]
    is_next = (ordered_users[1:] == ordered_users[:-1]) & (ordered[1:] == ordered[:-1])
    is_tied = np.append(is_next, False) | np.insert(is_next, 0, False)
    tied = spacing[is_rounded][order][is_tied]
    return len(tied), float(tied.max(initial=0))


def _at_least_float64(times: NDArray[Any]) -> NDArray[Any]:
    # Seconds since 1970 are too large for float16.
    return times.astype(np.float64) if times.dtype.kind == "f" else times


def describe_times(users: IdArray, times: NDArray[Any] | None) -> list[str]:
    """Describe mixed units and rounded times, as `as_times` returns them."""
    if times is None:
        return []
    found = []
    counts = count_units(times)
    if len(counts) > 1:
        parts = ", ".join(f"{count} {unit}" for unit, count in counts.items())
        found.append(
            f"the times look like different units since 1970: {parts}. They are "
            "sorted as numbers, so those in the finer unit come last; convert all to "
            "one unit."
        )
    n_tied, spacing = count_rounded_ties(users, times)
    if n_tied:
        found.append(
            f"{n_tied} interactions have the same time as another one of their user, "
            f"and {times.dtype} cannot hold times of this size less than {spacing:g} "
            "apart. They are ordered by their rows, not by time; read the times as "
            "int64 or as dates."
        )
    return found


def describe_repeated_ends(
    users: IdArray,
    items: IdArray,
    times: NDArray[Any] | None,
    is_pseudo: NDArray[np.bool_] | None = None,
) -> list[str]:
    """Describe users whose last two observed interactions have equal item and time.

    The interactions are sorted by user and time. Without times a repeated item is not
    a duplicate.
    """
    if times is None or len(users) < 2:
        return []
    is_last = np.append(users[2:] != users[1:-1], True)
    is_repeat = (
        is_last
        & (users[1:] == users[:-1])
        & (items[1:] == items[:-1])
        & (times[1:] == times[:-1])
    )
    if is_pseudo is not None:
        is_repeat &= ~(is_pseudo[:-1] | is_pseudo[1:])
    n_users = np.count_nonzero(is_repeat)
    if not n_users:
        return []
    return [
        "the last interaction is there twice, with the same item and time, for "
        f"{n_users} user{'s' if n_users > 1 else ''}. Held out, it is a target that "
        "its own history ends with, and scores mean little; drop duplicate rows, or "
        "keep one interaction of each user with an item: "
        "Interactions.drop_duplicates()."
    ]


def warn(sentences: Iterable[str]) -> None:
    """Warn of each sentence at the line of the user's code that called the package."""
    for sentence in sentences:
        level, frame = 2, sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__", "").startswith(_OWN):
            level, frame = level + 1, frame.f_back
        warnings.warn(sentence, stacklevel=level)
