"""Conversion of histories from and to lists and tables."""

from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.sequences.ids import as_ids, flatten_rows
from skdiffuasr.sequences.ragged import common_dtype, id_type
from skdiffuasr.sequences.rows import RaggedRows
from skdiffuasr.sequences.table import (
    column_names,
    column_of,
    group_sorted,
    read_columns,
    sort_columns,
)
from skdiffuasr.sequences.traps import describe_repeated_ends, warn
from skdiffuasr.sequences.unused_times import describe_unused_times


class ConvertibleRows(RaggedRows):
    """Conversions of `Sequences`."""

    @classmethod
    def from_iterable(cls, X: Any, user_ids: Any = None) -> Self:
        """Build from any iterable of id sequences.

        Parameters
        ----------
        X : iterable of n one-dimensional id sequences
            List of lists, generator, object array, list of arrays, or a list column
            of any Arrow library. `Sequences` keep their `roles`.
        user_ids : array-like of shape (n,), default=None
            User id of each row; None keeps those of `X` if it has any.

        Returns
        -------
        Sequences
            The same rows.

        Raises
        ------
        TypeError
            If a row is not a sequence, or an id is neither an integer nor a string.
        ValueError
            If `X` is two-dimensional, nested too deep, or an id is missing.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable((["b", "a"], []), user_ids=[7, 8]).user_ids
        array([7, 8])
        """
        if isinstance(X, RaggedRows):
            user_ids = X.user_ids if user_ids is None else user_ids
            return cls(X.values, X.offsets, X.roles, user_ids)
        values, offsets = flatten_rows(X, "X")
        return cls(values, offsets, user_ids=user_ids)

    @classmethod
    def from_interactions(
        cls,
        frame: Any,
        *,
        user: str,
        item: str,
        time: str | None = None,
        is_pseudo: str | None = None,
    ) -> Self:
        """Build from a table with one row per interaction.

        Parameters
        ----------
        frame : DataFrame, Table or dict of arrays
            Anything whose ``frame[column]`` is a one-dimensional array-like.
        user, item : str
            Names of the columns of user ids and item ids.
        time : str, default=None
            Name of a sortable column. Ties keep their order, and without it all
            interactions do.
        is_pseudo : str, default=None
            Name of a column of bools, or of 0 and 1, that marks pseudo items.

        Returns
        -------
        Sequences
            One row per user, sorted by user id, with `user_ids`. Pseudo items are read
            and not learned.

        Raises
        ------
        TypeError
            If ids are neither all integers nor all strings.
        ValueError
            If a column does not exist or has missing values.

        Warns
        -----
        UserWarning
            If times mix units or time zones or are rounded, the last interaction of a
            user is duplicated, or a column looks like times and `time` is None.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> log = {"who": ["b", "a", "b"], "what": [1, 2, 3], "when": [9, 5, 8]}
        >>> X = Sequences.from_interactions(log, user="who", item="what", time="when")
        >>> X.to_lists()
        [[2], [3, 1]]
        """
        log = sort_columns(read_columns(frame, user, item, time, is_pseudo))
        if time is None:
            warn(describe_unused_times(frame, (user, item, is_pseudo)))
        warn(describe_repeated_ends(*log))
        return cls._unchecked(*group_sorted(log))

    @classmethod
    def from_frame(cls, frame: Any) -> Self:
        """Build from a table with one row per history, as `to_arrow` returns it.

        Parameters
        ----------
        frame : DataFrame or Table of pandas, polars or pyarrow
            With a list column "items", and optionally "user" and the list column
            "roles".

        Returns
        -------
        Sequences
            The same rows.

        Raises
        ------
        TypeError, ValueError
            As `from_iterable`, or if "items" is missing or "roles" do not fit it.
        """
        values, offsets = flatten_rows(column_of(frame, "items"), "column 'items'")
        names = column_names(frame)
        user_ids = frame["user"] if "user" in names else None
        roles = None
        if "roles" in names:
            roles, ends = flatten_rows(frame["roles"], "column 'roles'")
            if not np.array_equal(ends, offsets):
                raise ValueError(
                    "Column 'roles' must have one entry for each item, but its rows "
                    "are not as long as those of column 'items'."
                )
        return cls(values, offsets, roles, user_ids)

    def to_arrow(self) -> Any:
        """Return a pyarrow table with one row per history; see `from_frame`.

        Returns
        -------
        table : pyarrow.Table
            Columns "user" if there are user ids, "items" (lists) and "roles" (lists of
            sums of `Role`) unless all items are observed, learned and read. Integer
            ids are shared, not copied. Other variants are left out.

        Raises
        ------
        ImportError
            If pyarrow is not installed.
        """
        pyarrow = import_extra("pyarrow", "frames")
        lists = pyarrow.LargeListArray.from_arrays
        columns = {} if self.user_ids is None else {"user": arrow_array(self.user_ids)}
        offsets = arrow_array(self.offsets)
        columns["items"] = lists(offsets, arrow_array(self.values))
        if self.roles is not None:
            columns["roles"] = lists(offsets, arrow_array(self.roles))
        return pyarrow.table(columns)

    def to_pandas(self) -> Any:
        """Return a pandas data frame of Arrow columns; see `to_arrow`."""
        pandas = import_extra("pandas", "frames")
        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> Any:
        """Return a polars data frame; see `to_arrow`."""
        return import_extra("polars", "frames").from_arrow(self.to_arrow())

    def to_interactions(self) -> dict[str, NDArray[Any]]:
        """Return columns with one entry per interaction.

        Returns
        -------
        dict of ndarray of shape (n_interactions,)
            "user" (the user id, or the row's number without user ids), "item",
            "position" (int64; consecutive, 0 is the first observed item, and pseudo
            items in front of it count backwards from -1) and "is_pseudo" (bool).
        """
        user_ids = np.arange(len(self)) if self.user_ids is None else self.user_ids
        lengths, is_pseudo = self.lengths, self.is_pseudo
        observed = np.append(np.flatnonzero(~is_pseudo), len(is_pseudo))
        n_before = np.concatenate(([0], (~is_pseudo).cumsum()))
        first = np.minimum(observed[n_before[self.offsets[:-1]]], self.offsets[1:])
        position = np.arange(len(self.values)) - np.repeat(first, lengths)
        return {
            "user": np.repeat(user_ids, lengths),
            "item": self.values,
            "position": position,
            "is_pseudo": is_pseudo,
        }

    def to_padded(
        self,
        length: int | None = None,
        pad_value: int | str = -1,
        side: Literal["left", "right"] = "left",
    ) -> IdArray:
        """Return the rows padded to one length.

        Parameters
        ----------
        length : int, default=None
            Number of columns; longer rows keep their most recent items. None takes
            the length of the longest row.
        pad_value : int or str, default=-1
            Filler, of the same type as the ids.
        side : {"left", "right"}, default="left"
            Side on which the filler goes.

        Returns
        -------
        ndarray of shape (n, length), int64 or str
            A new array.

        Raises
        ------
        TypeError
            If `pad_value` is not of the type of the ids.
        ValueError
            If `length` is negative or `side` unknown.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([[1], [2, 3]]).to_padded()
        array([[-1,  1],
               [ 2,  3]])
        """
        if side not in ("left", "right"):
            raise ValueError(f"side must be 'left' or 'right', got {side!r}.")
        if length is None:
            length = int(self.lengths.max(initial=0))
        rows = self.tail(length)
        filler = as_ids([pad_value], "pad_value")
        if rows.values.size and id_type(filler) != id_type(rows.values):
            raise TypeError(
                f"pad_value must be of type {id_type(rows.values)} as the ids are, got "
                f"{pad_value!r}."
            )
        dtype = common_dtype(rows.values, filler)
        padded = np.full((len(rows), length), filler[0], dtype=dtype)
        column, lengths = np.arange(length), rows.lengths[:, None]
        is_item = column >= length - lengths if side == "left" else column < lengths
        padded[is_item] = rows.values
        return padded

    def to_lists(self) -> list[list[Any]]:
        """Return the rows as n lists of Python ints or strings, with pseudo items."""
        flat = self.values.tolist()
        return [flat[start:stop] for start, stop in pairwise(self.offsets.tolist())]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Sequences cannot become an array without a copy.")
        rows = np.fromiter(self, dtype=object, count=len(self))
        return rows if dtype is None else rows.astype(dtype, copy=False)


def arrow_array(values: NDArray[Any], time_zone: str | None = None) -> Any:
    """Return numbers, dates or strings as an Arrow array; numbers are not copied.

    Dates get the zone; without it, they are naive.
    """
    pyarrow = import_extra("pyarrow", "frames")
    # Arrow has days and seconds, and nothing between or above them.
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in "YMWhm":
        values = values.astype("datetime64[s]")
    if values.dtype.kind == "M" and time_zone is not None:
        dates = values.astype(np.promote_types(values.dtype, "M8[s]"))
        unit = np.datetime_data(dates.dtype)[0]
        return pyarrow.array(dates, pyarrow.timestamp(unit, time_zone))
    # Of an array of strings, Arrow would take each up to its first NUL character.
    return pyarrow.array(values.tolist() if values.dtype.kind == "U" else values)
