"""Texts in an Arrow column to numbers and dates, without a Python object for each."""

import string
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr.sequences.times import as_times

# Python has dates of the years 1 to 9999, and time zones shift them by a day at most.
_FIRST, _LAST = np.datetime64("0001-01-02", "us"), np.datetime64("9999-12-30", "us")

_INEXACT = 2**53
_N_TRIED = 4


def text_times(
    texts: Any, where: Callable[[int], str], kind: str | None = None
) -> npt.NDArray[Any]:
    """Return what `as_times` makes of texts, which it is left to where they are odd."""
    compute = import_extra("pyarrow.compute", "frames")
    times = _parse(texts, kind)
    if times is None:  # Python's numbers may have blanks around them
        times = _parse(compute.utf8_trim(texts, characters=string.whitespace), kind)
    if times is None:
        times = as_times(texts.to_pylist(), where, "the times", kind)
    return times


def _parse(texts: Any, kind: str | None) -> npt.NDArray[Any] | None:
    parsers = {"i": as_integers, "f": _as_floats, "M": _as_dates}
    tried = (parse(texts) for k, parse in parsers.items() if kind in (None, k))
    return next((times for times in tried if times is not None), None)


def as_integers(texts: Any) -> npt.NDArray[np.int64] | None:
    """Return integers if all texts are what these integers look like."""
    compute = import_extra("pyarrow.compute", "frames")
    integers = _cast(texts, "int64")
    if integers is None:
        return None
    is_canonical = compute.equal(integers.cast(texts.type), texts)
    return np.asarray(integers) if compute.all(is_canonical).as_py() else None


def _as_floats(texts: Any) -> npt.NDArray[np.float64] | None:
    """Return finite numbers if no integer among them is rounded."""
    compute = import_extra("pyarrow.compute", "frames")
    floats = _cast(texts, "float64")
    # Without any of these, all may be integers in a form that Arrow does not read.
    if floats is None or not any(
        compute.any(compute.match_substring(texts, mark)).as_py() for mark in ".eE"
    ):
        return None
    values = np.asarray(floats)
    return values if (np.abs(values) < _INEXACT).all() else None


def _as_dates(texts: Any) -> npt.NDArray[np.datetime64] | None:
    """Return dates, in UTC if they have an offset."""
    pyarrow = import_extra("pyarrow", "frames")
    for zone in (None, "UTC"):
        dates = _cast(texts, pyarrow.timestamp("us", zone))
        if dates is not None:
            values = np.asarray(dates.cast("int64")).view("datetime64[us]")
            return values if (_FIRST < values.min() <= values.max() < _LAST) else None
    return None


def _cast(texts: Any, kind: Any) -> Any | None:
    """Cast texts, after some of them, as Arrow takes long over many that it cannot."""
    pyarrow = import_extra("pyarrow", "frames")
    rows = np.linspace(0, len(texts) - 1, _N_TRIED, dtype=int)
    try:
        texts.take(rows).cast(kind)
        return texts.cast(kind)
    except pyarrow.ArrowInvalid:
        return None
