"""A metric by group of users."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray, RandomState, SequencesLike
from skdiffuasr.metrics import (
    Groups,
    NextItemScorer,
    length_groups,
    paired_bootstrap,
)
from skdiffuasr.plotting._axes import COLOURS, axes_or_new
from skdiffuasr.sequences import check_sequences

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Distance between two models that are drawn side by side, in groups.
_OFFSET = 0.16


class GroupMetricDisplay:
    """Mean of a metric in each group of users, with bootstrap intervals.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    group_names : sequence of str
        Names of the k groups, in their order.
    counts : ndarray of int of shape (k,)
        Number of users in each.
    means, lows, highs : ndarray of shape (k,)
        Mean of the metric and the ends of its 95 % interval over users; NaN in groups
        of fewer than two users.
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
    ... )  # doctest: +SKIP
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
        """
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
        """
        values = np.asarray(values, dtype=float)
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
            Where to draw; axes with another display get the groups side by side.
        name : str, default=None
            Name of the model in the legend; None takes `name`.

        Returns
        -------
        self : GroupMetricDisplay
        """
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        n_before = len(ax.containers)
        draw_intervals(
            ax,
            self.means,
            self.lows,
            self.highs,
            offset=_OFFSET * n_before,
            colour=COLOURS[n_before % len(COLOURS)],
            label=self.name if name is None else name,
        )
        label_groups(ax, self.group_names, self.counts)
        ax.set_ylabel(self.metric)
        if any(container.get_label()[0] != "_" for container in ax.containers):
            ax.legend()
        return self


def group_intervals(
    values: FloatArray,
    baseline_values: FloatArray,
    groups: Groups,
    random_state: RandomState,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Mean difference in each group, with a paired bootstrap interval.

    Parameters
    ----------
    values, baseline_values : ndarray of shape (n,)
        A metric of each user by two models.
    groups : Groups
        Of the n users, k in number.
    random_state : int, RandomState instance or None
        Of the bootstrap.

    Returns
    -------
    counts : ndarray of int64 of shape (k,)
        Number of users in each.
    means, lows, highs : ndarray of shape (k,)
        NaN in groups of fewer than two users.

    Raises
    ------
    ValueError
        If the lengths of the arguments differ.
    """
    if not len(values) == len(baseline_values) == len(groups.codes):
        raise ValueError(
            f"There are {len(values)} and {len(baseline_values)} values and "
            f"{len(groups.codes)} users in groups; they must be as many."
        )
    counts = np.bincount(groups.codes, minlength=len(groups.names))
    found = np.full((3, len(groups.names)), np.nan)
    for group in np.flatnonzero(counts > 1):
        users = groups.codes == group
        result = paired_bootstrap(
            values[users], baseline_values[users], random_state=random_state
        )
        found[:, group] = result.difference, result.low, result.high
    return counts, found[0], found[1], found[2]


def draw_intervals(
    ax: Any,
    means: FloatArray,
    lows: FloatArray,
    highs: FloatArray,
    *,
    offset: float,
    colour: str,
    label: str | None,
) -> None:
    """Draw a point and an interval for each group, from left to right."""
    ax.errorbar(
        np.arange(len(means)) + offset,
        means,
        yerr=[means - lows, highs - means],
        fmt="o",
        color=colour,
        capsize=3,
        label=label,
    )


def label_groups(ax: Any, names: Sequence[str], counts: IntArray) -> None:
    """Write the groups below the axis, slanted if they are many."""
    labels = [f"{name}\nn={count}" for name, count in zip(names, counts, strict=True)]
    is_crowded = len(labels) > 8 or max(map(len, names)) > 12
    ax.set_xticks(
        np.arange(len(labels)),
        [label.replace("\n", ", ") for label in labels] if is_crowded else labels,
        rotation=60 if is_crowded else 0,
        ha="right" if is_crowded else "center",
        rotation_mode="anchor",
    )
    ax.set_xlim(-0.5, len(labels) - 0.5 + _OFFSET * max(len(ax.containers) - 1, 0))
