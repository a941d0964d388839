import io
import itertools
import sys

import numpy as np
import pytest

from skdiffuasr.study.comparison import compare
from skdiffuasr.study.figures import as_png, draw_figures
from tests.study.synthetic_results import SHRINK, make_results


@pytest.fixture(autouse=True)
def _matplotlib(request):
    if "without" not in request.node.name:
        pytest.importorskip("matplotlib")


def figures_of(results):
    return draw_figures(results, compare(results, results.main_ranking, "ndcg@10"))


def panels_of(figure):
    """Axes by the name of their recommender."""
    parts = [part for part in figure.subfigs if part.axes]
    return [(part.get_suptitle(), part.axes[0]) for part in parts]


def intervals_of(container):
    """Ends of the intervals of an error bar, (n, 2)."""
    (bars,) = container.lines[2]
    return np.array(bars.get_segments())[:, :, 1]


def test_gains_are_those_of_the_comparison():
    results = make_results()
    rows = compare(results, "filtered", "ndcg@10")
    panels = panels_of(draw_figures(results, rows)["gain"])
    assert [name for name, _ in panels] == ["SASRec", "Markov"]
    for recommender, panel in panels:
        of_panel = rows[
            (rows["recommender"] == recommender)
            & (rows["reference"] == "none")
            & (rows["group"] == "all")
        ]
        over_users, over_both = panel.containers
        for container, suffix in ((over_users, "_holm"), (over_both, "_seeds")):
            drawn = container.lines[0].get_ydata()
            np.testing.assert_array_equal(drawn, of_panel["difference"])
            ends = of_panel[[f"low{suffix}", f"high{suffix}"]]
            np.testing.assert_allclose(intervals_of(container), ends)
        labels = [label.get_text() for label in panel.get_xticklabels()]
        names = [label.partition("\n")[0] for label in labels]
        assert names == ["own items", "diffusion", "worse"]


def test_one_seed_has_one_interval():
    for _, panel in panels_of(figures_of(make_results(n_seeds=1))["gain"]):
        assert len(panel.containers) == 1


def test_gains_by_length_are_those_of_the_comparison():
    results = make_results()
    rows = compare(results, "filtered", "ndcg@10")
    panels = panels_of(draw_figures(results, rows)["length"])
    assert [name for name, _ in panels] == ["SASRec", "Markov"]
    for recommender, panel in panels:
        of_panel = rows[
            (rows["recommender"] == recommender)
            & (rows["reference"] == "none")
            & (rows["group_by"] == "length")
        ]
        assert len(panel.containers) == 3
        for container in panel.containers:
            expected = of_panel[of_panel["augmenter"] == container.get_label()]
            drawn = container.lines[0].get_ydata()
            np.testing.assert_array_equal(drawn, expected["difference"])
            np.testing.assert_allclose(
                intervals_of(container), expected[["low", "high"]]
            )


def test_an_augmenter_that_failed_leaves_a_gap():
    figures = figures_of(make_results(n_seeds=1, with_failure=True))
    for _, panel in panels_of(figures["gain"]):
        drawn = panel.containers[0].lines[0].get_ydata()
        assert np.isnan(drawn).tolist() == [False, True, False]


def test_costs_are_means_over_the_seeds():
    for _, panel in panels_of(figures_of(make_results())["cost"]):
        assert panel.get_xscale() == "log"
        seconds = [line.get_xdata()[0] for line in panel.get_lines()]
        assert seconds == [3.0, 14.5, 14.5, 14.5]
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
    for part in figure.subfigs:
        for panel in part.axes:
            texts += [*part.texts, panel.xaxis.label, panel.yaxis.label]
            texts += tick_labels(panel.xaxis, 0) + tick_labels(panel.yaxis, 1)
            texts += panel.get_legend().get_texts()
    texts = [text for text in texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    width, height = figure.bbox.size
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1
    for (one, box), (other, its_box) in itertools.combinations(
        zip(texts, boxes, strict=True), 2
    ):
        if one.get_rotation() == other.get_rotation() == 60:  # parallel lines
            distance = np.hypot(box.x1 - its_box.x1, box.y1 - its_box.y1)
            height = one.get_fontsize() * figure.dpi / 72
            assert distance * np.sin(np.radians(60)) > height
        else:
            assert not box.overlaps(its_box)


def test_an_augmenter_looks_the_same_in_all_figures():
    results = make_results()
    styles = []
    figures = figures_of(results)
    for name in ("length", "cost"):
        ((_, panel), *_) = panels_of(figures[name])
        handles, names = panel.get_legend_handles_labels()
        lines = [handle[0] if name == "length" else handle for handle in handles]
        styles.append(
            {
                name: (line.get_color(), line.get_marker())
                for name, line in zip(names, lines, strict=True)
            }
        )
    assert styles[1].pop("none")
    assert styles[0] == styles[1]
    assert len(set(styles[0].values())) == len(SHRINK) - 1


def test_what_nothing_is_known_of_is_not_drawn():
    records = tuple(r for r in make_results(with_failure=True).records if r.error)
    assert figures_of(make_results(records=records)) == {}
    assert figures_of(make_results(records=())) == {}
    assert list(figures_of(make_results(shrink={"none": 1.0}))) == ["cost"]


def test_figures_are_rendered_as_png():
    from matplotlib.image import imread

    for figure in figures_of(make_results(with_failure=True)).values():
        content = as_png(figure)
        assert content.startswith(b"\x89PNG")
        assert np.ptp(imread(io.BytesIO(content))[..., :3]) > 0.5


def test_without_matplotlib_the_message_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"skdiffuasr\[plot\]"):
        figures_of(make_results(n_users=10))
