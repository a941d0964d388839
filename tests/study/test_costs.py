import sys
import time
from pathlib import Path

import numpy as np
import pytest

from skdiffuasr.study import costs as module
from skdiffuasr.study.costs import Costs


def test_steps_of_one_name_add_up(monkeypatch):
    ticks = iter([0.0, 1.0, 5.0, 7.5])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    costs = Costs()
    for _ in range(2):
        with costs.step("fit"):
            pass
    assert costs.seconds == {"fit": pytest.approx(3.5)}


def test_memory_that_is_given_back_was_seen():
    costs = Costs()
    with costs.step("nothing"):
        pass
    before = costs.peak_memory_mib
    with costs.step("much"):
        block = np.ones(64 * 2**17)  # 64 MiB
        time.sleep(0.5)
        del block
    assert costs.peak_memory_mib > before + 50


def test_the_watch_ends_after_an_error():
    costs = Costs()
    with pytest.raises(KeyError), costs.step("fit"):
        raise KeyError
    assert costs.peak_memory_mib > 0
    assert costs.seconds == {}


def test_a_system_that_reports_nothing_is_no_error(monkeypatch):
    monkeypatch.setattr(module, "_STATM", Path("no such file"))
    costs = Costs()
    with costs.step("fit"):
        assert costs.peak_memory_mib > 0  # the highest so far of the process
    monkeypatch.setitem(sys.modules, "resource", None)
    costs = Costs()
    with costs.step("fit"):
        pass
    assert costs.peak_memory_mib == 0
