"""The most memory that a step took."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_STATM = Path("/proc/self/statm")
_SECONDS_BETWEEN_LOOKS = 0.05
_MIB = 2**20


class PeakMemory:
    """Resident memory of this process at its highest, in MiB.

    Linux tells the memory in use, and a thread looks at it twenty times a second.
    Elsewhere only the highest of the whole process so far is known, and on Windows
    nothing.

    Attributes
    ----------
    mib : float
        The highest value seen inside `watch`; 0 before, and where nothing is known.

    Examples
    --------
    >>> from skdiffuasr.study.peak_memory import PeakMemory
    >>> memory = PeakMemory()
    >>> with memory.watch():
    ...     pass
    >>> memory.mib > 0
    True
    """

    def __init__(self) -> None:
        self.mib = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Keep looking while inside."""
        done = Event()
        watcher = Thread(target=self._look_until, args=(done,), daemon=True)
        self._look()
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self._look()

    def _look_until(self, done: Event) -> None:
        while not done.wait(_SECONDS_BETWEEN_LOOKS):
            self._look()

    def _look(self) -> None:
        self.mib = max(self.mib, _resident_mib())


def _resident_mib() -> float:
    """Memory in use now, or the highest so far where the system does not tell."""
    if _STATM.exists():
        n_pages = int(_STATM.read_text().split()[1])
        return n_pages * os.sysconf("SC_PAGE_SIZE") / _MIB
    try:
        import resource
    except ImportError:
        return 0.0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (_MIB if sys.platform == "darwin" else 1024)
