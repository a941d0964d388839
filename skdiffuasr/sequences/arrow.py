"""Arrays and histories as Arrow arrays and tables."""

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
    """Return a table of user, items and roles with one row per history.

    Integers are shared, not copied. What is None has no column.
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
    """Return numbers, dates or strings as an Arrow array; numbers are not copied."""
    pyarrow = import_extra("pyarrow", "frames")
    # Arrow has days and seconds, and nothing between or above them.
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in "YMWhm":
        values = values.astype("datetime64[s]")
    # Of an array of strings, Arrow would take each up to its first NUL character.
    return pyarrow.array(values.tolist() if values.dtype.kind == "U" else values)
