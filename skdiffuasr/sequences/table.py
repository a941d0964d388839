"""A log, with one row per interaction, to histories."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray, RoleArray
from skdiffuasr.sequences.ids import as_ids, show
from skdiffuasr.sequences.ragged import narrow
from skdiffuasr.sequences.roles import make_roles
from skdiffuasr.sequences.times import as_times
from skdiffuasr.sequences.traps import (
    describe_times,
    warn,
)


class LogColumns(NamedTuple):
    """Checked columns of a log, one entry per interaction."""

    users: IdArray
    items: IdArray
    times: NDArray[Any] | None
    is_pseudo: NDArray[np.bool_] | None


def read_columns(
    frame: Any, user: str, item: str, time: str | None, is_pseudo: str | None
) -> LogColumns:
    """Take the columns of a table; warn of times that are not what they seem.

    Parameters
    ----------
    frame : DataFrame, Table, Interactions or dict of arrays
        The log. The times of `Interactions` were looked at when it was made.
    user, item : str
        Names of columns.
    time, is_pseudo : str or None
        Names of columns; None if there is none.

    Returns
    -------
    columns : LogColumns

    Raises
    ------
    TypeError, ValueError
        If a column does not exist, has a value that cannot be read, or is of another
        length.
    """
    users = as_ids(column_of(frame, user), f"column {user!r}")
    items = as_ids(column_of(frame, item), f"column {item!r}")
    times = None if time is None else _times_of(frame, time)
    flags = None if is_pseudo is None else _flags_of(frame, is_pseudo)
    n_times = len(users if times is None else times)
    n_flags = len(users if flags is None else flags)
    if not len(users) == len(items) == n_times == n_flags:
        raise ValueError(
            f"The columns differ in length: {len(users)} users, {len(items)} items, "
            f"{n_times} times, {n_flags} marks of pseudo items."
        )
    if not getattr(frame, "_times_are_checked", False):
        warn(describe_times(users, times))
    return LogColumns(users, items, times, flags)


def sort_columns(log: LogColumns) -> LogColumns:
    """Sort a log by user and time; what is left equal keeps its order."""
    codes = np.unique(log.users, return_inverse=True)[1]
    order = np.arange(len(codes))
    if log.times is not None:
        order = np.argsort(log.times, kind="stable")
    order = order[np.argsort(codes[order], kind="stable")]
    return LogColumns(
        log.users[order],
        log.items[order],
        None if log.times is None else log.times[order],
        None if log.is_pseudo is None else log.is_pseudo[order],
    )


def group_sorted(
    log: LogColumns,
) -> tuple[IdArray, IntArray, RoleArray | None, IdArray]:
    """Return the arguments of `Sequences` for a sorted log.

    Parameters
    ----------
    log : LogColumns
        See `sort_columns`.

    Returns
    -------
    values, offsets, roles, user_ids : ndarray
        See `Sequences`.
    """
    users = log.users
    is_first = np.ones(len(users), dtype=bool)
    is_first[1:] = users[1:] != users[:-1]
    offsets = np.append(np.flatnonzero(is_first), len(users))
    roles = make_roles(is_pseudo=log.is_pseudo)
    return narrow(log.items), offsets, roles, narrow(users[is_first])


def _flags_of(frame: Any, column: str) -> NDArray[np.bool_]:
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


def _times_of(frame: Any, column: str) -> NDArray[Any]:
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
