"""Figures of a study, made of the displays of `skdiffuasr.plotting`."""

import io
import math
from itertools import product
from typing import TYPE_CHECKING, Any

from skdiffuasr._extras import import_extra
from skdiffuasr.plotting import GroupMetricDisplay, LengthGainDisplay
from skdiffuasr.plotting._display import COLOURS, add_legend
from skdiffuasr.study.results import StudyResults
from skdiffuasr.study.sections import mean_costs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v", "p", "h")
# So many augmenters fit side by side.
_MAX_MODELS = 7
_DPI = 150


def draw_figures(
    results: StudyResults, comparisons: "pd.DataFrame"
) -> dict[str, "Figure"]:
    """Draw the figures of a report that there is something to draw for, by name.

    ``"gain"``: gain in NDCG@10 over the reference, with 95 % intervals over users and
    over users and seeds. ``"length"``: the former by length of the history.
    ``"cost"``: NDCG@10 and seconds of a run. `comparisons` are those of NDCG@10 of the
    main ranking, from `compare`. Between recommenders there is ``"recommenders"``, the
    first of them.
    """
    gains = comparisons[comparisons["reference"] == results.reference]
    of_all = gains[gains["group_by"] == "all"]
    of_length = gains[gains["group_by"] == "length"]
    seconds = mean_costs(results)["seconds_total"]
    if results.compared == "recommender":
        return {"recommenders": _gain_figure(results, of_all)} if len(of_all) else {}
    figures = {}
    if len(of_all):
        figures["gain"] = _gain_figure(results, of_all)
    if len(of_length):
        figures["length"] = _length_figure(results, of_length)
    if len(seconds):
        figures["cost"] = _cost_figure(results, seconds)
    return figures


def as_png(figure: "Figure") -> bytes:
    """Render one of `draw_figures` as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, dpi=_DPI, format="png")
    return file.getvalue()


def _gain_figure(results: StudyResults, gains: "pd.DataFrame") -> "Figure":
    others = _others(results)
    intervals = {"users, corrected": "_holm"}
    if len(results.seeds) > 1:
        intervals["users and seeds"] = "_seeds"
    figure, panels = _panels(list(results.recommenders))
    for recommender, ax in panels.items():
        of_it = gains[gains["recommender"] == recommender].set_index("augmenter")
        of_it = of_it.reindex(others).fillna({"n_users": 0})
        for over, suffix in intervals.items():
            GroupMetricDisplay(
                *_columns(of_it, suffix),
                metric=f"gain in NDCG@10 over {results.reference}",
                name=f"95 % over {over}",
            ).plot(ax)
        ax.axhline(0, color="0.6", linewidth=1, zorder=0)
        ax.set_xlabel(results.compared)
    return figure


def _length_figure(results: StudyResults, gains: "pd.DataFrame") -> "Figure":
    others = _others(results)
    chunks = range(0, len(others), _MAX_MODELS)
    figure, panels = _panels(list(product(results.recommenders, chunks)))
    styles = _styles(results)
    sizes = gains.groupby("group", observed=True)["n_users"].first()
    for (recommender, start), ax in panels.items():
        of_it = gains[gains["recommender"] == recommender]
        for augmenter in others[start : start + _MAX_MODELS]:
            lines = of_it[of_it["augmenter"] == augmenter].set_index("group")
            LengthGainDisplay(
                *_columns(lines.reindex(sizes.index).assign(n_users=sizes)),
                metric=f"NDCG@10 over {results.reference}",
                name=augmenter,
            ).plot(ax, **styles[augmenter])
    return figure


def _columns(gains: "pd.DataFrame", suffix: str = "") -> tuple[Any, ...]:
    """List what a display draws: names, counts, means, ends of the intervals."""
    columns = ["difference", f"low{suffix}", f"high{suffix}"]
    counts = gains["n_users"].astype(int).to_numpy()
    return (list(gains.index), counts, *gains[columns].to_numpy().T)


def _cost_figure(results: StudyResults, seconds: "pd.Series") -> "Figure":
    """Draw means over the seeds, on a logarithmic axis of seconds."""
    ticker = import_extra("matplotlib.ticker", "plot")
    by = ["recommender", "augmenter"]
    values = results.main_rows().groupby(by, observed=True)["value"].mean()
    # A logarithmic axis has no place for what took no time at all.
    seconds = seconds[seconds > 0]
    figure, panels = _panels(list(results.recommenders))
    styles = _styles(results)
    for recommender, ax in panels.items():
        for augmenter in results.augmenters:
            names = recommender, augmenter
            if names in values and names in seconds:
                ax.plot(
                    seconds[names],
                    values[names],
                    linestyle="none",
                    markersize=8,
                    label=augmenter,
                    **styles[augmenter],
                )
        ax.set(xlabel="seconds of a run", ylabel="NDCG@10", xscale="log")
        ax.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        add_legend(ax)
    return figure


def _panels(keys: list[Any]) -> tuple["Figure", dict[Any, Any]]:
    """Make a figure with axes for each key, under the name of the recommender."""
    figure_module = import_extra("matplotlib.figure", "plot")
    n_columns = min(2, len(keys))
    n_rows = math.ceil(len(keys) / n_columns)
    figure = figure_module.Figure(
        figsize=(6.4 * n_columns, 4.8 * n_rows), layout="constrained"
    )
    parts = figure.subfigures(n_rows, n_columns, squeeze=False).ravel()
    panels = {}
    for key, part in zip(keys, parts, strict=False):
        part.suptitle(key if isinstance(key, str) else key[0])
        panels[key] = part.subplots()
    return figure, panels


def _others(results: StudyResults) -> list[str]:
    return [name for name in results.augmenters if name != results.reference]


def _styles(results: StudyResults) -> dict[str, dict[str, str]]:
    """Give each augmenter one colour and marker in all figures, the reference grey."""
    styles = {results.reference: {"color": "0.35", "marker": "X"}}
    for number, name in enumerate(_others(results)):
        round_, colour = divmod(number, len(COLOURS))
        marker = _MARKERS[round_ % len(_MARKERS)]
        styles[name] = {"color": COLOURS[colour], "marker": marker}
    return styles
