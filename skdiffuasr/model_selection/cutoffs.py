"""Exact comparison of times with a cutoff of another unit, zone or type."""

import math
from datetime import date
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.sequences.ids import is_missing
from skdiffuasr.sequences.times import as_date

#: Attoseconds, the finest unit of numpy, in its units of fixed length.
_UNITS = {"s": 10**18, "ms": 10**15, "us": 10**12, "ns": 10**9, "ps": 10**6}
_UNITS |= {"fs": 10**3, "as": 1, "m": 60 * 10**18, "h": 3_600 * 10**18}
_UNITS |= {"D": 86_400 * 10**18, "W": 604_800 * 10**18}

#: Months in its other units.
_MONTHS = {"Y": 12, "M": 1}

#: After 400 years the calendar repeats.
_MONTHS_OF_CYCLE, _DAYS_OF_CYCLE = 4_800, 146_097

_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1


def is_at_or_after(
    times: npt.NDArray[np.generic], cutoff: Any
) -> npt.NDArray[np.bool_]:
    """Mark the times at or after a cutoff, without rounding either.

    Times are as `as_times` returns them, (n,). The cutoff is any scalar number, or any
    scalar date or ISO 8601 text, which is in UTC if it has no time zone.
    """
    value = _unboxed(cutoff)
    if _is_missing(value):
        raise ValueError(
            f"cutoff={cutoff!r} is missing; pass a time, or None for the cutoff that "
            "test_fraction places."
        )
    try:
        threshold = _threshold(value, times.dtype)
    except TypeError:
        kind = "date" if times.dtype.kind == "M" else "number"
        raise TypeError(
            f"cutoff={cutoff!r} cannot be compared with times of dtype {times.dtype}; "
            f"pass a {kind}."
        ) from None
    except ValueError as error:
        raise ValueError(
            f"cutoff={value!r} is not an ISO 8601 date: {error}."
        ) from error
    if times.dtype.kind == "f":
        return times.astype(np.promote_types(times.dtype, np.float64)) >= threshold
    if threshold > _MAX_INT64:
        return np.zeros(len(times), dtype=bool)
    return times.view(np.int64) >= int(max(threshold, _MIN_INT64))


def _threshold(cutoff: Any, dtype: np.dtype[Any]) -> Any:
    """Return the first number or tick of a dtype that is not before the cutoff."""
    if dtype.kind == "M":
        return _first_tick(_attoseconds(as_date(cutoff)), dtype)
    number = _as_fraction(cutoff)
    if dtype.kind == "f":
        return _first_float(number)
    return math.ceil(number) if isinstance(number, Fraction) else number


def _unboxed(cutoff: Any) -> Any:
    """Return the value in a zero-dimensional array or a pyarrow scalar."""
    if isinstance(cutoff, np.ndarray) and cutoff.ndim == 0:
        return cutoff[()]
    if not hasattr(cutoff, "as_py"):
        return cutoff
    if str(cutoff.type).startswith("timestamp[") and cutoff.value is not None:
        # Python's dates have no nanoseconds.
        return np.datetime64(cutoff.value, cutoff.type.unit)
    return cutoff.as_py()


def _is_missing(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("", "nan", "nat", "none")
    return is_missing(value)


def _attoseconds(value: date | np.datetime64) -> int:
    """Return the time since 1970 as an integer of any size."""
    exact = np.datetime64(value)
    unit, n_units = np.datetime_data(exact.dtype)
    ticks = int(exact.view(np.int64)) * n_units
    if unit in _MONTHS:
        return _first_day(ticks * _MONTHS[unit]) * _UNITS["D"]
    return ticks * _UNITS[unit]


def _first_tick(attoseconds: int, dtype: np.dtype[Any]) -> int:
    """Return the first tick of a datetime64 dtype that is not before an instant."""
    unit, n_units = np.datetime_data(dtype)
    if unit in _MONTHS:
        days = _ceil_divide(attoseconds, _UNITS["D"])
        return _ceil_divide(_first_month(days), _MONTHS[unit] * n_units)
    return _ceil_divide(attoseconds, _UNITS[unit] * n_units)


def _first_day(month: int) -> int:
    """Return the first day of a month, both counted from 1970."""
    cycle, month = divmod(month, _MONTHS_OF_CYCLE)
    first = np.datetime64(month, "M").astype("datetime64[D]")
    return cycle * _DAYS_OF_CYCLE + int(first.view(np.int64))


def _first_month(day: int) -> int:
    """Return the first month that begins on a day or after it."""
    cycle, rest = divmod(day, _DAYS_OF_CYCLE)
    month = int(np.datetime64(rest, "D").astype("datetime64[M]").view(np.int64))
    month += cycle * _MONTHS_OF_CYCLE
    return month + (_first_day(month) < day)


def _ceil_divide(number: int, by: int) -> int:
    return -(-number // by)


def _as_fraction(value: Any) -> Fraction | float:
    """Return a number as it is; infinity stays a float."""
    if isinstance(value, bool | np.bool_):
        raise TypeError("A cutoff is not True or False.")
    if isinstance(value, Integral):
        return Fraction(int(value))
    if not hasattr(value, "as_integer_ratio"):
        raise TypeError(f"{value!r} is not a number.")
    try:
        return Fraction(*value.as_integer_ratio())
    except OverflowError:
        return float(value)


def _first_float(number: Fraction | float) -> np.float64:
    """Return the first float64 that is not before a number."""
    try:
        nearest = np.float64(float(number))
    except OverflowError:
        nearest = np.float64(math.inf if number > 0 else -math.inf)
    return np.nextafter(nearest, np.inf) if nearest < number else nearest
