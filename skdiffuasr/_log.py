"""A log, with one row per interaction, to histories."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._ingest import as_ids
from skdiffuasr._ragged import narrow, offsets_from_lengths
from skdiffuasr._times import as_times
from skdiffuasr._typing import IdArray, IntArray


def read_interactions(
    frame: Any, user: str, item: str, time: str | None
) -> tuple[IdArray, IntArray, IdArray]:
    """Sort a log by user and time; return items, row offsets and sorted users."""
    users = as_ids(column_of(frame, user), f"column {user!r}")
    items = as_ids(column_of(frame, item), f"column {item!r}")
    times: NDArray[Any] = np.zeros(len(users))
    if time is not None:
        times = times_of(frame, time)
    if not len(users) == len(items) == len(times):
        raise ValueError(
            f"The columns differ in length: {len(users)} users, {len(items)} items, "
            f"{len(times)} times."
        )
    user_ids, codes = np.unique(users, return_inverse=True)
    order = np.argsort(times, kind="stable")
    order = order[np.argsort(codes[order], kind="stable")]
    counts = np.bincount(codes, minlength=len(user_ids))
    return narrow(items[order]), offsets_from_lengths(counts), narrow(user_ids)


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
