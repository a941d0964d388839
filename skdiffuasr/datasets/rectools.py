"""Logs as RecTools takes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.writers import interaction_columns
from skdiffuasr.sequences import Sequences

#: RecTools keeps nanoseconds in 64 bits, which is this many seconds around 1970.
_MOST_SECONDS = np.iinfo(np.int64).max // 10**9


def to_rectools(
    log: Interactions | Sequences, *, times: npt.ArrayLike | None = None
) -> Any:
    """Return a log as the data frame that RecTools' ``Dataset.construct`` takes.

    RecTools knows nothing of pseudo items: its models learn to predict them too. Those
    that learn from a matrix of users and items add up the weights of repeated items.

    Parameters
    ----------
    log : Interactions or Sequences
        Pseudo items stand before the history.
    times : array-like of shape (n_observed,), default=None
        Times of the observed items of `Sequences`; see `write_interactions`.

    Returns
    -------
    frame : pandas.DataFrame of shape (n_interactions, 4)
        Columns user_id, item_id, weight (1.0) and datetime. Times that are numbers are
        seconds since 1970; without times, the positions are.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ValueError
        If `times` do not fit, or a time is before 1678 or after 2262.

    Examples
    --------
    >>> from skdiffuasr.datasets import Interactions
    >>> from skdiffuasr.datasets.rectools import to_rectools
    >>> log = Interactions(user=[7, 7], item=["a", "b"], time=[0, 86400])
    >>> print(to_rectools(log))
       user_id item_id  weight   datetime
    0        7       a     1.0 1970-01-01
    1        7       b     1.0 1970-01-02
    """
    pandas = import_extra("pandas", "frames")
    columns = interaction_columns(log, times)
    columns.setdefault("time", columns.get("position", np.arange(len(columns["user"]))))
    return pandas.DataFrame(
        {
            "user_id": columns["user"],
            "item_id": columns["item"],
            "weight": 1.0,
            "datetime": _nanoseconds(columns["time"]),
        }
    )


def _nanoseconds(times: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    """Return dates, or numbers of seconds since 1970, as datetime64[ns]."""
    is_date = times.dtype.kind == "M"
    seconds = times.astype("datetime64[s]").astype(np.int64) if is_date else times
    outside = ~((seconds > -_MOST_SECONDS) & (seconds < _MOST_SECONDS))
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(
            f"The time of row {row} is {times[row]}, and RecTools holds dates from "
            "1678 to 2262; numbers are seconds since 1970."
        )
    if is_date:
        return times.astype("datetime64[ns]")
    whole = np.floor(times).astype(np.int64)
    rest = np.rint((times - whole) * 1e9).astype(np.int64)
    return (whole * 10**9 + rest).astype("datetime64[ns]")
