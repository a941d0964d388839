"""A metric by group of users."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray, RandomState, SequencesLike
from skdiffuasr.metrics import Groups, NextItemScorer, length_groups
from skdiffuasr.metrics._checks import check_values
from skdiffuasr.plotting._display import check_matplotlib, documented
from skdiffuasr.plotting._intervals import IntervalsDisplay, group_intervals
from skdiffuasr.sequences import check_sequences

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@documented
@dataclass(eq=False, repr=False)
class GroupMetricDisplay(IntervalsDisplay):
    """Mean of a metric in each group of users, with bootstrap intervals.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    means : ndarray of shape (k,)
        Mean of the metric; NaN in groups of no user.

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

    group_names: Sequence[str]
    counts: IntArray
    means: FloatArray
    lows: FloatArray
    highs: FloatArray
    _: KW_ONLY
    metric: str
    name: str | None = None

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
        ax: "Axes | None" = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Rank the next items and draw the metric by group.

        Parameters
        ----------
        estimator : recommender, pipeline or search
            Fitted.
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : array-like of shape (n,)
            The item that came next.
        metric : str, default="ndcg@10"
            See `NextItemScorer`.
        groups : Groups, default=None
            Of the n users. None takes those of `length_groups`.
        name : str, default=None
            Name of the model in the legend; None takes that of the class.
        ax : matplotlib Axes, default=None
            Where to draw; that of another display puts the models side by side.

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
        ax: "Axes | None" = None,
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

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **style: Any
    ) -> Self:
        """Draw the groups from left to right.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; up to seven displays on the same axes stand side by side.
        """
        ax = self._use_wide_axes(ax)
        self._draw(self.means, name, **style)
        ax.set_xlabel("group of users")
        ax.set_ylabel(self.metric)
        return self
