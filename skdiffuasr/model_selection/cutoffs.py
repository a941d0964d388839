"""Compare times with a cutoff of another unit, zone or type, to the last digit."""

import math
from datetime import date, datetime
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.sequences.ids import is_missing
from skdiffuasr.sequences.times import as_date

#: Attoseconds, the finest unit of numpy, in its units of fixed length.
_UNITS = {
    "W": 604_800 * 10**18,
    "D": 86_400 * 10**18,
    "h": 3_600 * 10**18,
    "m": 60 * 10**18,
    "s": 10**18,
    "ms": 10**15,
    "us": 10**12,
    "ns": 10**9,
    "ps": 10**6,
    "fs": 10**3,
    "as": 1,
}

#: Months in its other units.
_MONTHS = {"Y": 12, "M": 1}

#: After 400 years the calendar repeats.
_MONTHS_OF_CYCLE, _DAYS_OF_CYCLE = 4_800, 146_097

_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1


def is_at_or_after(
    times: npt.NDArray[np.generic], cutoff: Any
) -> npt.NDArray[np.bool_]:
    """Mark the times at or after a cutoff, without rounding either.

    Parameters
    ----------
    times : ndarray of shape (n,) of int64, float or datetime64
        Times as `as_times` returns them.
    cutoff : object
        For numbers a number: of Python, numpy or pyarrow, a `Decimal` or a `Fraction`.
        For dates a date: a ``datetime64`` of any unit, a ``Timestamp`` of pandas, a
        scalar of pyarrow, a ``datetime``, a ``date`` or an ISO 8601 text, UTC if it has
        no time zone.

    Returns
    -------
    is_after : ndarray of bool of shape (n,)

    Raises
    ------
    TypeError
        If times and cutoff cannot be compared.
    ValueError
        If the cutoff is missing, or is a text that is not a date.
    """
    value = _unboxed(cutoff)
    if _is_missing(value):
        raise ValueError(
            f"cutoff={cutoff!r} is missing; pass a time, or None for the cutoff that "
            "test_fraction places."
        )
    ticks: npt.NDArray[Any]
    threshold: Any
    try:
        if times.dtype.kind == "M":
            ticks = times.view(np.int64)
            threshold = _first_tick(_attoseconds(_as_date(value)), times.dtype)
        elif times.dtype.kind == "f":
            ticks = times.astype(np.promote_types(times.dtype, np.float64), copy=False)
            threshold = _first_float(_as_fraction(value))
        else:
            ticks = times
            number = _as_fraction(value)
            threshold = math.ceil(number) if isinstance(number, Fraction) else number
    except TypeError:
        kind = "date" if times.dtype.kind == "M" else "number"
        raise TypeError(
            f"cutoff={cutoff!r} cannot be compared with times of dtype {times.dtype}; "
            f"pass a {kind}."
        ) from None
    if ticks.dtype.kind == "i":
        if threshold > _MAX_INT64:
            return np.zeros(len(times), dtype=bool)
        threshold = int(max(threshold, _MIN_INT64))
    is_after: npt.NDArray[np.bool_] = ticks >= threshold
    return is_after


def _unboxed(cutoff: Any) -> Any:
    """Take the value out of an array without dimensions, or a scalar of pyarrow."""
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


def _as_date(value: Any) -> date | np.datetime64:
    try:
        return as_date(value)
    except ValueError as error:
        raise ValueError(
            f"cutoff={value!r} is not an ISO 8601 date: {error}."
        ) from error


def _attoseconds(value: date | np.datetime64) -> int:
    """Return how long after 1970 a date is, in integers of any size."""
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1)
        seconds = since.days * 86_400 + since.seconds
        return seconds * _UNITS["s"] + since.microseconds * _UNITS["us"]
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * _UNITS["D"]
    unit, n_units = np.datetime_data(value.dtype)
    ticks = int(value.view(np.int64)) * n_units
    if unit in _MONTHS:
        return _first_day(ticks * _MONTHS[unit]) * _UNITS["D"]
    return ticks * _UNITS[unit]


def _first_tick(attoseconds: int, dtype: np.dtype[Any]) -> int:
    """Return the first integer of a datetime64 dtype that is not before an instant."""
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
