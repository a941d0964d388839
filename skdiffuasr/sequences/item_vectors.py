"""Vectors of items, as users hand them over, in the order of the catalogue."""

from reprlib import repr as short_repr
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skdiffuasr._typing import FloatArray, IdArray
from skdiffuasr.sequences.vocabulary import (
    check_all_named,
    is_frame,
    is_mapping,
    rows_by_index,
)

_REMEDY = "An item of which nothing is known takes the mean of the others' vectors."


def align_vectors(given: Any, item_ids: IdArray, name: str) -> FloatArray:
    """Check vectors of items and return them as float64 (n_items, d).

    Rows follow `item_ids`; other items of a mapping or a frame are ignored. `name` is
    what the user calls the vectors.
    """
    items = item_ids.tolist()
    if is_frame(given):
        row_of = rows_by_index(given, name)
        check_all_named(row_of, items, name, _REMEDY)
        given = np.asarray(given)[[row_of[item] for item in items]]
    elif is_mapping(given):
        check_all_named(given, items, name, _REMEDY)
        given = [given[item] for item in items]
    vectors = _as_floats(given, items, name)
    if vectors.ndim != 2 or len(vectors) != len(items):
        raise ValueError(
            f"{name} must have the shape (n_items, d) with one row for each of the "
            f"{len(items)} items of X in sorted order; got shape {vectors.shape}. A "
            f"mapping from item id to vector fits any catalogue."
        )
    is_bad = ~np.isfinite(vectors)
    if is_bad.any():
        row, column = np.argwhere(is_bad)[0]
        raise ValueError(
            f"{name} has the value {vectors[row, column]}, which is not finite, in row "
            f"{row}, item {items[row]!r}."
        )
    return vectors


def _as_floats(given: Any, items: list[Any], name: str) -> FloatArray:
    """Return vectors as an array of float64, of any shape if it was an array."""
    if issparse(given):
        raise ValueError(
            f"{name} must be dense vectors of numbers, got a {type(given).__name__}; "
            f"its toarray() is dense."
        )
    try:
        array = np.asarray(given)
    except ValueError:  # rows of several lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    rows = [
        _as_vector(row, item, name) for row, item in zip(given, items, strict=False)
    ]
    for vector, item in zip(rows, items, strict=False):
        if len(vector) != len(rows[0]):
            raise ValueError(
                f"{name} must be dense vectors of numbers, all of one length; got "
                f"{len(vector)} numbers for item {item!r}, and {len(rows[0])} for item "
                f"{items[0]!r}."
            )
    return np.array(rows, dtype=np.float64)


def _as_vector(row: Any, item: Any, name: str) -> FloatArray:
    """Return the vector of one item."""
    try:
        vector = np.asarray(list(row))
    except (TypeError, ValueError):
        vector = np.empty(0, dtype=object)
    if vector.ndim != 1 or vector.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be dense vectors of numbers, all of one length; got "
            f"{short_repr(row)} for item {item!r}."
        )
    return vector
