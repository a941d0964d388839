"""The data container: a ragged batch of user histories."""

from typing import Any

import numpy as np

from skdiffuasr._typing import IdArray
from skdiffuasr.sequences.conversion import ConvertibleRows
from skdiffuasr.sequences.description import LogDescription, describe
from skdiffuasr.sequences.ids import flatten_rows
from skdiffuasr.sequences.ragged import check_lengths, freeze, join_rows, narrow
from skdiffuasr.sequences.roles import GENERATED, OBSERVED


class Sequences(ConvertibleRows):
    """Ragged batch of user histories, oldest item first.

    Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``, and `roles` tell whether an item
    was observed or generated, is learned, and is read. The batch indexes like a
    one-dimensional array, so scikit-learn can split it, and selections keep roles and
    user ids. An integer key gives one row as an array; slices, masks and collections of
    integers give `Sequences`; slices share the values.

    Parameters
    ----------
    values : array-like of shape (n_interactions,)
        Item ids of all rows, integers or strings.
    offsets : array-like of int of shape (n + 1,)
        Row boundaries: not decreasing, from 0 to ``n_interactions``.
    roles : array-like of int of shape (n_interactions,), default=None
        Sums of `Role`, see `make_roles`. None means that all items were observed, are
        learned and are read.
    user_ids : array-like of shape (n,), default=None
        User id of each row, integers or strings. They need not be unique.

    Attributes
    ----------
    values, offsets, roles, user_ids : ndarray or None
        The parameters as read-only arrays: ids as int64 or str, offsets as int64,
        roles as uint8; None if all roles are ``TARGET | CONTEXT``.

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

    @property
    def variants(self) -> "tuple[Sequences, ...]":
        """Variants of the rows; one, the batch itself, unless `SequenceVariants`."""
        return (self,)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequences):
            return NotImplemented
        return all(map(np.array_equal, self._parts(), other._parts()))

    def __repr__(self) -> str:
        parts = [f"n={len(self)}", f"n_interactions={len(self.values)}"]
        if len(self):
            parts.append(f"lengths={self.lengths.min()}..{self.lengths.max()}")
        if (n_pseudo := self.n_pseudo).any():
            parts.append(f"n_pseudo={n_pseudo.min()}..{n_pseudo.max()}")
        return f"Sequences({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A slice may keep strings wider than it needs; equal content must pickle equal.
        parts = self._parts()
        return type(self), tuple(p if p is None else freeze(narrow(p)) for p in parts)

    def describe(self) -> LogDescription:
        """Summarize users, items, lengths, and obstacles to augmentation.

        Returns
        -------
        LogDescription
            Prints as a table; its `warnings` are sentences.
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
            The longer rows. Pseudo items are read and not learned.

        Raises
        ------
        TypeError
            If `pseudo` mixes integer and string ids with those of the rows.
        ValueError
            If `pseudo` does not have one row per row.

        Examples
        --------
        >>> from skdiffuasr.sequences import Sequences
        >>> Sequences.from_iterable([[1], [2, 3]]).prepend([[8, 9], [7]]).to_lists()
        [[8, 9, 1], [7, 2, 3]]
        """
        if isinstance(pseudo, np.ndarray) and pseudo.dtype != object:
            pseudo = rectangle(pseudo, "pseudo")
        elif not isinstance(pseudo, Sequences):
            pseudo = Sequences.from_iterable(pseudo)
        if len(pseudo) != len(self):
            raise ValueError(
                f"pseudo must have one row for each of the {len(self)} rows, got "
                f"{len(pseudo)}."
            )
        values, offsets, in_front = join_rows(
            pseudo.values, pseudo.lengths, self.values, self.lengths
        )
        roles = np.full(len(values), GENERATED, dtype=np.uint8)
        roles[~in_front] = OBSERVED if self.roles is None else self.roles
        return Sequences._unchecked(values, offsets, roles, self.user_ids)

    def strip_pseudo(self) -> "Sequences":
        """Drop all pseudo items.

        Returns
        -------
        Sequences
            The observed items, all of them learned and read: other roles may have
            depended on the items that are gone.
        """
        if self.roles is None:
            return self
        unlabelled = self.values, self.offsets, None, self.user_ids
        return Sequences._unchecked(*unlabelled)._where(~self.is_pseudo)


def check_sequences(X: Any, *, min_length: int = 0, input_name: str = "X") -> Sequences:
    """Return user histories as checked `Sequences`, as every entry point does.

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
        If there are no rows, a row is too short or nested, or an id is missing.

    Examples
    --------
    >>> from skdiffuasr.sequences import check_sequences
    >>> check_sequences([[1, 2], []], min_length=1)
    Traceback (most recent call last):
        ...
    ValueError: Row 1 of X has 0 items, while a minimum of 1 is required.
    """
    if not isinstance(X, Sequences):
        X = Sequences._unchecked(*flatten_rows(X, input_name))
    if len(X) == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={X.shape}) in {input_name}, while a "
            "minimum of 1 is required."
        )
    check_lengths(X.lengths, min_length, input_name)
    return X


def rectangle(array: IdArray, name: str) -> Sequences:
    """Return the rows of a two-dimensional array."""
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be Sequences or an array of shape (n, M), got an array of "
            f"shape {array.shape}."
        )
    n_rows, n_columns = array.shape
    return Sequences(array.ravel(), np.arange(n_rows + 1) * n_columns)
