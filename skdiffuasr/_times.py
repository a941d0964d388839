"""Times of any kind to one sortable array."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._ingest import is_missing, show

_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")

# More decimals of a second than datetime64[us] and Python's dates hold.
_NANOSECONDS = re.compile(r"[.,]\d{6}\d*[1-9]")

_ACCEPTED = (
    "accepted are numbers in the whole column (integers of 64 bits, or of 53 beside "
    "fractions), or dates in the whole column (datetime objects or ISO 8601 texts, to "
    "the microsecond)"
)

_KINDS = {"i": "integers", "f": "numbers", "M": "dates"}


def as_times(
    times: Any, where: Callable[[int], str], name: str, kind: str | None = None
) -> NDArray[Any]:
    """Return times as int64, float64 or datetime64, the first that fits all.

    Dates with a time zone become UTC; texts are read as numbers or as ISO 8601 dates,
    to the microsecond. Arrays of datetime64 keep their unit.

    Parameters
    ----------
    times : array-like of shape (n,)
        Numbers, numpy or Python dates, columns of frames, or texts.
    where : callable(int) -> str
        Names a row in an error message.
    name : str
        Names all of them.
    kind : {"i", "f", "M"}, default=None
        Kind of dtype that texts and objects are to have, as those before them. None
        takes what fits.

    Returns
    -------
    times : ndarray of shape (n,)
        Of int64, float64 or datetime64.

    Raises
    ------
    ValueError
        If they are not one-dimensional, one is missing or cannot be read; the message
        names the row and the value.
    """
    if getattr(getattr(times, "dtype", None), "tz", None) is not None:
        # pandas would make objects of them. An index has no dt.
        times = getattr(times, "dt", times).tz_convert(None)
    # numpy would make texts of all that stands in a list beside a text.
    array = np.asarray(times, dtype=object if isinstance(times, list | tuple) else None)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    _refuse_missing(array, where)
    _refuse_unbounded(array, where)
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind in "fM":
        return array
    values = array.tolist()
    for parse, dtype in _PARSERS:
        if kind in (None, np.dtype(dtype).kind):
            try:
                return np.array([parse(value) for value in values], dtype=dtype)
            except (OverflowError, TypeError, ValueError):
                continue
    # The first time tells what the others should have been.
    first = kind or ("f" if _accepts(_as_float, values[0]) else "M")
    parse = next(parse for parse, dtype in _PARSERS if np.dtype(dtype).kind == first)
    row = next(row for row, value in enumerate(values) if not _accepts(parse, value))
    before = "" if kind is None else f" The times before it are {_KINDS[kind]}."
    raise ValueError(f"{where(row)} is {show(values[row])}: {_ACCEPTED}.{before}")


def _refuse_missing(array: NDArray[Any], where: Callable[[int], str]) -> None:
    if array.dtype.kind == "O":
        missing = np.fromiter(map(is_missing, array), dtype=bool, count=len(array))
    else:
        missing = array != array
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            f"{where(row)} is {show(array[row])}: missing times are not accepted, drop "
            "them first."
        )


def _refuse_unbounded(array: NDArray[Any], where: Callable[[int], str]) -> None:
    """Refuse infinity, and integers that would turn negative in 64 bits."""
    if array.dtype.kind == "f":
        outside = np.isinf(array)
    elif array.dtype.kind == "u":
        outside = array > np.iinfo(np.int64).max
    else:
        return
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(
            f"{where(row)} is {show(array[row])}: times must be finite and fit into "
            "64-bit signed integers."
        )


def _as_int(value: Any) -> int:
    """Return an integer of 64 bits."""
    if not isinstance(value, str | Integral) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no integer.")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"{value!r} does not fit into 64 bits.")
    return number


def _as_float(value: Any) -> float:
    """Return a finite number that is what was given, if that is an integer."""
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise TypeError(f"{value!r} is no number.")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{value!r} is not finite.")
    is_exact = isinstance(value, float) or abs(number) < 2**53
    if not is_exact and _looks_like_an_integer(value) and _as_int(value) != number:
        raise ValueError(f"{value!r} would become {number!r}.")
    return number


def _looks_like_an_integer(value: Any) -> bool:
    return re.fullmatch(r"\s*[+-]?[\d_]+\s*", str(value)) is not None


def _as_date(value: Any) -> Any:
    """Return a date without a time zone, in UTC if it had one."""
    if _has_nanoseconds(value):
        raise ValueError(f"{value!r} has more than microseconds.")
    if isinstance(value, str):
        text = value.strip()
        if _YEAR_OR_MONTH.fullmatch(text):
            return np.datetime64(text)
        value = datetime.fromisoformat(text)
    if not isinstance(value, date | np.datetime64):
        raise TypeError(f"{value!r} is no date.")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _has_nanoseconds(value: Any) -> bool:
    """Tell a time that loses digits as datetime64[us]; pandas' dates have more too."""
    if isinstance(value, str):
        return _NANOSECONDS.search(value) is not None
    if isinstance(value, np.datetime64):
        return bool(value != value.astype("datetime64[us]"))
    return bool(getattr(value, "nanosecond", 0))


_PARSERS: Iterable[tuple[Callable[[Any], Any], str]] = (
    (_as_int, "int64"),
    (_as_float, "float64"),
    (_as_date, "datetime64[us]"),
)


def _accepts(parse: Callable[[Any], Any], value: Any) -> bool:
    """Tell whether a value can be parsed."""
    try:
        parse(value)
    except (OverflowError, TypeError, ValueError):
        return False
    return True
