"""A log, with one row per interaction, to histories."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._ingest import as_ids, show
from skdiffuasr._ragged import narrow, offsets_from_lengths
from skdiffuasr._times import as_times
from skdiffuasr._typing import IdArray, IntArray


def read_interactions(
    frame: Any, user: str, item: str, time: str | None, is_pseudo: str | None
) -> tuple[IdArray, IntArray, IntArray, IdArray]:
    """Sort a log by user and time; return the arguments of `Sequences`."""
    users = as_ids(column_of(frame, user), f"column {user!r}")
    items = as_ids(column_of(frame, item), f"column {item!r}")
    times: NDArray[Any] = np.zeros(len(users))
    if time is not None:
        times = times_of(frame, time)
    flags = np.zeros(len(users), dtype=bool)
    if is_pseudo is not None:
        flags = flags_of(frame, is_pseudo)
    if not len(users) == len(items) == len(times) == len(flags):
        raise ValueError(
            f"The columns differ in length: {len(users)} users, {len(items)} items, "
            f"{len(times)} times, {len(flags)} marks of pseudo items."
        )
    user_ids, codes = np.unique(users, return_inverse=True)
    order = np.argsort(times, kind="stable")
    order = order[np.argsort(codes[order], kind="stable")]
    counts = np.bincount(codes, minlength=len(user_ids))
    n_pseudo = np.bincount(codes[flags], minlength=len(user_ids))
    offsets = offsets_from_lengths(counts)
    position = np.arange(len(order)) - np.repeat(offsets[:-1], counts)
    is_behind = flags[order] & (position >= np.repeat(n_pseudo, counts))
    if is_behind.any():
        row = order[is_behind.argmax()]
        raise ValueError(
            f"User {users[row].item()!r} has the pseudo item {items[row].item()!r} "
            "behind an observed one; pseudo items come before the history, by time "
            "and, at the same time or without times, in the order of the log."
        )
    return narrow(items[order]), offsets, n_pseudo, narrow(user_ids)


def flags_of(frame: Any, column: str) -> NDArray[np.bool_]:
    """Take the column that marks pseudo items."""
    name = f"column {column!r}"
    return as_flags(column_of(frame, column), lambda row: f"Row {row} of {name}", name)


def as_flags(flags: Any, where: Callable[[int], str], name: str) -> NDArray[np.bool_]:
    """Return bools, or the integers 0 and 1, as an array of bools.

    Parameters
    ----------
    flags : array-like of shape (n,)
        The marks.
    where : callable(int) -> str
        Names a row in an error message.
    name : str
        Names all of them.

    Returns
    -------
    flags : ndarray of bool of shape (n,)

    Raises
    ------
    ValueError
        If they are not one-dimensional, or one is something else; the message names
        the row and the value.
    """
    array = np.asarray(flags)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.dtype.kind in "biu":
        is_flag = (array == 0) | (array == 1)
    else:
        is_flag = np.array([_is_flag(value) for value in array.tolist()], dtype=bool)
    if not is_flag.all():
        row = int(is_flag.argmin())
        raise ValueError(
            f"{where(row)} is {show(array[row])}: accepted are True and False, or 1 "
            "for a pseudo item and 0 for an observed one."
        )
    return array.astype(bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, int | np.integer | np.bool_) and value in (0, 1)


def times_of(frame: Any, column: str) -> NDArray[Any]:
    """Take the times that the histories of a log are sorted by."""
    name = f"column {column!r}"
    return as_times(column_of(frame, column), lambda row: f"Row {row} of {name}", name)


def column_of(frame: Any, name: str) -> Any:
    """Take a column of a table by its name."""
    if hasattr(frame, "collect_schema") and not hasattr(frame, "get_column"):
        raise TypeError("The table is lazy; collect it first: frame.collect().")
    names = column_names(frame)
    if name not in names:
        raise ValueError(f"There is no column {name!r}; the columns are {list(names)}.")
    return frame[name]


def column_names(frame: Any) -> list[str]:
    """Return the names of the columns of a table."""
    names = getattr(frame, "column_names", None)  # pyarrow's columns are the data
    return list(getattr(frame, "columns", frame) if names is None else names)
