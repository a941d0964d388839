import time

import numpy as np

from skdiffuasr.study.peak_memory import PeakMemory


def test_memory_that_is_given_back_was_seen():
    memory = PeakMemory()
    with memory.watch():
        pass
    before = memory.mib
    with memory.watch():
        block = np.ones(64 * 2**17)  # 64 MiB
        time.sleep(0.2)
        del block
    assert memory.mib > before + 50


def test_the_watch_ends_after_an_error():
    memory = PeakMemory()
    try:
        with memory.watch():
            raise KeyError
    except KeyError:
        assert memory.mib > 0
