"""Attributes of items, as users hand them over, in the order of the catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from skdiffuasr._typing import IdArray
from skdiffuasr.sequences.ids import is_missing
from skdiffuasr.sequences.vocabulary import (
    check_all_named,
    is_frame,
    is_mapping,
    rows_by_index,
)

_REMEDY = (
    "An item without attributes takes an empty list, or a row of 0 in a DataFrame."
)


def align_attributes(given: Any, item_ids: IdArray) -> csr_array:
    """Check `item_attributes` and return 0 and 1 of shape (n_items, n_attributes).

    Rows follow the catalogue, sorted `item_ids`; other items of a mapping or a frame
    are ignored. The columns of a mapping do not depend on its order.
    """
    if is_mapping(given):
        attributes = _from_mapping(given, item_ids)
    elif is_frame(given):
        attributes = _from_matrix(_rows_by_index(given, item_ids), item_ids)
    else:
        attributes = _from_matrix(given, item_ids)
    if attributes.nnz == 0:
        raise ValueError(
            f"item_attributes gives none of the {len(item_ids)} items of X an "
            f"attribute; pass None to train without attributes."
        )
    return attributes


def _from_mapping(given: Mapping[Any, Any], item_ids: IdArray) -> csr_array:
    """Return the attributes of the catalogue's items, given by their ids."""
    items = item_ids.tolist()
    check_all_named(given, items, "item_attributes", _REMEDY)
    rows = [_attributes_of(given[item], item) for item in items]
    # Sets have no order, and ids of several types cannot be compared.
    names = sorted(
        set().union(*rows), key=lambda name: (type(name).__name__, repr(name))
    )
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[name] for row in rows for name in row], dtype=np.int64)
    row_numbers = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    ones = np.ones(len(codes))
    return csr_array((ones, (row_numbers, codes)), shape=(len(rows), len(names)))


def _attributes_of(given: Any, item: Any) -> set[Any]:
    """Return the checked attribute ids of one item."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(
            f"item_attributes must give an iterable of attribute ids for each item, "
            f"got {given!r} for item {item!r}."
        )
    names = set()
    for name in given:
        try:
            names.add(name)
        except TypeError as error:
            raise TypeError(
                f"Attribute ids must be hashable, such as int or str; item_attributes "
                f"has {name!r} for item {item!r}."
            ) from error
        if is_missing(name):
            raise ValueError(
                f"item_attributes has the missing value {name!r} for item {item!r}; "
                f"leave it out."
            )
    return names


def _rows_by_index(given: Any, item_ids: IdArray) -> Any:
    """Return the values of a DataFrame, with rows in the order of the catalogue."""
    row_of = rows_by_index(given, "item_attributes")
    items = item_ids.tolist()
    check_all_named(row_of, items, "item_attributes", _REMEDY)
    return np.asarray(given)[[row_of[item] for item in items]]


def _from_matrix(given: Any, item_ids: IdArray) -> csr_array:
    """Return the checked attributes of a matrix whose rows follow the catalogue."""
    try:
        array = given if issparse(given) else np.asarray(given)
    except ValueError as error:  # rows of several lengths
        raise ValueError(_shape_message("rows of several lengths", item_ids)) from error
    if array.ndim != 2 or array.shape[0] != len(item_ids):
        raise ValueError(_shape_message(f"shape {array.shape}", item_ids))
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"item_attributes must hold 0 and 1, got values of dtype {array.dtype}. "
            f"Attribute ids of any type are given as a mapping from item id to ids."
        )
    attributes = csr_array(array, dtype=np.float64, copy=True)
    attributes.sum_duplicates()
    attributes.eliminate_zeros()
    is_bad = attributes.data != 1
    if is_bad.any():
        row = int(attributes.tocoo().row[is_bad][0])
        raise ValueError(
            f"item_attributes must hold 0 and 1, got {attributes.data[is_bad][0]} in "
            f"row {row}, item {item_ids[row].item()!r}."
        )
    return attributes


def _shape_message(got: str, item_ids: IdArray) -> str:
    return (
        f"item_attributes must have the shape (n_items, n_attributes) with one row for "
        f"each of the {len(item_ids)} items of X in sorted order; got {got}. A mapping "
        f"from item id to attribute ids fits any catalogue."
    )
