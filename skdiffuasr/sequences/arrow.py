"""Histories as Arrow tables, and list columns of any Arrow library as histories."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray, IntArray, RoleArray


def to_table(
    values: IdArray,
    offsets: IntArray,
    user_ids: IdArray | None,
    roles: RoleArray | None,
) -> Any:
    """Make a table with one row per history.

    Parameters
    ----------
    values : ndarray of shape (n_interactions,)
        Items of all rows; integers are shared, not copied.
    offsets : ndarray of int64 of shape (n + 1,)
        Row boundaries.
    user_ids : ndarray of shape (n,) or None
        None leaves the column out.
    roles : ndarray of uint8 of shape (n_interactions,) or None
        None leaves the column out.

    Returns
    -------
    table : pyarrow.Table
        With the columns user, items and roles.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    """
    pyarrow = import_extra("pyarrow", "frames")
    columns = {}
    if user_ids is not None:
        columns["user"] = to_arrow(user_ids)
    lists = pyarrow.LargeListArray.from_arrays
    columns["items"] = lists(to_arrow(offsets), to_arrow(values))
    if roles is not None:
        columns["roles"] = lists(to_arrow(offsets), to_arrow(roles))
    return pyarrow.table(columns)


def to_arrow(values: NDArray[Any]) -> Any:
    """Make an Arrow array; numbers are shared, not copied.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers, dates or strings.

    Returns
    -------
    array : pyarrow.Array
    """
    pyarrow = import_extra("pyarrow", "frames")
    # Arrow has days and seconds, and nothing between or above them.
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in "YMWhm":
        values = values.astype("datetime64[s]")
    # Of an array of strings, Arrow would take each up to its first NUL character.
    return pyarrow.array(values.tolist() if values.dtype.kind == "U" else values)
