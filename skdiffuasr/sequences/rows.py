"""Ragged rows, stored as flat values and offsets, and selections of them."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray, RoleArray
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import (
    check_lengths,
    check_parts,
    freeze,
    id_type,
    piece_positions,
    row_numbers,
)
from skdiffuasr.sequences.roles import OBSERVED, Role, as_roles


class RaggedRows:
    """The rows of `Sequences`: their parts, and selections of them."""

    values: IdArray
    offsets: IntArray
    roles: RoleArray | None
    user_ids: IdArray | None

    def __init__(
        self, values: Any, offsets: Any, roles: Any = None, user_ids: Any = None
    ) -> None:
        values = as_ids(values, "values")
        offsets = as_ids(offsets, "offsets")
        if id_type(offsets) != "int":
            raise TypeError(f"offsets must hold integers, got dtype {offsets.dtype}.")
        roles = None if roles is None else as_roles(roles)
        user_ids = None if user_ids is None else as_ids(user_ids, "user_ids")
        check_parts(values, offsets, roles, user_ids)
        self._set_parts(values, offsets, roles, user_ids)

    @classmethod
    def _unchecked(cls, *parts: Any) -> Self:
        """Build from parts of rows that were checked; see `_set_parts`."""
        rows = cls.__new__(cls)
        rows._set_parts(*parts)
        return rows

    def _set_parts(
        self,
        values: IdArray,
        offsets: IntArray,
        roles: RoleArray | None = None,
        user_ids: IdArray | None = None,
    ) -> None:
        """Store the parts, equal content equally."""
        self.values = freeze(values)
        self.offsets = freeze(offsets)
        if roles is not None and (roles == OBSERVED).all():
            roles = None
        self.roles = None if roles is None else freeze(roles)
        self.user_ids = None if user_ids is None else freeze(user_ids)

    def _parts(self) -> tuple[Any, ...]:
        """Return the arguments that rebuild the batch."""
        return self.values, self.offsets, self.roles, self.user_ids

    @property
    def shape(self) -> tuple[int]:
        """Shape of the batch, ``(n,)``."""
        return (len(self),)

    @property
    def lengths(self) -> IntArray:
        """Number of items of each row, pseudo items included; (n,) int64."""
        return np.diff(self.offsets)

    @property
    def n_pseudo(self) -> IntArray:
        """Number of pseudo items of each row; (n,) int64."""
        if self.roles is None:
            return np.zeros(len(self), dtype=np.int64)
        pseudo = np.flatnonzero(self.is_pseudo)
        return np.diff(np.searchsorted(pseudo, self.offsets))

    @property
    def is_pseudo(self) -> NDArray[np.bool_]:
        """Which items were generated; (n_interactions,) bool."""
        return self._has(Role.PSEUDO)

    @property
    def is_target(self) -> NDArray[np.bool_]:
        """Which items a recommender learns to predict; (n_interactions,) bool."""
        return self._has(Role.TARGET)

    @property
    def is_context(self) -> NDArray[np.bool_]:
        """Which items later ones are predicted from; (n_interactions,) bool."""
        return self._has(Role.CONTEXT)

    def _has(self, flag: int) -> NDArray[np.bool_]:
        if self.roles is None:
            return np.full(len(self.values), bool(flag & OBSERVED))
        return (self.roles & np.uint8(flag)).astype(bool)

    def _rows(self) -> NDArray[np.intp]:
        """Return the row of each item, (n_interactions,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[IdArray]:
        for start, stop in pairwise(self.offsets.tolist()):
            yield self.values[start:stop]

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> IdArray: ...
    @overload
    def __getitem__(self, key: slice | list[Any] | NDArray[Any]) -> Self: ...
    @overload
    def __getitem__(self, key: tuple[Any, ...]) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        """Return one row for an integer, else the selected rows as `Sequences`."""
        if isinstance(key, tuple):  # X[key, ...], as scikit-learn indexes
            if len(key) != 1 and (len(key) != 2 or key[1] is not Ellipsis):
                raise IndexError(f"Sequences have one axis, got the index {key}.")
            key = key[0]
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

    def _slice(self, start: int, stop: int) -> Self:
        """Return the rows from start to stop, sharing the values."""
        offsets = self.offsets[start : stop + 1]
        user_ids = None if self.user_ids is None else self.user_ids[start:stop]
        items = slice(offsets[0], offsets[-1])
        return self._select(items, offsets - offsets[0], user_ids)

    def _take(self, rows: NDArray[np.intp]) -> Self:
        """Return copies of the rows with these numbers."""
        user_ids = None if self.user_ids is None else self.user_ids[rows]
        return self._gather(self.offsets[rows], self.lengths[rows], user_ids)

    def _gather(
        self, starts: IntArray, lengths: IntArray, user_ids: IdArray | None
    ) -> Self:
        """Return copies of the pieces of the values as rows."""
        positions, offsets = piece_positions(starts, lengths)
        return self._select(positions, offsets, user_ids)

    def _where(self, is_kept: NDArray[np.bool_]) -> Self:
        """Return the rows with some of their items."""
        kept = np.flatnonzero(is_kept)
        return self._select(kept, np.searchsorted(kept, self.offsets), self.user_ids)

    def _select(self, items: Any, offsets: IntArray, user_ids: IdArray | None) -> Self:
        """Return some of the items as rows."""
        roles = None if self.roles is None else self.roles[items]
        return self._unchecked(self.values[items], offsets, roles, user_ids)

    def drop_last(self, k: int | IntArray = 1) -> Self:
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
        """
        _check_not_negative(k, "k")
        lengths = np.maximum(self.lengths - k, 0)
        return self._gather(self.offsets[:-1], lengths, self.user_ids)

    def tail(self, max_length: int | IntArray) -> Self:
        """Keep the most recent items of each row.

        Parameters
        ----------
        max_length : int or ndarray of int of shape (n,)
            Largest number of items to keep, for all rows or for each.

        Returns
        -------
        Sequences
            The rows cut from the left.

        Raises
        ------
        ValueError
            If `max_length` is negative.
        """
        _check_not_negative(max_length, "max_length")
        lengths = np.minimum(self.lengths, max_length)
        return self._gather(self.offsets[1:] - lengths, lengths, self.user_ids)

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
        """
        check_lengths(self.lengths, 1, "X")
        return self.values[self.offsets[1:] - 1]


def _check_not_negative(value: int | IntArray, name: str) -> None:
    """Raise for negative counts."""
    if np.any(np.less(value, 0)):
        raise ValueError(f"{name} must not be negative, got {value}.")
