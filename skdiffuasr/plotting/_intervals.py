"""Means with bootstrap intervals by group of users: computed, drawn and labelled."""

from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, Self

import numpy as np

from skdiffuasr._typing import FloatArray, IntArray, RandomState
from skdiffuasr.metrics import Groups, paired_bootstrap
from skdiffuasr.plotting._display import (
    COLOURS,
    Axes,
    Display,
    add_legend,
    label_columns,
    shortened,
)

# Distance between two models that are drawn side by side, in groups. Seven fit.
_OFFSET = 0.13

_MAX_LETTERS = 30


class IntervalsDisplay(Display):
    """Mean of a metric in each group of users, with bootstrap intervals.

    Parameters
    ----------
    group_names : sequence of str
        Names of the k groups, in their order.
    counts : ndarray of int of shape (k,)
        Number of users in each.
    means : ndarray of shape (k,)
        Mean of the metric; NaN in groups of no user.
    lows : ndarray of shape (k,)
        Lower end of the 95 % bootstrap interval of the mean over users; NaN in groups
        of fewer than two users.
    highs : ndarray of shape (k,)
        Upper end of the interval.
    metric : str
        Name of the metric.
    name : str, default=None
        Name of the model in the legend.
    """

    group_names: Sequence[str]
    counts: IntArray
    means: FloatArray
    lows: FloatArray
    highs: FloatArray
    _: KW_ONLY
    metric: str
    name: str | None = None

    def plot(
        self, ax: Axes | None = None, *, name: str | None = None, **style: Any
    ) -> Self:
        """Draw the groups from left to right.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; up to seven displays on the same axes stand side by side.
        """
        n_groups = len(self.group_names)
        ax = self._use_axes(ax, width=max(6.4, 1 + 0.45 * n_groups))
        n_before = len(ax.containers)
        look = {"color": COLOURS[n_before % len(COLOURS)], "marker": "o"} | style
        ax.errorbar(
            np.arange(n_groups) + _OFFSET * n_before,
            self.means,
            yerr=[self.means - self.lows, self.highs - self.means],
            linestyle="none",
            markersize=5,
            capsize=3,
            label=self.name if name is None else name,
            **look,
        )
        middle = _OFFSET * n_before / 2  # of all models of a group
        ax.set_xticks(np.arange(n_groups) + middle)
        pairs = zip(self.group_names, self.counts, strict=True)
        label_columns(
            ax, [f"{shortened(group, _MAX_LETTERS)}\nn={n}" for group, n in pairs]
        )
        ax.set_xlim(middle - 0.5, middle + n_groups - 0.5)
        ax.set_xlabel("group of users")
        ax.set_ylabel(self.metric)
        add_legend(ax)
        return self


def group_intervals(
    values: FloatArray,
    baseline_values: FloatArray,
    groups: Groups,
    random_state: RandomState,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Compute the mean difference in each of k groups, with a paired interval.

    From a metric of n users by two models; it is a ValueError if the groups are of
    another number of users. Returns what `IntervalsDisplay` calls `counts`, `means`,
    `lows` and `highs`.
    """
    for given in (values, baseline_values):
        if len(given) != len(groups.codes):
            raise ValueError(
                f"There are {len(given)} values and {len(groups.codes)} users in "
                "groups; they must be as many."
            )
    counts = np.bincount(groups.codes, minlength=len(groups.names))
    found = np.full((3, len(groups.names)), np.nan)
    for group in np.flatnonzero(counts):
        users = groups.codes == group
        pair = values[users], baseline_values[users]
        if counts[group] == 1:
            found[0, group] = pair[0][0] - pair[1][0]
        else:
            result = paired_bootstrap(*pair, random_state=random_state)
            found[:, group] = result.difference, result.low, result.high
    return counts, found[0], found[1], found[2]
