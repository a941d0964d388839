"""Arrays as Arrow arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._extras import import_extra


def to_arrow(values: NDArray[Any]) -> Any:
    """Return numbers, dates or strings as an Arrow array; numbers are not copied."""
    pyarrow = import_extra("pyarrow", "frames")
    # Arrow has days and seconds, and nothing between or above them.
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in "YMWhm":
        values = values.astype("datetime64[s]")
    # Of an array of strings, Arrow would take each up to its first NUL character.
    return pyarrow.array(values.tolist() if values.dtype.kind == "U" else values)
