import sys
import time
from pathlib import Path

import numpy as np

from skdiffuasr.study import peak_memory
from skdiffuasr.study.peak_memory import PeakMemory


def test_memory_that_is_given_back_was_seen():
    memory = PeakMemory()
    with memory.watch():
        pass
    before = memory.mib
    with memory.watch():
        block = np.ones(64 * 2**17)  # 64 MiB
        time.sleep(0.5)
        del block
    assert memory.mib > before + 50


def test_the_watch_ends_after_an_error():
    memory = PeakMemory()
    try:
        with memory.watch():
            raise KeyError
    except KeyError:
        assert memory.mib > 0


def test_a_system_that_tells_nothing_is_no_error(monkeypatch):
    monkeypatch.setattr(peak_memory, "_STATM", Path("no such file"))
    memory = PeakMemory()
    with memory.watch():
        assert memory.mib > 0  # the highest so far of the process
    monkeypatch.setitem(sys.modules, "resource", None)
    memory = PeakMemory()
    with memory.watch():
        pass
    assert memory.mib == 0
