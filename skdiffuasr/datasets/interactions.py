"""A log of user-item interactions as columns."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.column_names import ColumnUse
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.description import LogDescription, ends_in_words
from skdiffuasr.sequences.table import (
    group_sorted,
    read_columns,
    sort_columns,
    sorted_rows,
)
from skdiffuasr.sequences.time_zones import zone_by_name, zone_of
from skdiffuasr.sequences.traps import (
    describe_repeated_ends,
    describe_times,
)

_NAMES = ("user", "item", "time", "is_pseudo")


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """Columns of a log, one entry per interaction.

    The columns can be read by name like those of a data frame, so an instance can be
    passed wherever a frame of interactions is accepted. Interactions of a user at the
    same time keep the order in which they appear, and an item that a user has more than
    once is kept as often, unless `drop_duplicates` is called.

    Parameters
    ----------
    user : array-like of shape (n_interactions,)
        User ids, integers or strings.
    item : array-like of shape (n_interactions,)
        Item ids, integers or strings.
    time : array-like of shape (n_interactions,), default=None
        When each interaction happened: numbers, dates or ISO 8601 texts. Dates become
        datetime64 of the unit that they have; those with a time zone become UTC. None
        if the order of the rows is all that is known.
    is_pseudo : array-like of shape (n_interactions,), bool or 0 and 1, default=None
        Which items were generated. None if all were observed.
    time_zone : str, default=None
        The zone in which `write_interactions` writes the times, which are UTC then: a
        name, ``"UTC"`` or an offset such as ``"+02:00"``. None takes that of `time`, or
        UTC if its zones differ; it stays None if `time` has none.

    Attributes
    ----------
    column_use : ColumnUse or None
        Which columns of a file were read (``used``, by role) and which were not
        (``ignored``); None if the log was not read from a file. Prints as a sentence.

    Raises
    ------
    TypeError
        If the ids or times are of another type.
    ValueError
        If the columns are not one-dimensional or differ in length, `is_pseudo` has
        another value, or the time zone is not known.

    Warns
    -----
    UserWarning
        If some times have a time zone and others none, some look like seconds and
        others like milliseconds, or floats are too coarse to tell them apart. Logs
        made from this one by its methods do not warn again.

    See Also
    --------
    read_interactions : Read a log from a file.
    k_core : Drop rare users and items.

    Examples
    --------
    >>> from skdiffuasr.datasets import Interactions
    >>> log = Interactions(user=[7, 8, 7], item=["b", "c", "a"], time=[30, 20, 10])
    >>> log
    Interactions(n=3, n_users=2, n_items=3, time=10..30)
    >>> log.to_sequences().to_lists()
    [['a', 'b'], ['c']]
    """

    user: IdArray
    item: IdArray
    time: npt.NDArray[np.generic] | None = None
    is_pseudo: npt.NDArray[np.bool_] | None = None
    time_zone: str | None = None
    column_use: ColumnUse | None = field(default=None, init=False)

    #: Tells `Sequences.from_interactions` not to warn of the times again.
    _times_are_checked: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Convert the columns to arrays and check them."""
        zone = zone_of(self.time) if self.time_zone is None else self.time_zone
        if zone is not None:
            zone_by_name(zone)  # which raises if there is none
        vars(self)["time_zone"] = zone
        columns = {name: getattr(self, name) for name in _NAMES}
        checked = read_columns(columns, **self._roles())
        vars(self).update(zip(_NAMES, checked, strict=True))  # others cannot: frozen

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: user, item and, if known, time and is_pseudo."""
        return tuple(name for name in _NAMES if getattr(self, name) is not None)

    def __len__(self) -> int:
        """Return the number of interactions."""
        return len(self.user)

    def __getitem__(self, column: str) -> npt.NDArray[np.generic]:
        """Return a column by name."""
        if column not in self.columns:
            raise KeyError(f"{column!r}; the columns are {', '.join(self.columns)}.")
        values: npt.NDArray[np.generic] = getattr(self, column)
        return values

    def __eq__(self, other: object) -> bool:
        """Return whether two logs have equal columns, and times of the same zone."""
        if not isinstance(other, Interactions):
            return NotImplemented
        return (
            self.columns == other.columns
            and self.time_zone == other.time_zone
            and all(
                np.array_equal(self[column], other[column]) for column in self.columns
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Say how large the log is."""
        n_users, n_items = len(np.unique(self.user)), len(np.unique(self.item))
        parts = [f"n={len(self)}", f"n_users={n_users}", f"n_items={n_items}"]
        if self.time is not None and len(self):
            parts.append(f"time={self.time.min()}..{self.time.max()}")
        if self.is_pseudo is not None:
            parts.append(f"n_pseudo={self.is_pseudo.sum()}")
        return f"Interactions({', '.join(parts)})"

    def take(self, rows: npt.ArrayLike) -> "Interactions":
        """Select interactions by position or mask.

        Parameters
        ----------
        rows : array-like of shape (n_selected,), int or (n_interactions,), bool
            Positions, in the order wanted, or which interactions to keep.

        Returns
        -------
        interactions : Interactions
            The selected interactions.

        Raises
        ------
        IndexError
            If there is no such position, or the mask is of another length.
        ValueError
            If `rows` is not one-dimensional.
        """
        rows = np.asarray(rows)
        if rows.size == 0:
            rows = rows.astype(np.intp)  # numpy makes floats of an empty list
        if rows.ndim != 1:
            raise ValueError(
                f"rows must be one-dimensional, got an array of shape {rows.shape}."
            )
        taken = object.__new__(Interactions)  # the columns are checked already
        vars(taken).update(vars(self))
        vars(taken).update((name, self[name][rows]) for name in self.columns)
        return taken

    def sort(self) -> "Interactions":
        """Sort by user and time: the order of the items in `to_sequences`.

        Returns
        -------
        interactions : Interactions
            The same interactions; those of a user at the same time keep their order.
        """
        return self.take(sorted_rows(self.user, self.time))

    def drop_duplicates(
        self, keep: Literal["first", "last"] = "first"
    ) -> "Interactions":
        """Keep one interaction of each user with each item.

        Pseudo items count apart: one stays beside an observed interaction.

        Parameters
        ----------
        keep : {"first", "last"}, default="first"
            Which one, by time; at the same time, and without times, by order of
            appearance.

        Returns
        -------
        interactions : Interactions
            The interactions that are kept, in the order of this log.

        Raises
        ------
        ValueError
            If `keep` is something else.

        Examples
        --------
        >>> from skdiffuasr.datasets import Interactions
        >>> log = Interactions(user=[7, 7, 7], item=[1, 2, 1], time=[30, 20, 10])
        >>> log.drop_duplicates().time
        array([20, 10])
        >>> log.drop_duplicates(keep="last").time
        array([30, 20])
        """
        if keep not in ("first", "last"):
            raise ValueError(f"keep must be 'first' or 'last', got {keep!r}.")
        users = np.unique(self.user, return_inverse=True)[1]
        items = np.unique(self.item, return_inverse=True)[1]
        pairs = users * (items.max(initial=0) + 1) + items
        if self.is_pseudo is not None:
            pairs = 2 * pairs + self.is_pseudo
        order = sorted_rows(pairs, self.time)[:: 1 if keep == "first" else -1]
        is_kept = np.diff(pairs[order], prepend=-1) != 0
        return self.take(np.sort(order[is_kept]))

    def to_sequences(self) -> Sequences:
        """Group the log by user.

        Returns
        -------
        X : Sequences of shape (n_users,)
            One history per user in the order of the user ids, oldest item first; at
            the same time, and without times, in the order of the log.

        Warns
        -----
        UserWarning
            If the last interaction of a user is there twice: the same item at the same
            time.
        """
        return Sequences.from_interactions(self, **self._roles())

    def _roles(self) -> dict[str, Any]:
        """Return the names of the columns, None for those that are not known."""
        return {name: name if name in self.columns else None for name in _NAMES}

    def describe(self) -> LogDescription:
        """Describe the log as `Sequences.describe` does, and what its times hide.

        Mixed time zones are not among it: only the warning at the time of reading tells
        of them, and ``skdiffuasr describe``.

        Returns
        -------
        LogDescription
            Prints as a table; its `warnings` are sentences.

        Examples
        --------
        >>> from skdiffuasr.datasets import Interactions
        >>> log = Interactions(user=[7, 8, 7, 7], item=[1, 2, 3, 3], time=[3, 3, 4, 4])
        >>> print(log.describe().warnings[-1])  # doctest: +ELLIPSIS
        the last interaction is there twice, with the same item and time, for 1 user...
        """
        log = sort_columns(read_columns(self, **self._roles()))
        description = Sequences._unchecked(*group_sorted(log)).describe()
        found = (
            *description.warnings,
            *describe_times(log.users, log.times),
            *describe_repeated_ends(*log),
        )
        if log.times is None or not len(log.times):
            return replace(description, warnings=found)
        is_same = [column[1:] == column[:-1] for column in (log.users, log.times)]
        is_tied = is_same[0] & is_same[1]  # with the one before
        is_last = np.append(~is_same[0][1:], True)[: len(is_tied)]
        pairs = np.unique(np.rec.fromarrays([log.users, log.items, log.times]))
        return replace(
            description,
            warnings=found,
            time_range=ends_in_words(log.times, self.time_zone),
            tied_end_share=float((is_tied & is_last).sum()) / description.n_users,
            n_duplicates=len(log.times) - len(pairs),
        )
