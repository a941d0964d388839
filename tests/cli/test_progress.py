import sys

import pytest

from skdiffuasr.cli.progress import print_progress, show_progress, time_left
from skdiffuasr.study.schedule import Progress

STEPS = [
    Progress(0, 2, "none + SASRec + seed0", float("nan")),
    Progress(1, 2, "own + SASRec + seed0", 61.0),
    Progress(2, 2, "done", 0.0),
]


def test_lines(capsys):
    for step in STEPS:
        print_progress(step)
    assert capsys.readouterr().err.splitlines() == [
        "[0/2] none + SASRec + seed0, time left unknown",
        "[1/2] own + SASRec + seed0, about 0:01:01 left",
        "[2/2] done, about 0:00:00 left",
    ]


def test_a_bar_with_rich(capsys):
    pytest.importorskip("rich")
    with show_progress() as on_progress:
        for step in STEPS:
            on_progress(step)
    assert "2/2" in capsys.readouterr().err


def test_lines_without_rich(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with show_progress() as on_progress:
        assert on_progress is print_progress


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.6, "0:01:00"), (3599.0, "0:59:59"), (36000.0, "10:00:00")]
)
def test_time_left(seconds, text):
    assert time_left(seconds) == f"about {text} left"
