"""A metric by group of users."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray, RandomState, SequencesLike
from skdiffuasr.metrics import Groups, NextItemScorer, length_groups
from skdiffuasr.metrics._checks import check_values
from skdiffuasr.plotting._axes import add_legend, axes_or_new, check_matplotlib
from skdiffuasr.plotting._intervals import (
    draw_intervals,
    figure_size,
    group_intervals,
    label_groups,
)
from skdiffuasr.sequences import check_sequences

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class GroupMetricDisplay:
    """Mean of a metric in each group of users, with bootstrap intervals.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    group_names : sequence of str
        Names of the k groups, in their order.
    counts : ndarray of int of shape (k,)
        Number of users in each.
    means : ndarray of shape (k,)
        Mean of the metric; NaN in groups of no user.
    lows, highs : ndarray of shape (k,)
        Ends of the 95 % bootstrap interval of the mean over users; NaN in groups of
        fewer than two users.
    metric : str
        Name of the metric.
    name : str, default=None
        Name of the model in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.

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

    def __init__(
        self,
        group_names: Sequence[str],
        counts: IntArray,
        means: FloatArray,
        lows: FloatArray,
        highs: FloatArray,
        *,
        metric: str,
        name: str | None = None,
    ) -> None:
        self.group_names = tuple(group_names)
        self.counts = counts
        self.means = means
        self.lows = lows
        self.highs = highs
        self.metric = metric
        self.name = name

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
        filter_seen : bool, default=False
            Whether the items of the history are taken out of the ranking.
        name : str, default=None
            Name of the model in the legend; None takes that of the class.
        ax : matplotlib Axes, default=None
            Where to draw; that of another display puts the models side by side.
        random_state : int, RandomState instance or None, default=0
            Of the bootstrap.

        Returns
        -------
        display : GroupMetricDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
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
        ax : matplotlib Axes, default=None
            Where to draw.
        random_state : int, RandomState instance or None, default=0
            Of the bootstrap.

        Returns
        -------
        display : GroupMetricDisplay

        Raises
        ------
        ValueError
            If there are not as many values as users, or one is not finite.
        """
        values = check_values(values, "values")
        counts, means, lows, highs = group_intervals(
            values, np.zeros_like(values), groups, random_state
        )
        display = cls(
            groups.names, counts, means, lows, highs, metric=metric, name=name
        )
        return display.plot(ax)

    def plot(self, ax: "Axes | None" = None, *, name: str | None = None) -> Self:
        """Draw the groups from left to right.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; up to seven displays on the same axes stand side by side.
        name : str, default=None
            Name of the model in the legend; None takes `name`.

        Returns
        -------
        self : GroupMetricDisplay
        """
        self.ax_ = ax = axes_or_new(ax, figure_size(len(self.group_names)))
        self.figure_ = ax.figure
        n_before = len(ax.containers)
        draw_intervals(
            ax,
            self.means,
            self.lows,
            self.highs,
            n_before=n_before,
            label=self.name if name is None else name,
        )
        label_groups(ax, self.group_names, self.counts, n_models=n_before + 1)
        ax.set_xlabel("group of users")
        ax.set_ylabel(self.metric)
        add_legend(ax)
        return self
