"""Means with intervals by group of users: found, drawn and labelled."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skdiffuasr._typing import FloatArray, IntArray, RandomState
from skdiffuasr.metrics import Groups, paired_bootstrap
from skdiffuasr.plotting._axes import COLOURS, label_columns
from skdiffuasr.plotting._cells import shortened

# Distance between two models that are drawn side by side, in groups. Seven fit.
_OFFSET = 0.13

_MAX_LETTERS = 30


def figure_size(n_groups: int) -> tuple[float, float]:
    """Size in inches of a new figure with room for the groups."""
    return max(6.4, 1 + 0.45 * n_groups), 4.8


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
    means : ndarray of shape (k,)
        NaN in groups of no user.
    lows, highs : ndarray of shape (k,)
        NaN in groups of fewer than two users.

    Raises
    ------
    ValueError
        If there are not as many values as users in groups.
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


def draw_intervals(
    ax: Any,
    means: FloatArray,
    lows: FloatArray,
    highs: FloatArray,
    *,
    n_before: int,
    label: str | None,
    **style: Any,
) -> None:
    """Draw a point and an interval for each group, right of `n_before` others."""
    look = {"color": COLOURS[n_before % len(COLOURS)], "marker": "o"} | style
    ax.errorbar(
        np.arange(len(means)) + _OFFSET * n_before,
        means,
        yerr=[means - lows, highs - means],
        linestyle="none",
        markersize=5,
        capsize=3,
        label=label,
        **look,
    )


def label_groups(
    ax: Any, names: Sequence[str], counts: IntArray, *, n_models: int
) -> None:
    """Write the groups below the axis, each under the middle of its models."""
    middle = _OFFSET * (n_models - 1) / 2
    ax.set_xticks(np.arange(len(names)) + middle)
    label_columns(
        ax,
        [
            f"{shortened(name, _MAX_LETTERS)}\nn={count}"
            for name, count in zip(names, counts, strict=True)
        ],
    )
    ax.set_xlim(middle - 0.5, middle + len(names) - 0.5)
