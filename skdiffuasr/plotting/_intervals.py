"""Means with bootstrap intervals by group of users: computed, drawn and labelled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skdiffuasr._typing import FloatArray, IntArray, RandomState
from skdiffuasr.metrics import Groups, paired_bootstrap
from skdiffuasr.plotting._axes import COLOURS, add_legend, label_columns, shortened
from skdiffuasr.plotting._display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Distance between two models that are drawn side by side, in groups. Seven fit.
_OFFSET = 0.13

_MAX_LETTERS = 30


class IntervalsDisplay(Display):
    """Base of displays with an interval for each group of users.

    Parameters
    ----------
    group_names : sequence of str
        Names of the k groups, in their order.
    counts : ndarray of int of shape (k,)
        Number of users in each.
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
    lows: FloatArray
    highs: FloatArray
    name: str | None

    def _use_wide_axes(self, ax: "Axes | None") -> Any:
        """Take the axes to draw on; a new figure has room for all groups."""
        return self._use_axes(ax, (max(6.4, 1 + 0.45 * len(self.group_names)), 4.8))

    def _draw(self, means: FloatArray, name: str | None, **style: Any) -> None:
        """Draw points and intervals, to the right of those that are there already."""
        ax, n_groups, n_before = self.ax_, len(means), len(self.ax_.containers)
        look = {"color": COLOURS[n_before % len(COLOURS)], "marker": "o"} | style
        ax.errorbar(
            np.arange(n_groups) + _OFFSET * n_before,
            means,
            yerr=[means - self.lows, self.highs - means],
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
        add_legend(ax)


def group_intervals(
    values: FloatArray,
    baseline_values: FloatArray,
    groups: Groups,
    random_state: RandomState,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Compute the mean difference in each of k groups, with a paired interval.

    From a metric of n users by two models; it is a ValueError if the groups are of
    another number of users.

    Returns
    -------
    counts : ndarray of int64 of shape (k,)
        Number of users in each.
    means : ndarray of shape (k,)
        NaN in groups of no user.
    lows, highs : ndarray of shape (k,)
        NaN in groups of fewer than two users.
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
        if counts[group] == 1:
            found[0, group] = (values[users] - baseline_values[users])[0]
            continue
        result = paired_bootstrap(
            values[users], baseline_values[users], random_state=random_state
        )
        found[:, group] = result.difference, result.low, result.high
    return counts, found[0], found[1], found[2]
