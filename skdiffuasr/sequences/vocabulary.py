"""From item ids to positions in a sorted catalogue."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import id_type, row_of

_N_SHOWN = 5
_N_MISSING_SHOWN = 3


class UnknownItemsError(ValueError):
    """Histories have items, each named once, that are not in the catalogue.

    `row` is the first that has one, `input_name` what the user calls the histories.
    """

    def __init__(
        self, items: list[int] | list[str], row: int, input_name: str = "X"
    ) -> None:
        super().__init__(items, row, input_name)
        self.items = items
        self.row = row
        self.input_name = input_name

    def __str__(self) -> str:
        shown = ", ".join(map(repr, self.items[:_N_SHOWN]))
        more = ", ..." if len(self.items) > _N_SHOWN else ""
        return (
            f"Found {len(self.items)} unknown item(s), first in row {self.row} of "
            f"{self.input_name}: {shown}{more}; pass unknown_items='ignore' to leave "
            "them out."
        )


def encode_items(items: Any, item_ids: IdArray, name: str = "items") -> IntArray:
    """Return positions in the sorted catalogue, int64, and -1 for unknown items.

    `items` is a list (n,) or an array of any shape, which the result has, too. Raises
    a TypeError if one of `items` and `item_ids` holds integers and the other strings.
    """
    if isinstance(items, np.ndarray):
        return _encode(as_ids(items.ravel(), name), item_ids, name).reshape(items.shape)
    return _encode(as_ids(items, name), item_ids, name)


def _encode(ids: IdArray, item_ids: IdArray, name: str) -> IntArray:
    """Return the positions of ids that were checked; see `encode_items`."""
    if ids.size == 0 or item_ids.size == 0:
        return np.full(ids.shape, -1, dtype=np.int64)
    if id_type(ids) != id_type(item_ids):
        raise TypeError(
            f"The {name} are of type {id_type(ids)}, but the known item ids are of "
            f"type {id_type(item_ids)}."
        )
    codes = np.searchsorted(item_ids, ids).astype(np.int64, copy=False)
    nearest = item_ids[np.minimum(codes, len(item_ids) - 1)]
    codes[nearest != ids] = -1
    return codes


def rows_by_index(frame: Any, name: str) -> dict[Any, int]:
    """Return the row of each item of a frame whose index holds item ids.

    `frame` is of pandas, or anything whose ``index`` has a ``tolist``. Raises a
    ValueError if the index holds an item several times.
    """
    index = frame.index.tolist()
    rows = {item: row for row, item in enumerate(index)}
    if len(rows) < len(index):
        repeated = next(item for row, item in enumerate(index) if rows[item] != row)
        raise ValueError(
            f"The index of {name} must hold each item once, but has {repeated!r} "
            f"several times."
        )
    return rows


def named_items(given: Any) -> list[Any] | None:
    """Return the ids that a mapping or a frame has entries for; None for a matrix."""
    if is_mapping(given):
        return list(given)
    return given.index.tolist() if is_frame(given) else None


def is_mapping(given: Any) -> bool:
    """Whether this is a mapping from item ids; a sparse DOK matrix is another one."""
    return isinstance(given, Mapping) and not issparse(given)


def is_frame(given: Any) -> bool:
    """Whether this is a frame whose index holds item ids."""
    return hasattr(given, "index") and hasattr(given, "columns")


def check_all_named(given: Any, items: list[Any], name: str, remedy: str) -> None:
    """Raise if a mapping, or an index, lacks items of the catalogue."""
    missing = [item for item in items if item not in given]
    if not missing:
        return
    if len(missing) == len(items):
        shown = list(given)[:_N_MISSING_SHOWN]
        raise ValueError(
            f"{name} has none of the {len(items)} items of X: its first ids are "
            f"{shown}, those of X {items[:_N_MISSING_SHOWN]}. Ids must be of one type; "
            f"1 is not '1'."
        )
    raise ValueError(
        f"{name} has no entry for {len(missing)} items of X, the first being "
        f"{missing[:_N_MISSING_SHOWN]}. {remedy}"
    )


def encode_sequences(
    X: Sequences,
    item_ids: IdArray,
    unknown_items: str = "ignore",
    input_name: str = "X",
) -> Sequences:
    """Replace item ids by their positions in the catalogue; other parts stay.

    Unknown items are dropped, so that rows may become empty, or raise an
    `UnknownItemsError`. Raises a TypeError as `encode_items` does.
    """
    if unknown_items not in ("ignore", "error"):
        raise ValueError(
            f"unknown_items must be 'ignore' or 'error', got {unknown_items!r}."
        )
    if isinstance(X, SequenceVariants):
        return X.map(
            lambda variant: encode_sequences(
                variant, item_ids, unknown_items, input_name
            )
        )
    codes = _encode(X.values, item_ids, f"items of {input_name}")
    known = codes >= 0
    encoded = Sequences._unchecked(codes, X.offsets, X.roles, X.user_ids)
    if known.all():
        return encoded
    if unknown_items == "error":
        unknown = np.unique(X.values[~known]).tolist()
        row = row_of(X.offsets, int(known.argmin()))
        raise UnknownItemsError(unknown, row, input_name)
    return encoded._where(known)
