"""Wall-clock time of the steps of a study."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measure named steps.

    Attributes
    ----------
    seconds : dict of str to float
        Wall-clock seconds of each step, in the order in which the steps ended.

    Examples
    --------
    >>> from skdiffuasr.study.stopwatch import Stopwatch
    >>> stopwatch = Stopwatch()
    >>> with stopwatch.step("nothing"):
    ...     pass
    >>> list(stopwatch.seconds)
    ['nothing']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the step's."""
        started = time.perf_counter()
        yield
        elapsed = time.perf_counter() - started
        self.seconds[name] = self.seconds.get(name, 0.0) + elapsed
