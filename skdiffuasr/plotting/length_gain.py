"""Who gains: a difference between two models against the length of the history."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import RandomState, SequencesLike
from skdiffuasr.metrics import NextItemScorer, length_groups
from skdiffuasr.metrics._checks import check_values
from skdiffuasr.plotting._display import Axes, check_matplotlib
from skdiffuasr.plotting._intervals import IntervalsDisplay, group_intervals
from skdiffuasr.sequences import check_sequences

BINS = (3, 5, 10, 20)


class LengthGainDisplay(IntervalsDisplay):
    """Gain of a model over a baseline by the length of the history.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    means : ndarray of shape (k,)
        Mean difference of the metric; NaN in groups of no user.

    Examples
    --------
    >>> from skdiffuasr.plotting import LengthGainDisplay
    >>> display = LengthGainDisplay.from_predictions(
    ...     [0.5, 0.5, 0.25], [0.0, 0.5, 0.0], [2, 2, 30], bins=(5,), metric="ndcg@10"
    ... )
    >>> display.means
    array([0.25, 0.25])
    """

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
        ax: Axes | None = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Rank the next items with both models and draw the difference.

        Parameters
        ----------
        estimator, baseline : recommender, pipeline or search
            Fitted.
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
        ax: Axes | None = None,
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

        Raises
        ------
        ValueError
            If there are not as many values as lengths, or one is not finite.
        """
        groups = length_groups(np.asarray(lengths), bins)
        checked = check_values(values, "values")
        baseline = check_values(baseline_values, "baseline_values")
        found = group_intervals(checked, baseline, groups, random_state)
        return cls(groups.names, *found, metric=metric).plot(ax)

    def plot(
        self, ax: Axes | None = None, *, name: str | None = None, **style: Any
    ) -> Self:
        """Draw the groups from short to long histories; see `GroupMetricDisplay`."""
        super().plot(ax, name=name, **style)
        if len(self.ax_.containers) == 1:
            self.ax_.axhline(0, color="0.6", linewidth=1, zorder=0)
        self.ax_.set_xlabel("items of the history")
        self.ax_.set_ylabel(f"gain in {self.metric}")
        return self
