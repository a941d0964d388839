"""Split all histories at one point in time."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_scalar

from skdiffuasr._typing import IdArray
from skdiffuasr.model_selection.cutoffs import is_at_or_after
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.table import (
    column_names,
    group_sorted,
    read_columns,
    sort_columns,
)
from skdiffuasr.sequences.traps import describe_repeated_ends, warn


class TemporalSplit:
    """Train on everything before a cutoff, test on each user's first item after it.

    Unlike :class:`LeaveLastOut`, no training interaction of anyone is later than an
    item that is to be predicted, as in a system in use.

    Users are evaluated if they have interactions both before the cutoff and at or after
    it. Users who appear only before it are trained on.

    Parameters
    ----------
    cutoff : int, float, str or datetime-like, default=None
        First time of the test period, compared exactly. For a column of dates a date
        of Python, NumPy, pandas or pyarrow in any unit, or an ISO 8601 text such as
        ``"2014-07-01"``; those with a time zone become UTC, as in the column. None
        places it so that `test_fraction` of the interactions happen at or after it.
    test_fraction : float, default=0.2
        Fraction of the interactions in the test period, between 0 and 1. It can be
        larger, as interactions at the same time stay together. Ignored if `cutoff` is
        given.

    Examples
    --------
    >>> from skdiffuasr.datasets import Interactions
    >>> from skdiffuasr.model_selection import TemporalSplit
    >>> log = Interactions(
    ...     user=["ann", "ann", "bob", "ann", "bob", "cem"],
    ...     item=[1, 2, 3, 4, 5, 6],
    ...     time=[10, 11, 12, 20, 21, 22],
    ... )
    >>> X_train, X_test, y_test = TemporalSplit(cutoff=20).split(log)
    >>> X_train.to_lists(), X_test.to_lists(), y_test.tolist()
    ([[1, 2], [3]], [[1, 2], [3]], [4, 5])
    """

    def __init__(self, cutoff: Any = None, *, test_fraction: float = 0.2) -> None:
        self.cutoff = cutoff
        self.test_fraction = test_fraction

    def __repr__(self) -> str:
        """Show the parameters."""
        return (
            f"TemporalSplit(cutoff={self.cutoff!r}, "
            f"test_fraction={self.test_fraction!r})"
        )

    def split(
        self,
        interactions: Any,
        *,
        user: str = "user",
        item: str = "item",
        time: str = "time",
    ) -> tuple[Sequences, Sequences, IdArray]:
        """Split interactions into training histories, test histories and targets.

        Parameters
        ----------
        interactions : Interactions, data frame or mapping of arrays
            In any order.
        user, item, time : str, default="user", "item", "time"
            Names of its columns.

        Returns
        -------
        X_train : Sequences of shape (n_train_users,)
            Histories strictly before the cutoff, with `user_ids`.
        X_test : Sequences of shape (n_test_users,)
            The rows of `X_train` whose users are evaluated.
        y_test : ndarray of shape (n_test_users,)
            The first item of each evaluated user at or after the cutoff. Of several
            at that time, the first in `interactions`.

        Raises
        ------
        TypeError
            If times and cutoff cannot be compared.
        ValueError
            If there are no interactions, or pseudo items among them, there is no time
            column, a time or the cutoff is missing, no interaction lies before the
            cutoff or none at or after it, or no user can be evaluated.

        Warns
        -----
        UserWarning
            See `Sequences.from_interactions`.
        """
        check_scalar(
            self.test_fraction,
            "test_fraction",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )
        is_pseudo = "is_pseudo" if "is_pseudo" in column_names(interactions) else None
        log = read_columns(interactions, user, item, time, is_pseudo)
        if log.is_pseudo is not None and log.is_pseudo.any():
            raise ValueError("The log has pseudo items; split it first, then augment.")
        if len(log.users) == 0:
            raise ValueError("There are no interactions to split.")
        log = sort_columns(log)
        warn(describe_repeated_ends(*log))
        histories = Sequences._unchecked(*group_sorted(log))
        is_after = self._is_after(np.asarray(log.times))
        n_after = np.add.reduceat(is_after, histories.offsets[:-1], dtype=np.int64)

        # Rows are sorted by time: what lies after the cutoff is their end.
        before = histories.drop_last(n_after)
        has_before = before.lengths > 0
        is_evaluated = has_before & (n_after > 0)
        if not is_evaluated.any():
            raise ValueError(
                "No user has interactions both before and after the cutoff."
            )
        first_after = histories.offsets[1:] - n_after
        y_test = histories.values[first_after[is_evaluated]]
        return before[has_before], before[is_evaluated], y_test

    def _is_after(self, times: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
        """Mark the interactions at or after the cutoff."""
        cutoff = self.cutoff
        if cutoff is None:
            cutoff = default_cutoff(times, self.test_fraction)
        is_after = is_at_or_after(times, cutoff)
        if is_after.all() or not is_after.any():
            raise ValueError(
                f"The cutoff {cutoff} leaves no interactions on one side; the log runs "
                f"from {times.min()} to {times.max()}."
            )
        return is_after


def default_cutoff(times: npt.NDArray[np.generic], test_fraction: float) -> Any:
    """Return the first time of the test period where no cutoff is given."""
    n_test = max(1, round(test_fraction * len(times)))
    return np.sort(times)[-n_test]
