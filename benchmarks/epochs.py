"""Seconds per epoch of an estimator, without the rest of `fit`."""

import time
from contextlib import nullcontext
from itertools import pairwise
from statistics import median

from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmarks.measuring import peak_memory, repetitions, seconds_of
from benchmarks.rows import row
from benchmarks.work import WorkRecorder


class EpochClock:
    """Context manager that notes the time after every step of any optimiser."""

    def __init__(self):
        self.times = []

    def __enter__(self):
        self._hook = register_optimizer_step_post_hook(self._note_step)
        return self

    def __exit__(self, *exception):
        self._hook.remove()

    def _note_step(self, optimizer, args, kwargs):
        self.times.append(time.perf_counter())

    def epoch_seconds(self, n_epochs):
        """Return the seconds from the first step of each epoch to that of the next.

        An epoch ends by reading its loss, so a GPU is not ahead of the clock.
        """
        first = self.times[:: len(self.times) // n_epochs]
        return [b - a for a, b in pairwise(first)]


def measure_training(build, X, amount, unit, device, *, with_work=True, **others):
    """Fit ``build(max_epochs=...)`` twice; return an epoch's row and the second fit.

    The first fit, of one epoch, warms up and is recorded; the second is timed.
    """
    recorder = WorkRecorder()
    with recorder if with_work else nullcontext():
        first = seconds_of(lambda: build(max_epochs=1).fit(X), device)
    n_epochs = 1 + repetitions(first)
    model = build(max_epochs=n_epochs)
    with peak_memory(device) as peak, EpochClock() as clock:
        model.fit(X)
    work = recorder.summary() if with_work else None
    seconds = median(clock.epoch_seconds(n_epochs))
    others["steps"] = len(clock.times) // n_epochs
    return row("training", amount, unit, seconds, peak, work, **others), model
