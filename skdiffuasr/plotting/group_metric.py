"""A metric by group of users."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import RandomState, SequencesLike
from skdiffuasr.metrics import Groups, NextItemScorer, length_groups
from skdiffuasr.metrics._checks import check_values
from skdiffuasr.plotting._display import Axes, check_matplotlib
from skdiffuasr.plotting._intervals import IntervalsDisplay, group_intervals
from skdiffuasr.sequences import check_sequences


class GroupMetricDisplay(IntervalsDisplay):
    """Mean of a metric in each group of users, with bootstrap intervals.

    Use `from_estimator` or `from_predictions` to make one.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import length_groups
    >>> from skdiffuasr.plotting import GroupMetricDisplay
    >>> groups = length_groups(np.array([3, 4, 30, 40]))
    >>> display = GroupMetricDisplay.from_predictions(
    ...     [0.0, 1.0, 1.0, 1.0], groups, metric="hr@10"
    ... )
    >>> display.means
    array([0.5, nan, 1. ])
    """

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: SequencesLike,
        y: npt.ArrayLike,
        *,
        metric: str = "ndcg@10",
        groups: Groups | None = None,
        filter_seen: bool = False,
        name: str | None = None,
        ax: Axes | None = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Rank the next items and draw the metric by group.

        Parameters
        ----------
        groups : Groups, default=None
            Of the n users. None takes those of `length_groups`.
        name : str, default=None
            Name of the model in the legend; None takes that of the class.

        Raises
        ------
        ValueError
            If `groups` has another number of users than `X`.
        """
        check_matplotlib()
        histories = check_sequences(X)
        if groups is None:
            groups = length_groups(histories.lengths - histories.n_pseudo)
        scorer = NextItemScorer((metric,), filter_seen=filter_seen)
        return cls.from_predictions(
            scorer.per_user(estimator, histories, y)[metric],
            groups,
            metric=metric,
            name=type(estimator).__name__ if name is None else name,
            ax=ax,
            random_state=random_state,
        )

    @classmethod
    def from_predictions(
        cls,
        values: npt.ArrayLike,
        groups: Groups,
        *,
        metric: str,
        name: str | None = None,
        ax: Axes | None = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Draw the mean of a metric by group.

        Parameters
        ----------
        values : array-like of shape (n,)
            The metric of each user, as `NextItemScorer.per_user` returns it.
        groups : Groups
            Of the n users; see `length_groups` and `popularity_groups`.
        metric : str
            Name of the metric.
        name : str, default=None
            Name of the model in the legend.

        Raises
        ------
        ValueError
            If there are not as many values as users, or one is not finite.
        """
        values = check_values(values, "values")
        found = group_intervals(values, np.zeros_like(values), groups, random_state)
        return cls(groups.names, *found, metric=metric, name=name).plot(ax)
