"""Figures of a study; they need matplotlib."""

import io
import math
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr.plotting._axes import COLOURS
from skdiffuasr.study.metric_sections import Line, gains_of, values_by_line
from skdiffuasr.study.records import StudyResults
from skdiffuasr.study.tidy import Row, run_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# They tell augmenters apart once colours repeat.
_MARKERS = ("o", "s", "^", "D", "v", "p", "h", "<", ">")
_MAX_COLUMNS = 3
_MAX_LOG_TICKS = 6
_DPI = 150
# Width of a letter of the legend's size, on the wide side.
_CHARACTER_INCHES = 0.09


def draw_figures(
    results: StudyResults, comparisons: Sequence[Row]
) -> dict[str, "Figure"]:
    """Draw all figures of a report.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        Those of NDCG@10 of the main ranking, from `compare`.

    Returns
    -------
    figures : dict of str to matplotlib.figure.Figure
        The figures by the names of their files.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    return {
        "gain": gain_figure(results, comparisons),
        "length": length_figure(results, comparisons),
        "cost": cost_figure(results),
    }


def as_png(figure: "Figure") -> bytes:
    """Render a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        One of `draw_figures`.

    Returns
    -------
    content : bytes
        A PNG file.
    """
    file = io.BytesIO()
    figure.savefig(file, dpi=_DPI, format="png")
    return file.getvalue()


def gain_figure(results: StudyResults, comparisons: Sequence[Row]) -> "Figure":
    """Show the gain of each augmenter with its interval, one panel per recommender.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        See `draw_figures`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Gain in NDCG@10 of the main ranking. Thick: the 95 % interval over users;
        thin: over users and seeds.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    augmenters = _others(results)
    figure, panels = _panels(results, row_height=0.9 + 0.32 * len(augmenters))
    styles = _styles(results)
    for panel, recommender in zip(panels, results.recommenders, strict=True):
        gains = gains_of(results, comparisons, recommender)
        for place, augmenter in enumerate(augmenters):
            if (augmenter, "all") not in gains:
                continue
            row = gains[augmenter, "all"]
            colour, marker = styles[augmenter]
            for suffix, width in (("_seeds", 1.2), ("", 3.5)):
                ends = row["low" + suffix], row["high" + suffix]
                panel.plot(ends, (place, place), color=colour, linewidth=width)
            panel.plot(
                row["difference"],
                place,
                color=colour,
                marker=marker,
                markersize=7,
                markeredgecolor="white",
            )
        panel.axvline(0, color="0.4", linewidth=1, zorder=0)
        is_left = panel.get_subplotspec().is_first_col()
        names = augmenters if is_left else [""] * len(augmenters)
        panel.set_yticks(range(len(augmenters)), names)
        panel.set_ylim(max(len(augmenters), 1) - 0.5, -0.5)  # the first on top
        panel.grid(axis="x", alpha=0.3)
        panel.set_xlabel(f"gain in NDCG@10 over {results.reference}")
        _few_ticks(panel.xaxis)
    return figure


def length_figure(results: StudyResults, comparisons: Sequence[Row]) -> "Figure":
    """Show the gain for users of short and long histories.

    Parameters
    ----------
    results : StudyResults
        What was found; without groups by length the panels are empty.
    comparisons : sequence of dict
        See `draw_figures`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Gain in NDCG@10 of the main ranking with its 95 % interval over users.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    augmenters = _others(results)
    groups = dict.fromkeys(
        row["group"] for row in comparisons if row["group_by"] == "length"
    )
    figure, panels = _panels(results, row_height=2.8)
    styles = _styles(results)
    # Side by side within a group, which is one unit wide.
    offsets = (np.arange(len(augmenters)) - (len(augmenters) - 1) / 2) * (
        0.7 / max(1, len(augmenters))
    )
    for panel, recommender in zip(panels, results.recommenders, strict=True):
        gains = gains_of(results, comparisons, recommender, "length")
        for augmenter, offset in zip(augmenters, offsets, strict=True):
            rows = [
                (place + offset, gains[augmenter, name])
                for place, name in enumerate(groups)
                if (augmenter, name) in gains
            ]
            colour, marker = styles[augmenter]
            for x, row in rows:
                panel.plot((x, x), (row["low"], row["high"]), color=colour, linewidth=2)
            panel.plot(
                [x for x, _ in rows],
                [row["difference"] for _, row in rows],
                color=colour,
                marker=marker,
                linestyle="none",
                markeredgecolor="white",
                label=augmenter,
            )
        panel.axhline(0, color="0.4", linewidth=1, zorder=0)
        panel.set_xticks(range(len(groups)), groups)
        panel.set_xlim(-0.5, max(len(groups), 1) - 0.5)
        panel.grid(axis="y", alpha=0.3)
        panel.set_xlabel("items in the history")
        _left_label(panel, f"gain in NDCG@10 over {results.reference}")
    _legend(figure, panels)
    return figure


def cost_figure(results: StudyResults) -> "Figure":
    """Show what each augmenter reaches and what it takes.

    Parameters
    ----------
    results : StudyResults
        What was found.

    Returns
    -------
    figure : matplotlib.figure.Figure
        NDCG@10 of the main ranking against the seconds of all steps on a logarithmic
        axis; both are means over the seeds.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    values = values_by_line(results)
    seconds: dict[tuple[str, str], list[float]] = {}
    for row in run_rows(results.records):
        if not row["error"]:
            names = row["recommender"], row["augmenter"]
            seconds.setdefault(names, []).append(row["seconds_total"])
    figure, panels = _panels(results, row_height=2.8)
    styles = _styles(results)
    for panel, recommender in zip(panels, results.recommenders, strict=True):
        for augmenter in results.augmenters:
            line = Line(results.main_ranking, recommender, augmenter, "ndcg@10")
            # A logarithmic axis has no place for what took no time at all.
            if line in values and np.mean(seconds[recommender, augmenter]) > 0:
                colour, marker = styles[augmenter]
                panel.plot(
                    np.mean(seconds[recommender, augmenter]),
                    np.mean(values[line]),
                    color=colour,
                    marker=marker,
                    markersize=8,
                    linestyle="none",
                    markeredgecolor="white",
                    label=augmenter,
                )
        panel.grid(alpha=0.3)
        panel.set_xlabel("seconds of a run")
        _left_label(panel, "NDCG@10")
        _log_axis(panel)
    _legend(figure, panels)
    return figure


def _panels(results: StudyResults, row_height: float) -> tuple["Figure", list[Any]]:
    """Make an empty figure with one titled panel per recommender."""
    matplotlib_figure = import_extra("matplotlib.figure", "plot")
    n_panels = len(results.recommenders)
    n_rows = max(1, math.ceil(n_panels / _MAX_COLUMNS))
    n_columns = max(1, math.ceil(n_panels / n_rows))  # four panels are two by two
    width = 1.2 + (3.2 * n_columns if n_columns > 1 else 4.8)
    figure = matplotlib_figure.Figure(
        figsize=(width, 0.6 + row_height * n_rows), layout="constrained"
    )
    grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel().tolist()
    for panel in grid[n_panels:]:
        panel.remove()
    for panel, recommender in zip(grid, results.recommenders, strict=False):
        panel.set_title(recommender, fontsize="medium")
        panel.spines[["top", "right"]].set_visible(False)
    return figure, grid[:n_panels]


def _others(results: StudyResults) -> list[str]:
    return [name for name in results.augmenters if name != results.reference]


def _styles(results: StudyResults) -> dict[str, tuple[str, str]]:
    """Give each augmenter one colour and marker in all figures, the reference grey."""
    pairs = zip(_others(results), cycle(COLOURS), cycle(_MARKERS), strict=False)
    styles = {name: (colour, marker) for name, colour, marker in pairs}
    return {results.reference: ("0.35", "X"), **styles}


def _few_ticks(axis: Any) -> None:
    """Keep the numbers below narrow panels apart."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(4))


def _left_label(panel: Any, label: str) -> None:
    """Name the vertical axis once per row of panels."""
    if panel.get_subplotspec().is_first_col():
        panel.set_ylabel(label)


def _log_axis(panel: Any) -> None:
    """Scale the horizontal axis, between round numbers that enclose what is drawn."""
    seconds = [x for line in panel.get_lines() for x in line.get_xdata()]
    if not seconds:
        return
    low, high = 0.95 * min(seconds), 1.05 * max(seconds)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ticks = [
        digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)
    ]
    left = max(tick for tick in ticks if tick <= low)
    right = min(tick for tick in ticks if tick >= high)
    inside = [tick for tick in ticks if left <= tick <= right]
    if len(inside) > _MAX_LOG_TICKS:
        inside = [tick for tick in inside if tick in ticks[::3]]  # powers of ten
    panel.set_xscale("log")
    panel.set_xlim(left, right)
    panel.set_xticks(inside, [f"{tick:g}" for tick in inside])
    panel.set_xticks([], minor=True)


def _legend(figure: "Figure", panels: Sequence[Any]) -> None:
    """Put one legend for all panels below them, on a strip of its own."""
    handles: dict[str, Any] = {}
    for panel in panels:
        found, names = panel.get_legend_handles_labels()
        handles |= dict(zip(names, found, strict=True))
    if not handles:
        return
    # A column takes the longest name and a marker with its distances.
    column = _CHARACTER_INCHES * max(map(len, handles)) + 0.55
    n_columns = min(len(handles), max(1, int(figure.get_figwidth() / column)))
    n_rows = math.ceil(len(handles) / n_columns)
    figure.set_figheight(figure.get_figheight() + 0.25 * n_rows)
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=n_columns,
        handlelength=1,
        frameon=False,
    )
