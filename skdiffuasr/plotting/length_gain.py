"""Who gains: a difference between two models against the length of the history."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray, RandomState, SequencesLike
from skdiffuasr.metrics import NextItemScorer, length_groups
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

BINS = (3, 5, 10, 20)
"""Largest lengths of the groups, but for the last one."""


class LengthGainDisplay:
    """Gain of a model over a baseline by the length of the history.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    group_names : sequence of str
        Names of the k groups of lengths.
    counts : ndarray of int of shape (k,)
        Number of users in each.
    gains : ndarray of shape (k,)
        Mean difference of the metric; NaN in groups of no user.
    lows, highs : ndarray of shape (k,)
        Ends of its paired 95 % bootstrap interval over users; NaN in groups of fewer
        than two users.
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
    >>> from skdiffuasr.plotting import LengthGainDisplay
    >>> display = LengthGainDisplay.from_predictions(
    ...     [0.5, 0.5, 0.25], [0.0, 0.5, 0.0], [2, 2, 30], bins=(5,), metric="ndcg@10"
    ... )
    >>> display.gains
    array([0.25, 0.25])
    """

    def __init__(
        self,
        group_names: Sequence[str],
        counts: IntArray,
        gains: FloatArray,
        lows: FloatArray,
        highs: FloatArray,
        *,
        metric: str,
        name: str | None = None,
    ) -> None:
        self.group_names = tuple(group_names)
        self.counts = counts
        self.gains = gains
        self.lows = lows
        self.highs = highs
        self.metric = metric
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        baseline: Any,
        X: SequencesLike,
        y: npt.ArrayLike,
        *,
        metric: str = "ndcg@10",
        bins: Sequence[int] = BINS,
        filter_seen: bool = False,
        ax: "Axes | None" = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Rank the next items with both models and draw the difference.

        Parameters
        ----------
        estimator, baseline : recommender, pipeline or search
            Fitted.
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : array-like of shape (n,)
            The item that came next.
        metric : str, default="ndcg@10"
            See `NextItemScorer`.
        bins : sequence of int
            See `length_groups`.
        filter_seen : bool, default=False
            Whether the items of the history are taken out of the ranking.
        ax : matplotlib Axes, default=None
            Where to draw.
        random_state : int, RandomState instance or None, default=0
            Of the bootstrap.

        Returns
        -------
        display : LengthGainDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        check_matplotlib()
        histories = check_sequences(X)
        scorer = NextItemScorer((metric,), filter_seen=filter_seen)
        return cls.from_predictions(
            scorer.per_user(estimator, histories, y)[metric],
            scorer.per_user(baseline, histories, y)[metric],
            histories.lengths - histories.n_pseudo,
            metric=metric,
            bins=bins,
            ax=ax,
            random_state=random_state,
        )

    @classmethod
    def from_predictions(
        cls,
        values: npt.ArrayLike,
        baseline_values: npt.ArrayLike,
        lengths: npt.ArrayLike,
        *,
        metric: str,
        bins: Sequence[int] = BINS,
        ax: "Axes | None" = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Draw the difference of a metric between two models.

        Parameters
        ----------
        values, baseline_values : array-like of shape (n,)
            The metric of each user by either model.
        lengths : array-like of int of shape (n,)
            Number of observed items of each history.
        metric : str
            Name of the metric.
        bins : sequence of int
            See `length_groups`.
        ax : matplotlib Axes, default=None
            Where to draw.
        random_state : int, RandomState instance or None, default=0
            Of the bootstrap.

        Returns
        -------
        display : LengthGainDisplay

        Raises
        ------
        ValueError
            If there are not as many values as lengths, or one is not finite.
        """
        groups = length_groups(np.asarray(lengths), bins)
        counts, gains, lows, highs = group_intervals(
            check_values(values, "values"),
            check_values(baseline_values, "baseline_values"),
            groups,
            random_state,
        )
        return cls(groups.names, counts, gains, lows, highs, metric=metric).plot(ax)

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **style: Any
    ) -> Self:
        """Draw the groups from short to long histories.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; up to seven displays on the same axes stand side by side.
        name : str, default=None
            Name of the model in the legend; None takes `name`.
        **style : dict
            Such as `color` and `marker`, for matplotlib's `errorbar`.

        Returns
        -------
        self : LengthGainDisplay
        """
        self.ax_ = ax = axes_or_new(ax, figure_size(len(self.group_names)))
        self.figure_ = ax.figure
        n_before = len(ax.containers)
        if not n_before:
            ax.axhline(0, color="0.6", linewidth=1)
        draw_intervals(
            ax,
            self.gains,
            self.lows,
            self.highs,
            n_before=n_before,
            label=self.name if name is None else name,
            **style,
        )
        label_groups(ax, self.group_names, self.counts, n_models=n_before + 1)
        ax.set_xlabel("items of the history")
        ax.set_ylabel(f"gain in {self.metric}")
        add_legend(ax)
        return self
