import inspect
import sys

import numpy as np
import pytest

from skdiffuasr import plotting
from skdiffuasr._estimator_class import _entries, _sections
from skdiffuasr.metrics import Groups
from skdiffuasr.plotting._display import label_columns, shortened

ONE = Groups(("a",), np.array([0, 0]))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plotting.DenoisingTrajectoryDisplay.from_estimator(None, None),
        lambda: plotting.EmbeddingMapDisplay.from_estimator(None, None),
        lambda: plotting.EmbeddingMapDisplay(
            np.zeros((2, 2)), np.ones(2, dtype=int), np.zeros((0, 1, 2))
        ).plot(),
        lambda: plotting.GroupMetricDisplay.from_estimator(None, None, None),
        lambda: plotting.GroupMetricDisplay.from_predictions([0, 1], ONE, metric="m"),
        lambda: plotting.LengthGainDisplay.from_estimator(None, None, None, None),
        lambda: plotting.LossCurveDisplay([1.0]).plot(),
        lambda: plotting.PopularityDriftDisplay.from_estimator(None, None),
        lambda: plotting.PopularityDriftDisplay({"a": [1]}).plot(),
        lambda: plotting.SearchHeatmapDisplay(
            np.ones((1, 1)), [1], [1], "x", "y", metric="m"
        ).plot(),
    ],
)
def test_without_matplotlib_the_extra_is_named_at_once(monkeypatch, draw):
    for name in ("matplotlib", *(m for m in sys.modules if m[:11] == "matplotlib.")):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'pip install "skdiffuasr\[plot\]"'):
        draw()


@pytest.mark.parametrize("name", plotting.__all__)
def test_docstrings_are_complete_though_shared_entries_are_written_once(name):
    display = getattr(plotting, name)
    methods = [display.from_estimator, display.plot]
    if hasattr(display, "from_predictions"):
        methods.append(display.from_predictions)
    for documented in (display, *methods):
        sections = _sections(inspect.getdoc(documented))
        entries = _entries(sections["Parameters"])
        names = [name.lstrip("*") for entry in entries for name in entry.split(", ")]
        parameters = inspect.signature(documented).parameters
        assert names == [parameter for parameter in parameters if parameter != "self"]
        if documented is display:
            assert {"ax_", "figure_"} <= _entries(sections["Attributes"]).keys()
        else:
            assert "display : Self" in sections["Returns"]
            assert "ImportError\n    If matplotlib" in sections["Raises"]


def test_labels_do_not_run_into_each_other():
    import matplotlib.pyplot as plt

    for n_labels, is_slanted in ((3, False), (30, True)):
        _, ax = plt.subplots()
        ax.set_xticks(range(n_labels))
        label_columns(ax, ["a name\nn=100"] * n_labels)
        labels = ax.get_xticklabels()
        assert len(labels) == n_labels
        assert (labels[0].get_rotation() != 0) == is_slanted
        assert labels[0].get_text() == (
            "a name, n=100" if is_slanted else "a name\nn=100"
        )


@pytest.mark.parametrize("n_letters", range(2, 12))
def test_shortened_texts_keep_both_ends(n_letters):
    text = "begin\n middle end"
    short = shortened(text, n_letters)
    assert len(short) == n_letters
    head, tail = short.split("…")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert shortened(text, 16) == "begin middle end"
