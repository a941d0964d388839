import io
import itertools
import sys

import numpy as np
import pytest

from skdiffuasr.study.comparison import compare
from skdiffuasr.study.figures import (
    as_png,
    cost_figure,
    draw_figures,
    gain_figure,
    length_figure,
)
from tests.study.synthetic_results import SHRINK, make_results


@pytest.fixture(autouse=True)
def _matplotlib(request):
    if "without" not in request.node.name:
        pytest.importorskip("matplotlib")


def figures_of(results):
    return draw_figures(results, compare(results, results.main_ranking, "ndcg@10"))


def points_of(panel):
    """Places of the markers of a panel."""
    return [
        (line.get_xdata()[i], line.get_ydata()[i])
        for line in panel.get_lines()
        if line.get_marker() != "None"
        for i in range(len(line.get_xdata()))
    ]


def test_gains_are_those_of_the_comparison():
    results = make_results()
    rows = compare(results, "filtered", "ndcg@10")
    for panel, recommender in zip(
        gain_figure(results, rows).axes, ("SASRec", "Markov"), strict=True
    ):
        assert panel.get_title() == recommender
        of_panel = [
            row
            for row in rows
            if (row["recommender"], row["reference"], row["group"])
            == (recommender, "none", "all")
        ]
        assert points_of(panel) == [
            (row["difference"], place) for place, row in enumerate(of_panel)
        ]
        ends = [tuple(line.get_xdata()) for line in panel.get_lines()]
        for row in of_panel:
            assert (row["low"], row["high"]) in ends
            assert (row["low_seeds"], row["high_seeds"]) in ends


def test_gains_by_length_are_those_of_the_comparison():
    results = make_results()
    rows = compare(results, "filtered", "ndcg@10")
    for panel, recommender in zip(
        length_figure(results, rows).axes, results.recommenders, strict=True
    ):
        expected = [
            row["difference"]
            for row in rows
            if (row["recommender"], row["reference"], row["group_by"])
            == (recommender, "none", "length")
        ]
        assert [y for _, y in points_of(panel)] == expected
        groups = [round(x) for x, _ in points_of(panel)]
        assert groups == 3 * [0, 1, 2]


def test_costs_are_means_over_the_seeds():
    for panel in cost_figure(make_results()).axes:
        assert panel.get_xscale() == "log"
        assert [x for x, _ in points_of(panel)] == [3.0, 14.5, 14.5, 14.5]
        low, high = panel.get_xlim()
        assert low <= 3.0
        assert high >= 14.5


def tick_labels(axis, coordinate):
    """The labels that are drawn: there are some beyond the limits too."""
    low, high = sorted(axis.get_view_interval())
    labels = axis.get_ticklabels()
    return [
        label for label in labels if low <= label.get_position()[coordinate] <= high
    ]


@pytest.mark.parametrize(
    ("n_recommenders", "n_augmenters", "n_seeds"),
    [(1, 2, 1), (1, 10, 2), (4, 4, 2), (5, 12, 2)],
)
@pytest.mark.parametrize("name", ["gain", "length", "cost"])
def test_no_text_overlaps(name, n_recommenders, n_augmenters, n_seeds):
    names = [f"some augmenter {number}" for number in range(n_augmenters)]
    results = make_results(
        n_users=60,
        n_seeds=n_seeds,
        shrink={"none": 1.0} | {name: 0.5 + 0.1 * i for i, name in enumerate(names)},
        recommenders=[f"recommender {number}" for number in range(n_recommenders)],
        quality=(),
    )
    figure = figures_of(results)[name]
    figure.draw_without_rendering()
    texts = []
    for panel in figure.axes:
        texts += [panel.title, panel.xaxis.label, panel.yaxis.label]
        texts += tick_labels(panel.xaxis, 0) + tick_labels(panel.yaxis, 1)
    for legend in figure.legends:
        texts += legend.get_texts()
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    width, height = figure.bbox.size
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)


def test_an_augmenter_looks_the_same_in_all_figures():
    results = make_results()
    styles = []
    figures = figures_of(results)
    for name in ("length", "cost"):
        panel = figures[name].axes[0]
        handles, names = panel.get_legend_handles_labels()
        styles.append(
            {
                name: (handle.get_color(), handle.get_marker())
                for name, handle in zip(names, handles, strict=True)
            }
        )
    assert styles[1].pop("none")
    assert styles[0] == styles[1]
    assert len(set(styles[0].values())) == len(SHRINK) - 1


def test_figures_of_failures_alone_are_empty():
    records = tuple(r for r in make_results(with_failure=True).records if r.error)
    for figure in figures_of(make_results(records=records)).values():
        assert len(as_png(figure)) > 0
    for figure in figures_of(make_results(records=())).values():
        assert len(figure.axes) == 0


def test_figures_are_rendered_as_png():
    from matplotlib.image import imread

    for figure in figures_of(make_results(with_failure=True)).values():
        content = as_png(figure)
        assert content.startswith(b"\x89PNG")
        assert np.ptp(imread(io.BytesIO(content))[..., :3]) > 0.5


def test_without_matplotlib_the_message_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"skdiffuasr\[plot\]"):
        cost_figure(make_results(n_users=10))
