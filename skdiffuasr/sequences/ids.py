"""Flat id arrays from any input, and the errors for bad input."""

import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from itertools import chain
from typing import Any, NoReturn
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences.ragged import narrow, offsets_from_lengths, row_of

_MAX_INT64 = np.iinfo(np.int64).max
_MIN_INT64 = np.iinfo(np.int64).min
_REMEDIES = (
    (float | np.floating, "convert to int"),
    (UUID, "convert UUIDs with str(id)"),
    (bytes | bytearray, "convert bytes with id.decode(), or id.hex() if not UTF-8"),
    (Decimal, "convert decimals with int(id) if all are whole, else with str(id)"),
)
_OUT_OF_RANGE = "outside the range of 64-bit signed integers; pass such ids as strings"


def flatten_rows(X: Any, input_name: str) -> tuple[IdArray, IntArray]:
    """Flatten any iterable of id sequences to values and offsets."""
    _refuse_container(X, input_name)
    values, offsets = _flatten_columnar(X) or _flatten_objects(X, input_name)

    def where(position: int) -> str:
        row = row_of(offsets, position)
        return f"Item {position - offsets[row]} in row {row} of {input_name}"

    if isinstance(values, list):
        return _pack_ids(values, where), offsets
    return narrow(_canonical(values, where)), offsets


def as_ids(ids: Any, name: str, where: Callable[[int], str] | None = None) -> IdArray:
    """Check one-dimensional ids; return them as int64 or '<U', copied if need be."""
    where = where or (lambda position: f"Row {position} of {name}")
    if _is_scalar(ids):
        raise TypeError(f"{name} must be a sequence of ids, got {show(ids)}.")
    if hasattr(ids, "__array__"):
        array = np.asarray(ids)
        if array.ndim != 1:
            raise ValueError(
                f"{name} must be one-dimensional, got an array of shape {array.shape}."
            )
        if array.dtype.kind in "iuU":
            return _canonical(array, where)
        ids = array.tolist()
    return _pack_ids(list(ids), where)


def _refuse_container(X: Any, input_name: str) -> None:
    """Raise for what can never be a batch of rows."""
    if hasattr(type(X), "columns") or hasattr(type(X), "column_names"):
        raise TypeError(
            f"{input_name} is a {type(X).__name__}; build histories from a table of "
            "interactions with Sequences.from_interactions(frame, user=..., item=...)."
        )
    if _is_scalar(X):
        raise TypeError(
            f"{input_name} must be an iterable of id sequences (one per user) or "
            f"Sequences, got {show(X)}."
        )
    shape = getattr(X, "shape", (0,))
    if len(shape) > 1:
        raise ValueError(
            f"{input_name} must be one-dimensional, one sequence of ids per row, got "
            f"an array of shape {tuple(shape)}; pass a list of rows: list(array)."
        )


def _flatten_objects(
    X: Iterable[Any], input_name: str
) -> tuple[IdArray | list[Any], IntArray]:
    """Flatten row by row, into a list unless all rows are plain arrays."""
    rows = X.to_pylist() if hasattr(X, "to_pylist") else list(X)
    kinds = set(map(type, rows))
    values = _concatenate(rows) if kinds == {np.ndarray} else None
    if values is None and not kinds <= {list, tuple}:
        rows = [_row_as_list(row, i, input_name) for i, row in enumerate(rows)]
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    flat = list(chain.from_iterable(rows)) if values is None else values
    return flat, offsets_from_lengths(lengths)


def _flatten_columnar(X: Any) -> tuple[IdArray | list[Any], IntArray] | None:
    """Read a list column without null rows from its buffers."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.Series):
        if not isinstance(X.dtype, polars.List) or X.null_count():
            return None
        lengths = X.list.len()
        filled = X.filter(lengths > 0)  # explode makes nulls of empty lists
        return _unboxed(filled.explode()), offsets_from_lengths(lengths.to_numpy())
    if pandas is not None and isinstance(X, pandas.Series):
        X = X.array
    if hasattr(X, "__arrow_array__"):
        X = X.__arrow_array__()
    is_stream = hasattr(X, "__arrow_c_stream__")
    if not is_stream and not hasattr(X, "__arrow_c_array__"):
        return None
    try:
        import pyarrow
    except ImportError:
        return None
    X = pyarrow.chunked_array(X).combine_chunks() if is_stream else pyarrow.array(X)
    if X.null_count or not isinstance(X, pyarrow.ListArray | pyarrow.LargeListArray):
        return None
    boundaries = X.offsets.to_numpy().astype(np.int64)
    start, stop = boundaries[[0, -1]].tolist()
    return _unboxed(X.values.slice(start, stop - start)), boundaries - start


def _unboxed(items: Any) -> IdArray | list[Any]:
    """Return a flat column as an array of ids, or as a list to be checked."""
    array = np.asarray(items)
    return array if array.dtype.kind in "iuU" else array.tolist()


def _concatenate(rows: list[IdArray]) -> IdArray | None:
    """Join row arrays of one kind of id; None leaves them to the slow path."""
    kinds = {row.dtype.kind for row in rows if row.size}
    if {row.ndim for row in rows} != {1} or kinds not in ({"i"}, {"u"}, {"U"}):
        return None
    return np.concatenate([row for row in rows if row.size])


def _row_as_list(
    row: Any, position: int, input_name: str
) -> list[Any] | tuple[Any, ...]:
    """Return one row as a list of Python ids."""
    if isinstance(row, list | tuple):
        return row
    if hasattr(row, "__array__"):
        row = np.asarray(row).tolist()
    if _is_scalar(row):
        raise TypeError(
            f"{input_name} must hold one sequence of ids per row, but row {position} "
            f"is {show(row)}; a single history is passed as [history]."
        )
    return list(row)


def _pack_ids(flat: list[Any], where: Callable[[int], str]) -> IdArray:
    """Return a list of ids as an int64 or '<U' array, without casting any."""
    kinds = set(map(type, flat))
    if all(_family(kind) == "int" for kind in kinds):
        integers = flat if kinds <= {int} else list(map(int, flat))
        try:
            return np.array(integers, dtype=np.int64)
        except OverflowError:
            outside = (not _MIN_INT64 <= id <= _MAX_INT64 for id in integers)
            raise _first_error(outside, flat, where, _OUT_OF_RANGE) from None
    if all(_family(kind) == "str" for kind in kinds):
        array = np.array(flat, dtype=np.str_)
        if np.char.str_len(array).sum() != sum(map(len, flat)):
            reason = "NumPy loses NUL characters at the end of a string; remove them"
            has_nul = (text.endswith("\0") for text in flat)
            raise _first_error(has_nul, flat, where, reason)
        return array
    _raise_bad_id(flat, where)


def _canonical(array: IdArray, where: Callable[[int], str]) -> IdArray:
    """Return an integer or string array as int64 or little-endian '<U'."""
    if array.dtype.kind == "U":
        return array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype.kind == "u":
        refuse(array > _MAX_INT64, array, where, _OUT_OF_RANGE)
    return array.astype(np.int64, copy=False)


def _family(kind: type) -> str | None:
    """Return "int" or "str", the kind of ids of a type, or None."""
    if issubclass(kind, int | np.integer) and kind is not bool:
        return "int"
    return "str" if kind in (str, np.str_) else None


def show(value: Any) -> str:
    """Return a value in short form, and its type."""
    return f"{reprlib.repr(value)} ({type(value).__name__})"


def refuse(
    is_bad: NDArray[np.bool_], values: Any, where: Callable[[int], str], reason: str
) -> None:
    """Raise for the first bad value, with its row."""
    if is_bad.any():
        raise _first_error(is_bad, values, where, reason)


def _first_error(
    is_bad: Iterable[Any], values: Any, where: Callable[[int], str], reason: str
) -> ValueError:
    """Make the error of the first bad value, with its row."""
    row = next(row for row, bad in enumerate(is_bad) if bad)
    return ValueError(f"{where(row)} is {show(values[row])}: {reason}.")


def _is_scalar(value: Any) -> bool:
    """Return whether a value has no rows or items in an order of their own."""
    unordered = isinstance(value, str | bytes | Mapping | Set)
    return unordered or not isinstance(value, Iterable) or not getattr(value, "ndim", 1)


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or a frame library's missing marker."""
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, float | np.generic):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _raise_bad_id(flat: list[Any], where: Callable[[int], str]) -> NoReturn:
    """Raise for the first value that is not an id, or not of the first one's type."""
    # Missing values come first: one NaN makes floats of a whole column of integers.
    missing = np.fromiter(map(is_missing, flat), dtype=bool, count=len(flat))
    refuse(missing, flat, where, "missing ids are not accepted, drop them first")
    expected = _family(type(flat[0]))
    families = (_family(type(value)) for value in flat)
    position = next(i for i, f in enumerate(families) if f is None or f != expected)
    value = flat[position]
    got = f"{where(position)} is {show(value)}"
    if isinstance(value, list | tuple | np.ndarray):
        raise ValueError(f"{got}: nested too deep, ids must be integers or strings.")
    if _family(type(value)) is None:
        remedies = (text for kind, text in _REMEDIES if isinstance(value, kind))
        remedy = next(remedies, "convert them")
        raise TypeError(f"{got}: ids must be integers or strings; {remedy}.")
    raise TypeError(
        f"{got}, but the ids before it are of type {expected}: ids must be all "
        "integers or all strings."
    )
