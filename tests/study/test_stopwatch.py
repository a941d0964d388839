import pytest

from skdiffuasr.study.stopwatch import Stopwatch


def test_steps_of_one_name_add_up(monkeypatch):
    ticks = iter([0.0, 1.0, 5.0, 7.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    stopwatch = Stopwatch()
    for _ in range(2):
        with stopwatch.step("fit"):
            pass
    assert stopwatch.seconds == {"fit": pytest.approx(3.5)}
