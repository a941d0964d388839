"""A table with one row per interaction to histories."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray, RoleArray
from skdiffuasr.sequences.ids import as_ids, refuse
from skdiffuasr.sequences.ragged import narrow
from skdiffuasr.sequences.roles import make_roles
from skdiffuasr.sequences.times import as_times
from skdiffuasr.sequences.traps import describe_times, warn


class LogColumns(NamedTuple):
    """Checked columns of a table, one entry per interaction."""

    users: IdArray
    items: IdArray
    times: NDArray[Any] | None
    is_pseudo: NDArray[np.bool_] | None


def read_columns(
    frame: Any, user: str, item: str, time: str | None, is_pseudo: str | None
) -> LogColumns:
    """Return the named columns of a table, checked; warn of misleading times.

    The times of `Interactions` were looked at when they were made.
    """

    def read(convert: Callable[..., NDArray[Any]], column: str | None) -> Any:
        if column is None:
            return None
        name = f"column {column!r}"

        def where(row: int) -> str:
            return f"Row {row} of {name}"

        return convert(column_of(frame, column), where=where, name=name)

    log = LogColumns(
        read(as_ids, user),
        read(as_ids, item),
        read(as_times, time),
        read(as_flags, is_pseudo),
    )
    n_users, n_items, n_times, n_flags = (
        len(log.users if column is None else column) for column in log
    )
    if not n_users == n_items == n_times == n_flags:
        raise ValueError(
            f"The columns differ in length: {n_users} users, {n_items} items, "
            f"{n_times} times, {n_flags} marks of pseudo items."
        )
    if not getattr(frame, "_times_are_checked", False):
        warn(describe_times(log.users, log.times))
    return log


def sort_columns(log: LogColumns) -> LogColumns:
    """Sort by user and time; ties keep their order."""
    order = sorted_rows(log.users, log.times)
    return LogColumns._make(None if part is None else part[order] for part in log)


def sorted_rows(users: IdArray, times: NDArray[Any] | None) -> NDArray[np.intp]:
    """Return the order of the rows by user and time; ties keep theirs."""
    codes = np.unique(users, return_inverse=True)[1]
    if times is None:
        return np.argsort(codes, kind="stable")
    by_time = np.argsort(times, kind="stable")
    return by_time[np.argsort(codes[by_time], kind="stable")]


def group_sorted(
    log: LogColumns,
) -> tuple[IdArray, IntArray, RoleArray | None, IdArray]:
    """Return the arguments of `Sequences` for sorted columns."""
    users = log.users
    is_first = np.ones(len(users), dtype=bool)
    is_first[1:] = users[1:] != users[:-1]
    offsets = np.append(np.flatnonzero(is_first), len(users))
    roles = make_roles(is_pseudo=log.is_pseudo)
    return narrow(log.items), offsets, roles, narrow(users[is_first])


def as_flags(flags: Any, where: Callable[[int], str], name: str) -> NDArray[np.bool_]:
    """Return bools, or the integers 0 and 1, as an array of bools, (n,)."""
    array = np.asarray(flags)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    if array.dtype.kind in "biu":
        is_flag = (array == 0) | (array == 1)
    else:
        is_flag = np.array([_is_flag(value) for value in array.tolist()], dtype=bool)
    refuse(
        ~is_flag,
        array,
        where,
        "accepted are True and False, or 1 for a pseudo item and 0 for an observed one",
    )
    return array.astype(bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, int | np.integer | np.bool_) and value in (0, 1)


def column_of(frame: Any, name: str) -> Any:
    """Return a column of a table."""
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
