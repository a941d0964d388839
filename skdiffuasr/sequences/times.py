"""Times of any kind as one sortable array."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr.sequences.ids import is_missing, refuse, show
from skdiffuasr.sequences.time_zones import as_precise
from skdiffuasr.sequences.traps import describe_zones, warn

_INTEGER = re.compile(r"\s*[+-]?[\d_]+\s*")
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")

# The decimals of a second that Python's dates do not hold.
_BELOW_MICROSECONDS = re.compile(r"[.,]\d{6}(\d*[1-9])")

_ACCEPTED = (
    "accepted are numbers in the whole column (integers of 64 bits, or of 53 beside "
    "fractions), or dates in the whole column (datetime objects or ISO 8601 texts, to "
    "the microsecond, or to the nanosecond if all lie between 1678 and 2261)"
)

_KINDS = {"i": "integers", "f": "numbers", "M": "dates"}


def as_times(
    times: Any, where: Callable[[int], str], name: str, kind: str | None = None
) -> NDArray[Any]:
    """Return times as int64, float64 or datetime64, the first that fits all, (n,).

    Dates with a time zone become UTC; texts are read as numbers or as ISO 8601 dates.
    Dates keep the unit that they have, texts that of the most precise one. `kind` is
    the kind of dtype, "i", "f" or "M", that texts and objects must have. Warns if only
    some dates have a time zone.
    """
    if getattr(getattr(times, "dtype", None), "tz", None) is not None:
        # pandas would make objects of them. An index has no dt.
        times = getattr(times, "dt", times).tz_convert(None)
    # numpy would make texts of everything in a list with a text.
    array = np.asarray(times, dtype=object if isinstance(times, list | tuple) else None)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.dtype.kind == "O":
        missing = np.fromiter(map(is_missing, array), dtype=bool, count=len(array))
    else:
        missing = array != array
    refuse(missing, array, where, "missing times are not accepted, drop them first")
    if array.dtype.kind in "fu":
        is_float = array.dtype.kind == "f"
        outside = np.isinf(array) if is_float else array > np.iinfo(np.int64).max
        reason = "times must be finite and fit into 64-bit signed integers"
        refuse(outside, array, where, reason)
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind in "fM":
        return array
    values = array.tolist()
    for parse, dtype in _PARSERS:
        if kind in (None, np.dtype(dtype).kind):
            try:
                found = np.array([parse(value) for value in values], dtype=dtype)
            except (OverflowError, TypeError, ValueError):
                continue
            if found.dtype.kind == "M":
                warn(f"{name}: {sentence}" for sentence in describe_zones(values))
                return as_precise(found, values)
            return found
    # The first time shows what the others should have been.
    first = kind or ("f" if _accepts(_as_float, values[0]) else "M")
    parsers = [parse for parse, dtype in _PARSERS if np.dtype(dtype).kind == first]
    row = _first_rejected(values, parsers)
    before = "" if kind is None else f" The times before it are {_KINDS[kind]}."
    raise ValueError(f"{where(row)} is {show(values[row])}: {_ACCEPTED}.{before}")


def _first_rejected(values: list[Any], parsers: Sequence[Callable[[Any], Any]]) -> int:
    """Return the first row that no parser accepts, or else that the last does not."""
    rejected = [i for i, value in enumerate(values) if not _accepts(parsers[-1], value)]
    by_all = (
        row
        for row in rejected
        if not any(_accepts(parse, values[row]) for parse in parsers)
    )
    return next(by_all, rejected[0])


def _as_int(value: Any) -> int:
    """Return an integer of 64 bits."""
    if not isinstance(value, str | Integral) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not an integer.")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"{value!r} does not fit into 64 bits.")
    return number


def _as_float(value: Any) -> float:
    """Return a finite number that is what was given, if that is an integer."""
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise TypeError(f"{value!r} is not a number.")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{value!r} is not finite.")
    is_exact = isinstance(value, float) or abs(number) < 2**53
    if not is_exact and _INTEGER.fullmatch(str(value)) and _as_int(value) != number:
        raise ValueError(f"{value!r} would become {number!r}.")
    return number


def as_date(value: Any) -> date | np.datetime64:
    """Return a date or ISO 8601 text as an exact date in UTC, without a time zone.

    Texts have at most nine decimals of a second.
    """
    if isinstance(value, str):
        return _parse(value.strip())
    # A Timestamp of pandas has nanoseconds, and years like numpy.
    exact = getattr(value, "asm8", value)
    if isinstance(exact, np.datetime64):
        return exact
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is not a date.")
    return _in_utc(value)


def _parse(text: str) -> date | np.datetime64:
    if _YEAR_OR_MONTH.fullmatch(text):
        return np.datetime64(text)
    value = _in_utc(datetime.fromisoformat(text))
    below = _BELOW_MICROSECONDS.search(text)
    if below is None:
        return value
    if len(below[1]) > 3:
        raise ValueError(f"{text!r} has more than nanoseconds.")
    nanoseconds = np.timedelta64(int(below[1].ljust(3, "0")), "ns")
    whole: np.datetime64 = _exactly(value, "ns") + nanoseconds
    return whole


def _in_utc(value: date) -> date | np.datetime64:
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            return value.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:  # Python's dates end with the years 1 and 9999
            local = np.datetime64(value.replace(tzinfo=None), "us")
            in_utc: np.datetime64 = local - np.timedelta64(value.utcoffset(), "us")
            return in_utc
    return value


def _exactly(value: date | np.datetime64, unit: str) -> np.datetime64:
    """Return a date in a unit; raise if it loses digits or does not fit."""
    given = np.datetime64(value)
    found: np.datetime64 = given.astype(f"datetime64[{unit}]")
    # Comparing the two would miss what wraps around in 64 bits; the way back does not.
    if found.astype(given.dtype).view(np.int64) != given.view(np.int64):
        raise ValueError(f"{value!r} does not fit into datetime64[{unit}].")
    return found


def _as_microseconds(value: Any) -> date | np.datetime64:
    found = as_date(value)
    return _exactly(found, "us") if isinstance(found, np.datetime64) else found


def _as_nanoseconds(value: Any) -> np.datetime64:
    return _exactly(as_date(value), "ns")


_PARSERS: Sequence[tuple[Callable[[Any], Any], str]] = (
    (_as_int, "int64"),
    (_as_float, "float64"),
    (_as_microseconds, "datetime64[us]"),
    (_as_nanoseconds, "datetime64[ns]"),
)


def _accepts(parse: Callable[[Any], Any], value: Any) -> bool:
    """Return whether a value can be parsed."""
    try:
        parse(value)
    except (OverflowError, TypeError, ValueError):
        return False
    return True
