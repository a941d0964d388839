"""From item ids to positions in a sorted catalogue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr.sequences import SequenceVariants
from skdiffuasr.sequences.container import Sequences
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import id_type, row_of

_N_SHOWN = 5


class UnknownItemsError(ValueError):
    """Histories have items that are not in the catalogue.

    Parameters
    ----------
    items : list of int or str
        The unknown items, each once.
    row : int
        The first row that has one.
    input_name : str, default="X"
        What the user calls the histories.
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


def encode_items(
    items: Any, item_ids: NDArray[Any], name: str = "items"
) -> NDArray[np.int64]:
    """Return the position of each item in the catalogue.

    Parameters
    ----------
    items : array-like of shape (n,), or ndarray of any shape
        Item ids, integers or strings.
    item_ids : ndarray of shape (n_items,)
        The catalogue, sorted and without duplicates.
    name : str, default="items"
        What to call the items in messages.

    Returns
    -------
    ndarray of the shape of `items`, int64
        Codes: positions in `item_ids`, and -1 for unknown items.

    Raises
    ------
    TypeError
        If one of `items` and `item_ids` holds integers and the other strings.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.sequences.vocabulary import encode_items
    >>> encode_items([30, 10, 11], np.array([10, 20, 30]))
    array([ 2,  0, -1])
    """
    shape = items.shape if isinstance(items, np.ndarray) else (-1,)
    if isinstance(items, np.ndarray):
        items = items.ravel()
    ids = as_ids(items, name)
    if ids.size == 0 or item_ids.size == 0:
        return np.full(ids.shape, -1, dtype=np.int64).reshape(shape)
    if id_type(ids) != id_type(item_ids):
        raise TypeError(
            f"The {name} are of type {id_type(ids)}, but the known item ids are of "
            f"type {id_type(item_ids)}."
        )
    codes = np.searchsorted(item_ids, ids).astype(np.int64, copy=False)
    nearest = item_ids[np.minimum(codes, len(item_ids) - 1)]
    codes[nearest != ids] = -1
    return codes.reshape(shape)


def rows_by_index(frame: Any, name: str) -> dict[Any, int]:
    """Return the row of each item of a frame whose index holds item ids.

    Parameters
    ----------
    frame : DataFrame of n rows
        Of pandas, or anything whose ``index`` has a ``tolist``.
    name : str
        What to call the frame in messages.

    Returns
    -------
    dict of n int
        Row numbers by item id, in the order of the rows.

    Raises
    ------
    ValueError
        If the index holds an item several times.
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


def encode_sequences(
    X: Sequences,
    item_ids: NDArray[Any],
    unknown_items: str = "ignore",
    input_name: str = "X",
) -> Sequences:
    """Replace item ids by their positions in the catalogue.

    Parameters
    ----------
    X : Sequences of n rows
        User histories.
    item_ids : ndarray of shape (n_items,)
        The catalogue, sorted and without duplicates.
    unknown_items : {"ignore", "error"}, default="ignore"
        Drop items that are not in the catalogue, or raise.
    input_name : str, default="X"
        What to call the histories in messages.

    Returns
    -------
    Sequences of n rows
        Histories of int64 codes, with the same user ids. Rows without a known item
        become empty.

    Raises
    ------
    TypeError
        If one of `X` and `item_ids` holds integers and the other strings.
    UnknownItemsError
        If there are unknown items and `unknown_items` is "error". It is a
        `ValueError`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.sequences import Sequences
    >>> from skdiffuasr.sequences.vocabulary import encode_sequences
    >>> X = Sequences.from_iterable([["c", "x", "a"], ["b"]])
    >>> encode_sequences(X, np.array(["a", "b", "c"])).to_lists()
    [[2, 0], [1]]
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
    codes = encode_items(X.values, item_ids, f"items of {input_name}")
    known = codes >= 0
    encoded = Sequences._unchecked(codes, X.offsets, X.roles, X.user_ids)
    if known.all():
        return encoded
    if unknown_items == "error":
        unknown = np.unique(X.values[~known]).tolist()
        row = row_of(X.offsets, int(known.argmin()))
        raise UnknownItemsError(unknown, row, input_name)
    return encoded._where(known)
