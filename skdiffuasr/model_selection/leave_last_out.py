"""Hold out the last items of every history."""

from collections.abc import Iterator, Sized
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length

from skdiffuasr._typing import IdArray, IntArray, SequencesLike
from skdiffuasr.sequences import Sequences, check_sequences

# One item to train on, one to validate on and one to test on.
_MIN_ITEMS = 3


def leave_last_out(
    X: SequencesLike, *, short: str = "error"
) -> tuple[Sequences, IdArray, Sequences, IdArray]:
    """Split every history into training items, a validation item and a test item.

    A history ``(v_1, .., v_n)`` becomes ``(v_1, .., v_{n-2})``, ``v_{n-1}``,
    ``(v_1, .., v_{n-1})`` and ``v_n``. Tune on the first two parts, for instance with
    :class:`LeaveLastOut`, and report final results on the last two.

    Parameters
    ----------
    X : Sequences or iterable of array-like
        Histories, oldest item first.
    short : {"error", "drop"}, default="error"
        What to do with rows of fewer than 3 items, not counting pseudo items. "drop"
        removes them from all four parts.

    Returns
    -------
    X_train, y_valid : Sequences and ndarray of shape (n,)
        Histories without their last two items, and the second last items.
    X_test, y_test : Sequences and ndarray of shape (n,)
        Histories without their last items, and these.

    Raises
    ------
    ValueError
        If a row is too short and `short` is "error", no row is long enough, or an item
        to hold out is a pseudo item.

    Notes
    -----
    The last items of two users can lie years apart, so a model may be trained on
    events after the one it is asked to predict. Use :class:`TemporalSplit` where that
    matters.

    Examples
    --------
    >>> from skdiffuasr.model_selection import leave_last_out
    >>> X_train, y_valid, X_test, y_test = leave_last_out([[1, 2, 3, 4], [5, 6, 7]])
    >>> X_train.to_lists(), y_valid.tolist()
    ([[1, 2], [5]], [3, 6])
    >>> X_test.to_lists(), y_test.tolist()
    ([[1, 2, 3], [5, 6]], [4, 7])
    """
    if short not in ("error", "drop"):
        raise ValueError(f"short must be 'error' or 'drop'; got {short!r}.")
    X = check_sequences(X)
    n_items = X.lengths - X.n_pseudo
    enough = n_items >= _MIN_ITEMS
    if not enough.all() and short == "error":
        row = np.flatnonzero(~enough)[0]
        raise ValueError(
            f"Row {row} of X has {n_items[row]} items, {_MIN_ITEMS} are needed to hold "
            f"out two; {np.count_nonzero(~enough)} of {len(X)} rows are too short. "
            "short='drop' removes them."
        )
    if not enough.any():
        raise ValueError(f"No row of X has the {_MIN_ITEMS} items that are needed.")
    X = X if enough.all() else X[enough]
    check_held_out(X, _MIN_ITEMS - 1)
    X_test = X.drop_last()
    return X_test.drop_last(), X_test.last(), X_test, X.last()


def check_held_out(X: Sequences, n_items: int) -> None:
    """Raise if a pseudo item comes after one of the last `n_items` observed items."""
    tails = X.tail(n_items)
    n_needed = np.minimum(X.lengths - X.n_pseudo, n_items)
    is_missing = tails.lengths - tails.n_pseudo < n_needed
    if is_missing.any():
        raise ValueError(
            f"Row {is_missing.argmax()} of X has a pseudo item among the last "
            f"{n_items}, which are held out; hold them out first, then augment."
        )


class LeaveLastOut(BaseCrossValidator):
    """Cross-validator for held-out next items: fit on all of X, score on all of y.

    In next-item prediction `y` holds the item after each history in `X`. Estimators
    of this library never read `y` in `fit`, so all rows can take part in both training
    and evaluation, which the position in the history separates, not the row.
    :func:`leave_last_out` cuts histories into `X` and `y`.

    Examples
    --------
    >>> from skdiffuasr.model_selection import LeaveLastOut
    >>> cv = LeaveLastOut()
    >>> for train, test in cv.split([[1, 2], [3], [4, 5]], y=[3, 4, 6]):
    ...     print(train, test)
    [0 1 2] [0 1 2]
    """

    def split(
        self, X: Sized, y: Sized | None = None, groups: object = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield all rows for training and all rows for evaluation, once.

        Parameters
        ----------
        X : Sequences or list of shape (n,)
            Histories.
        y : array-like of shape (n,)
            The held-out item after each history.
        groups : object, default=None
            Ignored; present for API consistency.

        Yields
        ------
        train, test : ndarray of shape (n,), int64
            Rows to fit on and rows to score on.

        Raises
        ------
        ValueError
            If `y` is missing, as scores on X alone would be training scores, or does
            not match `X` in length.
        """
        if y is None:
            raise ValueError(
                "LeaveLastOut scores on y, the held-out next items, and got y=None. "
                "leave_last_out(X) cuts them off X."
            )
        check_consistent_length(X, y)
        rows = np.arange(len(X))
        yield rows, rows

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits, which is 1; the parameters are ignored."""
        return 1
