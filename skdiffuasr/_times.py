"""Times of any kind to one sortable array."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._ingest import is_missing, show

_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")

_ACCEPTED = (
    "accepted are numbers in the whole column, or dates in the whole column (datetime "
    "objects or ISO 8601 texts)"
)


def as_times(times: Any, where: Callable[[int], str], name: str) -> NDArray[Any]:
    """Return times as int64, float64 or datetime64, the first that fits all.

    Dates with a time zone become UTC; texts are read as numbers or as ISO 8601 dates.

    Parameters
    ----------
    times : array-like of shape (n,)
        Numbers, numpy or Python dates, columns of frames, or texts.
    where : callable(int) -> str
        Names a row in an error message.
    name : str
        Names all of them.

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
        times = times.dt.tz_convert(None)  # pandas would make objects of them
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
        try:
            return np.array([parse(value) for value in values], dtype=dtype)
        except (OverflowError, TypeError, ValueError):
            continue
    # The first time tells what the others should have been.
    parse = _as_float if _accepts(_as_float, values[0]) else _as_date
    row = next(row for row, value in enumerate(values) if not _accepts(parse, value))
    raise ValueError(f"{where(row)} is {show(values[row])}: {_ACCEPTED}.")


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
    if isinstance(value, str | int) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"{value!r} is no integer.")


def _as_float(value: Any) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no number.")
    if not isfinite(float(value)):
        raise ValueError(f"{value!r} is not finite.")
    return float(value)


def _as_date(value: Any) -> Any:
    """Return a date without a time zone, in UTC if it had one."""
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
