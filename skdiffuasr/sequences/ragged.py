"""Arithmetic on ragged arrays that are stored as flat values and row offsets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray, RoleArray


def offsets_from_lengths(lengths: NDArray[Any]) -> IntArray:
    """Return the row boundaries of rows of these lengths."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def row_of(offsets: IntArray, position: int) -> int:
    """Return the row that holds a position of the flat values."""
    return int(np.searchsorted(offsets, position, side="right")) - 1


def gather(
    values: IdArray, starts: IntArray, lengths: IntArray
) -> tuple[IdArray, IntArray]:
    """Return the pieces ``values[start:start + length]``, joined, and their offsets."""
    positions, offsets = piece_positions(starts, lengths)
    return values[positions], offsets


def piece_positions(
    starts: IntArray, lengths: IntArray
) -> tuple[NDArray[np.intp], IntArray]:
    """Return the positions of the pieces, joined, and their offsets."""
    offsets = offsets_from_lengths(lengths)
    positions = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return positions, offsets


def join_rows(
    heads: IdArray, head_lengths: IntArray, tails: IdArray, tail_lengths: IntArray
) -> tuple[IdArray, IntArray, NDArray[np.bool_]]:
    """Join each row of the heads and the same row of the tails.

    Returns values, offsets and a mask of the values that come from the heads.
    """
    lengths = head_lengths + tail_lengths
    offsets = offsets_from_lengths(lengths)
    first_of_tail = np.repeat(offsets[:-1] + head_lengths, lengths)
    in_head = np.arange(offsets[-1]) < first_of_tail
    values = np.empty(offsets[-1], dtype=common_dtype(heads, tails))
    values[in_head] = heads
    values[~in_head] = tails
    return values, offsets, in_head


def padded_blocks(
    lengths: IntArray, *, max_rows: int | None = None, max_cells: int | None = None
) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of blocks to be padded, each row in exactly one.

    The longest row of a block has less than twice the items of the shortest. A row of
    more than `max_cells` items is a block of its own.
    """
    bits = np.frexp(np.maximum(lengths, 1))[1]  # 2 ** (bits - 1) <= length < 2 ** bits
    for width in np.unique(bits).tolist():
        rows = np.flatnonzero(bits == width)
        size = len(rows) if max_rows is None else max_rows
        if max_cells is not None:
            size = max(1, min(size, max_cells >> width))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


def row_numbers(key: Any, n_rows: int) -> NDArray[np.intp]:
    """Return the rows that a boolean mask or a collection of integers selects."""
    array = np.asarray(key)
    if array.shape == (0,) and array.dtype.kind != "b":
        return np.empty(0, dtype=np.intp)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise IndexError(
            "Sequences are indexed by an integer, a slice, a boolean mask or a "
            f"one-dimensional collection of integers, got {key!r}."
        )
    return np.arange(n_rows)[array]


def common_dtype(first: IdArray, second: IdArray) -> np.dtype[Any]:
    """Return the dtype that holds both; empty arrays go with any other."""
    filled = [array.dtype for array in (first, second) if array.size]
    if len({dtype.kind for dtype in filled}) > 1:
        raise TypeError(
            f"Cannot mix ids of type {id_type(first)} and {id_type(second)}."
        )
    return np.result_type(*filled) if filled else np.dtype(np.int64)


def id_type(ids: IdArray) -> str:
    """Return the Python name of the type of the ids."""
    return "str" if ids.dtype.kind == "U" else "int"


def freeze(array: NDArray[Any]) -> NDArray[Any]:
    """Return a compact read-only view that pickles and hashes by its content only.

    joblib hashes strides, and pickle writes a dtype object that two arrays share only
    once: equal content needs plain strides and a dtype object of its own.
    """
    if array.size == 0:
        array = np.empty(0, dtype=np.int64)
    if array.strides != (array.itemsize,):
        array = array.copy()
    view = array.view(array.dtype.str)
    view.flags.writeable = False
    return view


def narrow(array: IdArray) -> IdArray:
    """Return strings only as wide as the longest, and other arrays as they are."""
    if array.dtype.kind != "U" or array.size == 0:
        return array
    width = max(1, int(np.char.str_len(array).max()))
    return array if array.itemsize == 4 * width else array.astype(f"<U{width}")


def check_lengths(lengths: IntArray, min_length: int, name: str) -> None:
    """Raise if a row has fewer items than it must have."""
    too_short = lengths < min_length
    if too_short.any():
        row = int(too_short.argmax())
        raise ValueError(
            f"Row {row} of {name} has {lengths[row]} items, while a minimum of "
            f"{min_length} is required."
        )


def check_parts(
    values: IdArray,
    offsets: IntArray,
    roles: RoleArray | None,
    user_ids: IdArray | None,
) -> None:
    """Raise if the parts of a ragged batch do not fit together."""
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(values):
        raise ValueError(
            f"offsets must run from 0 to len(values) = {len(values)}, got {offsets}."
        )
    lengths = np.diff(offsets)
    if (lengths < 0).any():
        row = int((lengths < 0).argmax())
        raise ValueError(
            f"offsets must not decrease, but row {row} runs from {offsets[row]} to "
            f"{offsets[row + 1]}."
        )
    for name, part, of, n_needed in (
        ("roles", roles, "items", len(values)),
        ("user_ids", user_ids, "rows", len(lengths)),
    ):
        if part is not None and len(part) != n_needed:
            raise ValueError(
                f"{name} must have one entry for each of the {n_needed} {of}, got "
                f"{len(part)}."
            )
