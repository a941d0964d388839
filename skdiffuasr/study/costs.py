"""What the steps of a run take: wall-clock time and memory."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_STATM = Path("/proc/self/statm")
_SECONDS_BETWEEN_LOOKS = 0.05
_MIB = 2**20


class Costs:
    """Measure named steps: the wall-clock `seconds` of each, and `peak_memory_mib`.

    Linux reports the memory in use, and a thread looks at it twenty times a second.
    Elsewhere only the highest of the whole process so far is known, and on Windows
    nothing, which is 0.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_memory_mib = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the step's, and watch the memory meanwhile."""
        done = Event()
        watcher = Thread(target=self._look_until, args=(done,), daemon=True)
        self._look()
        watcher.start()
        started = time.perf_counter()
        try:
            yield
            elapsed = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed
        finally:
            done.set()
            watcher.join()
            self._look()

    def _look_until(self, done: Event) -> None:
        while not done.wait(_SECONDS_BETWEEN_LOOKS):
            self._look()

    def _look(self) -> None:
        self.peak_memory_mib = max(self.peak_memory_mib, _resident_mib())


def _resident_mib() -> float:
    """Memory in use now, or the highest so far where the system knows no better."""
    if _STATM.exists():
        n_pages = int(_STATM.read_text().split()[1])
        return n_pages * os.sysconf("SC_PAGE_SIZE") / _MIB
    try:
        import resource
    except ImportError:
        return 0.0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (_MIB if sys.platform == "darwin" else 1024)
