"""The data container of the package: a ragged batch of user histories."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences.arrow import to_table
from skdiffuasr.sequences.description import LogDescription, describe
from skdiffuasr.sequences.ids import as_ids, flatten_rows
from skdiffuasr.sequences.ragged import (
    check_parts,
    common_dtype,
    freeze,
    gather,
    id_type,
    join_rows,
    narrow,
    piece_positions,
    row_numbers,
)
from skdiffuasr.sequences.table import (
    column_names,
    column_of,
    group_sorted,
    read_columns,
    sort_columns,
)
from skdiffuasr.sequences.traps import count_repeated_ends, describe_repeated_ends, warn


class Sequences:
    """Ragged batch of user histories, oldest item first.

    Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``; its first ``n_pseudo[i]`` items
    are pseudo items, the others were observed. The batch indexes like a
    one-dimensional array, so scikit-learn can split it, and every selection takes
    pseudo counts and user ids along. An integer key gives one row as an array, slices,
    masks and collections of integers give `Sequences`; slices share the values.

    Parameters
    ----------
    values : array-like of shape (n_interactions,)
        Item ids of all rows, integers or strings.
    offsets : array-like of int of shape (n + 1,)
        Row boundaries: not decreasing, from 0 to ``n_interactions``.
    n_pseudo : array-like of int of shape (n,), default=None
        Number of leading pseudo items of each row. None means none.
    user_ids : array-like of shape (n,), default=None
        User id of each row, integers or strings. They need not be unique.
    is_target : array-like of bool of shape (n_interactions,), default=None
        Which items a recommender learns to predict. None means the observed ones.
    is_context : array-like of bool of shape (n_interactions,), default=None
        Which items are read as what later ones follow. An item that is no context is
        learned after the one before it, if it is a target, and then passed over. None
        means all. Recommenders read the last item of a row in any case.

    Attributes
    ----------
    values : ndarray of shape (n_interactions,), int64 or str
        Item ids, read-only.
    offsets : ndarray of shape (n + 1,), int64
        Row boundaries, read-only.
    n_pseudo : ndarray of shape (n,), int64
        Number of leading pseudo items of each row, read-only.
    user_ids : ndarray of shape (n,), int64 or str, or None
        User ids, read-only.
    is_target : ndarray of shape (n_interactions,), bool, or None
        Items to be learned, read-only.
    is_context : ndarray of shape (n_interactions,), bool, or None
        Items to be read, read-only.

    Raises
    ------
    TypeError
        If ids are neither all integers nor all strings.
    ValueError
        If another argument does not describe `values`.

    Examples
    --------
    >>> from skdiffuasr.sequences import Sequences
    >>> X = Sequences.from_iterable([[3, 1, 4], [1], [5, 9]])
    >>> X
    Sequences(n=3, n_interactions=6, lengths=1..3)
    >>> X[0]
    array([3, 1, 4])
    >>> X[[2, 1]].to_lists()
    [[5, 9], [1]]
    """

    values: IdArray
    offsets: IntArray
    n_pseudo: IntArray
    user_ids: IdArray | None
    is_target: NDArray[np.bool_] | None
    is_context: NDArray[np.bool_] | None

    def __init__(
        self,
        values: Any,
        offsets: Any,
        n_pseudo: Any = None,
        user_ids: Any = None,
        is_target: Any = None,
        is_context: Any = None,
    ) -> None:
        self.values = freeze(as_ids(values, "values"))
        self.offsets = freeze(_as_counts(offsets, "offsets"))
        if n_pseudo is None:
            n_pseudo = np.zeros_like(self.offsets[1:])
        self.n_pseudo = freeze(_as_counts(n_pseudo, "n_pseudo"))
        self.user_ids = None
        if user_ids is not None:
            self.user_ids = freeze(as_ids(user_ids, "user_ids"))
        self.is_target = self.is_context = None
        if is_target is not None:
            self.is_target = freeze(_as_mask(is_target, "is_target"))
        if is_context is not None:
            self.is_context = freeze(_as_mask(is_context, "is_context"))
        check_parts(*self._parts())

    @classmethod
    def from_iterable(cls, X: Any, user_ids: Any = None) -> Self:
        """Build from any iterable of id sequences.

        Parameters
        ----------
        X : iterable of n one-dimensional id sequences
            List of lists, generator, object array, list of arrays, or a list column
            of pandas, polars or pyarrow. `Sequences` keep their pseudo items.
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
            If `X` is two-dimensional, nested too deep, or misses ids.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable((["b", "a"], []), user_ids=[7, 8]).user_ids
        array([7, 8])
        """
        if isinstance(X, Sequences):
            user_ids = X.user_ids if user_ids is None else user_ids
            return cls(X.values, X.offsets, X.n_pseudo, user_ids, *X._masks())
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
        """Build from a log with one row per interaction.

        Parameters
        ----------
        frame : DataFrame, Table or dict of arrays
            Anything whose ``frame[column]`` is a one-dimensional array-like.
        user, item : str
            Names of the columns of user ids and item ids.
        time : str, default=None
            Name of a sortable column. Ties keep their order of appearance, and
            without it all interactions do.
        is_pseudo : str, default=None
            Name of a column of bools, or of 0 and 1, that marks pseudo items. None
            takes all items as observed.

        Returns
        -------
        Sequences
            One row per user, sorted by user id, with `user_ids` and `n_pseudo`.

        Raises
        ------
        TypeError
            If ids are neither all integers nor all strings.
        ValueError
            If a column does not exist or has missing values, or a pseudo item stands
            behind an observed one of the same user.

        Warns
        -----
        UserWarning
            If times mix units or time zones or are rounded, or the last interaction of
            a user is there twice; see
            :meth:`Interactions.describe <skdiffuasr.datasets.Interactions.describe>`.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> log = {"who": ["b", "a", "b"], "what": [1, 2, 3], "when": [9, 5, 8]}
        >>> X = Sequences.from_interactions(log, user="who", item="what", time="when")
        >>> X.to_lists()
        [[2], [3, 1]]
        """
        log = sort_columns(read_columns(frame, user, item, time, is_pseudo))
        warn(describe_repeated_ends(count_repeated_ends(*log)))
        return cls(*group_sorted(log))

    @classmethod
    def from_frame(cls, frame: Any) -> Self:
        """Build from a table with one row per history, as `to_arrow` makes them.

        Parameters
        ----------
        frame : DataFrame or Table of pandas, polars or pyarrow
            With a list column "items", and "user" and "n_pseudo" where there are any.

        Returns
        -------
        Sequences
            The same rows.

        Raises
        ------
        TypeError, ValueError
            As `from_iterable`, or if there is no column "items".

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_frame({"items": [[1, 2], [3]], "n_pseudo": [1, 0]})
        Sequences(n=2, n_interactions=3, lengths=1..2, n_pseudo=0..1)
        """
        values, offsets = flatten_rows(column_of(frame, "items"), "column 'items'")
        names = column_names(frame)
        n_pseudo = frame["n_pseudo"] if "n_pseudo" in names else None
        user_ids = frame["user"] if "user" in names else None
        return cls(values, offsets, n_pseudo, user_ids)

    def to_arrow(self) -> Any:
        """Return a pyarrow table with one row per history; see `from_frame`.

        Returns
        -------
        table : pyarrow.Table
            Columns "user" if there are user ids, "items" (lists) and "n_pseudo" if
            there are pseudo items. Integer ids are shared, not copied. `is_target`,
            `is_context` and other variants are left out.

        Raises
        ------
        ImportError
            If pyarrow is not installed.
        """
        return to_table(self.values, self.offsets, self.user_ids, self.n_pseudo)

    def to_pandas(self) -> Any:
        """Return a pandas data frame of Arrow columns; see `to_arrow`."""
        pandas = import_extra("pandas", "frames")
        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> Any:
        """Return a polars data frame; see `to_arrow`."""
        return import_extra("polars", "frames").from_arrow(self.to_arrow())

    def to_interactions(self) -> dict[str, NDArray[Any]]:
        """Return the log of interactions, one entry per item.

        Returns
        -------
        dict of ndarray of shape (n_interactions,)
            "user" (the user id, or the row's number without user ids), "item",
            "position" (int64; 0 is the first observed item, pseudo items count
            backwards from -1) and "is_pseudo" (bool).

        Examples
        --------
        >>> import numpy as np
        >>> from skdiffuasr.sequences import Sequences
        >>> X = Sequences.from_iterable([[5, 6]]).prepend(np.array([[8]]))
        >>> X.to_interactions()["position"]
        array([-1,  0,  1])
        """
        user_ids = np.arange(len(self)) if self.user_ids is None else self.user_ids
        lengths = self.lengths
        first_real = self.offsets[:-1] + self.n_pseudo
        position = np.arange(len(self.values)) - np.repeat(first_real, lengths)
        return {
            "user": np.repeat(user_ids, lengths),
            "item": self.values,
            "position": position,
            "is_pseudo": position < 0,
        }

    @property
    def shape(self) -> tuple[int]:
        """Shape of the batch, ``(n,)``."""
        return (len(self),)

    @property
    def lengths(self) -> IntArray:
        """Number of items of each row, pseudo items included; (n,) int64."""
        return np.diff(self.offsets)

    @property
    def variants(self) -> "tuple[Sequences, ...]":
        """Variants of the rows; one, the batch itself, unless `SequenceVariants`."""
        return (self,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[IdArray]:
        for start, stop in pairwise(self.offsets.tolist()):
            yield self.values[start:stop]

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> IdArray: ...
    @overload
    def __getitem__(self, key: slice | list[Any] | NDArray[Any]) -> "Sequences": ...
    @overload
    def __getitem__(self, key: tuple[Any, ...]) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        """Return one row for an integer, else the selected rows as `Sequences`."""
        if isinstance(key, tuple):
            key = _without_ellipsis(key)
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._slice(start, max(start, stop))
            return self._take(np.arange(start, stop, step))
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if not -len(self) <= key < len(self):
                raise IndexError(f"row {key} is out of bounds for {len(self)} rows.")
            row = int(key) % len(self)
            return self.values[self.offsets[row] : self.offsets[row + 1]]
        return self._take(row_numbers(key, len(self)))

    def _slice(self, start: int, stop: int) -> "Sequences":
        """Return the rows from start to stop, sharing the values."""
        offsets = self.offsets[start : stop + 1]
        inside = slice(offsets[0], offsets[-1])
        return Sequences(
            self.values[inside],
            offsets - offsets[0],
            self.n_pseudo[start:stop],
            None if self.user_ids is None else self.user_ids[start:stop],
            *(None if mask is None else mask[inside] for mask in self._masks()),
        )

    def _take(self, rows: NDArray[np.intp]) -> "Sequences":
        """Return copies of the rows with these numbers."""
        user_ids = None if self.user_ids is None else self.user_ids[rows]
        return self._gather(
            self.offsets[rows], self.lengths[rows], self.n_pseudo[rows], user_ids
        )

    def _gather(
        self,
        starts: IntArray,
        lengths: IntArray,
        n_pseudo: IntArray,
        user_ids: IdArray | None,
    ) -> "Sequences":
        """Return copies of the pieces of the values as rows."""
        positions, offsets = piece_positions(starts, lengths)
        masks = (None if mask is None else mask[positions] for mask in self._masks())
        return Sequences(self.values[positions], offsets, n_pseudo, user_ids, *masks)

    def _where(self, is_kept: NDArray[np.bool_]) -> "Sequences":
        """Return the rows with some of their items."""
        n_kept = np.concatenate(([0], is_kept.cumsum()))  # before a position
        offsets = n_kept[self.offsets]
        n_pseudo = n_kept[self.offsets[:-1] + self.n_pseudo] - offsets[:-1]
        masks = (None if mask is None else mask[is_kept] for mask in self._masks())
        return Sequences(self.values[is_kept], offsets, n_pseudo, self.user_ids, *masks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequences):
            return NotImplemented
        mine, others = self._parts(), other._parts()
        return len(mine) == len(others) and all(map(np.array_equal, mine, others))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = [f"n={len(self)}", f"n_interactions={len(self.values)}"]
        if len(self):
            parts.append(f"lengths={self.lengths.min()}..{self.lengths.max()}")
        if self.n_pseudo.any():
            parts.append(f"n_pseudo={self.n_pseudo.min()}..{self.n_pseudo.max()}")
        return f"Sequences({', '.join(parts)})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Sequences cannot become an array without a copy.")
        rows = np.fromiter(self, dtype=object, count=len(self))
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # A slice may keep strings wider than it needs; equal content must pickle equal.
        return type(self), tuple(map(_narrowed, self._parts()))

    def _parts(self) -> tuple[Any, ...]:
        """Return the arguments that rebuild the object."""
        parts = self.values, self.offsets, self.n_pseudo, self.user_ids
        if self.is_context is not None:
            return *parts, self.is_target, self.is_context
        return parts if self.is_target is None else (*parts, self.is_target)

    def _masks(self) -> tuple[NDArray[np.bool_] | None, ...]:
        return self.is_target, self.is_context

    def describe(self) -> LogDescription:
        """Look at a log: users, items, lengths, and what augmentation can do for it.

        Returns
        -------
        LogDescription
            Prints as a table; its `warnings` are sentences.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> X = Sequences.from_iterable([[1, 2, 1], [2, 3]])
        >>> X.describe().n_items
        3
        """
        observed = self.strip_pseudo()
        return describe(observed.values, observed.lengths, int(self.n_pseudo.sum()))

    def prepend(self, pseudo: Any) -> "Sequences":
        """Put pseudo items in front of each row.

        Parameters
        ----------
        pseudo : ndarray of shape (n, M), or Sequences or iterable of n rows
            Pseudo items of each row, oldest first, of the same id type.

        Returns
        -------
        Sequences
            The longer rows; `n_pseudo` grows by the number of items put in front.

        Raises
        ------
        TypeError
            If `pseudo` mixes integer and string ids with those of the rows.
        ValueError
            If `pseudo` does not have one row per row.

        Examples
        --------
        >>> import numpy as np
        >>> from skdiffuasr.sequences import Sequences
        >>> X = Sequences.from_iterable([[1], [2, 3]])
        >>> X.prepend(np.array([[8, 9], [6, 7]])).to_lists()
        [[8, 9, 1], [6, 7, 2, 3]]
        """
        if isinstance(pseudo, np.ndarray) and pseudo.dtype != object:
            pseudo = _rectangle(pseudo)
        elif not isinstance(pseudo, Sequences):
            pseudo = Sequences.from_iterable(pseudo)
        if len(pseudo) != len(self):
            raise ValueError(
                f"pseudo must have one row for each of the {len(self)} rows, got "
                f"{len(pseudo)}."
            )
        added = pseudo.lengths
        values, offsets = join_rows(pseudo.values, added, self.values, self.lengths)
        n_pseudo = self.n_pseudo + added
        masks = []
        # What is put in front is read, and not learned.
        for mask, front in zip(self._masks(), (False, True), strict=True):
            if mask is not None:
                in_front = np.full(len(pseudo.values), front)
                joined, _ = join_rows(in_front, added, mask, self.lengths)
                mask = joined.astype(bool)  # of no items it may be of any type
            masks.append(mask)
        return Sequences(values, offsets, n_pseudo, self.user_ids, *masks)

    def strip_pseudo(self) -> "Sequences":
        """Drop all pseudo items.

        Returns
        -------
        Sequences
            The observed items only; all ``n_pseudo`` are 0, `is_target` and
            `is_context` are None.

        Examples
        --------
        >>> import numpy as np
        >>> from skdiffuasr.sequences import Sequences
        >>> X = Sequences.from_iterable([[1], [2, 3]])
        >>> X.prepend(np.array([[8], [9]])).strip_pseudo() == X
        True
        """
        has_masks = self.is_target is not None or self.is_context is not None
        if not self.n_pseudo.any() and not has_masks:
            return self
        starts = self.offsets[:-1] + self.n_pseudo
        values, offsets = gather(self.values, starts, self.lengths - self.n_pseudo)
        return Sequences(values, offsets, user_ids=self.user_ids)

    def drop_passed_over(self) -> "Sequences":
        """Drop the items that are not read: those outside `is_context`.

        Returns
        -------
        Sequences
            The items that are read; `is_context` is None.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> is_context = [True, False, True, True]
        >>> X = Sequences([1, 2, 1, 2], [0, 4], [2], is_context=is_context)
        >>> X.drop_passed_over().to_lists()
        [[1, 1, 2]]
        """
        if self.is_context is None:
            return self
        parts = self.values, self.offsets, self.n_pseudo, self.user_ids, self.is_target
        return Sequences(*parts)._where(self.is_context)

    def drop_last(self, k: int | IntArray = 1) -> "Sequences":
        """Drop the most recent items of each row.

        Parameters
        ----------
        k : int or ndarray of int of shape (n,), default=1
            Number of items to drop, for all rows or for each. Rows of at most `k`
            items become empty.

        Returns
        -------
        Sequences
            The shorter rows.

        Raises
        ------
        ValueError
            If `k` is negative.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([[1], [2, 3]]).drop_last().to_lists()
        [[], [2]]
        """
        _check_not_negative(k, "k")
        lengths = np.maximum(self.lengths - k, 0)
        n_pseudo = np.minimum(self.n_pseudo, lengths)
        return self._gather(self.offsets[:-1], lengths, n_pseudo, self.user_ids)

    def tail(self, max_length: int | IntArray) -> "Sequences":
        """Keep the most recent items of each row.

        Parameters
        ----------
        max_length : int or ndarray of int of shape (n,)
            Largest number of items to keep, for all rows or for each.

        Returns
        -------
        Sequences
            The rows cut from the left, `n_pseudo` with them.

        Raises
        ------
        ValueError
            If `max_length` is negative.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([[1], [2, 3, 4]]).tail(2).to_lists()
        [[1], [3, 4]]
        """
        _check_not_negative(max_length, "max_length")
        lengths = np.minimum(self.lengths, max_length)
        n_pseudo = np.maximum(self.n_pseudo - (self.lengths - lengths), 0)
        starts = self.offsets[1:] - lengths
        return self._gather(starts, lengths, n_pseudo, self.user_ids)

    def last(self) -> IdArray:
        """Return the most recent item of each row.

        Returns
        -------
        ndarray of shape (n,), int64 or str
            The last items.

        Raises
        ------
        ValueError
            If a row is empty.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([[1], [2, 3]]).last()
        array([1, 3])
        """
        check_sequences(self, min_length=1)
        return self.values[self.offsets[1:] - 1]

    def to_padded(
        self,
        length: int | None = None,
        pad_value: int | str = -1,
        side: Literal["left", "right"] = "left",
    ) -> IdArray:
        """Return a rectangle of ids, one row each.

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
            The padded rows, a new array.

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
        column = np.arange(length)
        if side == "left":
            filled = column >= length - rows.lengths[:, None]
        else:
            filled = column < rows.lengths[:, None]
        padded[filled] = rows.values
        return padded

    def to_lists(self) -> list[list[Any]]:
        """Return the rows as lists of Python ints or strings.

        Returns
        -------
        list of n lists
            The rows, pseudo items included.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([["a"], []]).to_lists()
        [['a'], []]
        """
        flat = self.values.tolist()
        return [flat[start:stop] for start, stop in pairwise(self.offsets.tolist())]


def check_sequences(X: Any, *, min_length: int = 0, input_name: str = "X") -> Sequences:
    """Check user histories; every public entry point of the package calls this.

    Parameters
    ----------
    X : Sequences or iterable of n one-dimensional id sequences
        User histories, oldest item first. See `Sequences.from_iterable`.
    min_length : int, default=0
        Smallest number of items a row must have.
    input_name : str, default="X"
        Name of the input in error messages.

    Returns
    -------
    Sequences
        `X` itself if it is `Sequences`, else its rows.

    Raises
    ------
    TypeError
        If a row is not a sequence, or an id is neither an integer nor a string.
    ValueError
        If there are no rows, a row is too short, or `X` is not one sequence of ids
        per row.

    Examples
    --------
    >>> from skdiffuasr.sequences import check_sequences
    >>> check_sequences([[1, 2], []], min_length=1)
    Traceback (most recent call last):
        ...
    ValueError: Row 1 of X has 0 items, while a minimum of 1 is required.
    """
    if not isinstance(X, Sequences):
        X = Sequences(*flatten_rows(X, input_name))
    if len(X) == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={X.shape}) in {input_name}, while a "
            "minimum of 1 is required."
        )
    too_short = X.lengths < min_length
    if too_short.any():
        row = int(too_short.argmax())
        raise ValueError(
            f"Row {row} of {input_name} has {X.lengths[row]} items, while a minimum "
            f"of {min_length} is required."
        )
    return X


def _narrowed(ids: IdArray | None) -> IdArray | None:
    """Return the ids themselves, or a frozen copy if strings are wider than needed."""
    if ids is None or (narrowed := narrow(ids)) is ids:
        return ids
    return freeze(narrowed)


def _as_counts(counts: Any, name: str) -> IntArray:
    """Return one-dimensional int64 counts."""
    array = as_ids(counts, name)
    if id_type(array) != "int":
        raise TypeError(f"{name} must hold integers, got dtype {array.dtype}.")
    return array


def _as_mask(mask: Any, name: str) -> NDArray[np.bool_]:
    """Return an array of bools."""
    array = np.asarray(mask)
    if array.dtype != bool:
        raise TypeError(f"{name} must hold bools, got dtype {array.dtype}.")
    return array


def _rectangle(array: IdArray) -> Sequences:
    """Return the rows of a two-dimensional array."""
    if array.ndim != 2:
        raise ValueError(
            "pseudo must be Sequences or an array of shape (n, M), got an array of "
            f"shape {array.shape}."
        )
    n_rows, n_columns = array.shape
    return Sequences(array.ravel(), np.arange(n_rows + 1) * n_columns)


def _without_ellipsis(key: tuple[Any, ...]) -> Any:
    """Return the row key of ``X[key]`` or ``X[key, ...]``."""
    if len(key) == 1 or (len(key) == 2 and key[1] is Ellipsis):
        return key[0]
    raise IndexError(f"Sequences have one axis, got the index {key}.")


def _check_not_negative(value: int | IntArray, name: str) -> None:
    """Refuse negative counts."""
    if np.any(np.less(value, 0)):
        raise ValueError(f"{name} must not be negative, got {value}.")
