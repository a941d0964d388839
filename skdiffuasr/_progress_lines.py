"""Something that takes longer than a moment, and lines that tell of it."""

import math
import time
from typing import TextIO


class Task:
    """Something that is done in `total` steps; `track` makes one.

    Of a task with a `pause`, lines are at least so many seconds apart. Tasks inside an
    `is_outer` one, such as the training runs of a study, have lines only if asked for.
    """

    def __init__(
        self,
        name: str,
        unit: str,
        total: int,
        display: "Display",
        *,
        pause: float = 0.0,
        is_outer: bool = False,
        is_covered: bool = False,
    ) -> None:
        self.name = name
        self.unit = unit
        self.total = total
        self.pause = pause
        self.is_outer = is_outer
        self.is_covered = is_covered
        self.n_done = self._n_skipped = 0
        self.is_last = False
        self.text = ""
        self.summary = ""
        self.seconds_left = float("nan")
        self.started = self.told = time.perf_counter()
        self._display = display

    def advance(
        self,
        text: str = "",
        n_steps: int = 1,
        *,
        is_last: bool = False,
        seconds_left: float | None = None,
    ) -> None:
        """Count steps as done, and say how they went; `is_last` ends before `total`."""
        self.n_done += n_steps
        self.text = text
        self.is_last = is_last or self.n_done >= self.total
        if seconds_left is None:
            n_timed = max(self.n_done - self._n_skipped, 1)
            seconds_left = self.seconds / n_timed * (self.total - self.n_done)
        self.seconds_left = seconds_left
        self._display.advance(self)

    def skip(self, n_steps: int) -> None:
        """Count steps that were done before."""
        self.n_done += n_steps
        self._n_skipped += n_steps
        self._display.refresh(self)

    def note(self, text: str) -> None:
        """Say what is done now, on a bar."""
        self.text = text
        self._display.refresh(self)

    @property
    def seconds(self) -> float:
        """Seconds since the task began."""
        return time.perf_counter() - self.started

    @property
    def place(self) -> str:
        """How far the task is, such as "epoch 3/200"."""
        return f"{self.unit} {self.n_done}/{self.total}"

    def line(self) -> str:
        """Return how far the task is, in one line."""
        now = time.perf_counter()
        seconds, self.told = now - self.told, now
        parts = [self.place, self.text, f"{seconds:.1f} s"]
        if not self.is_last:
            parts.append(time_left(self.seconds_left))
        return f"{self.name}: {', '.join(filter(None, parts))}"


class Display:
    """Shows nothing; base class of what shows tasks."""

    def begin(self, task: Task) -> None:
        """Show a new task."""

    def advance(self, task: Task) -> None:
        """Show that steps were done."""

    def refresh(self, task: Task) -> None:
        """Show another text of a task."""

    def end(self, task: Task) -> None:
        """Show what came of a task."""


class Lines(Display):
    """Prints a line for each step, or for every `every`-th epoch, flushed at once.

    `file` None is standard output at the time; `with_inner` prints those inside an
    outer task, too.
    """

    def __init__(
        self, every: int = 1, file: TextIO | None = None, *, with_inner: bool = False
    ) -> None:
        self.every = every
        self.file = file
        self.with_inner = with_inner

    def advance(self, task: Task) -> None:
        """Print a line, if one is due."""
        if task.pause:
            is_due = time.perf_counter() - task.told >= task.pause
        else:
            every = self.every if task.unit == "epoch" else 1
            is_due = task.n_done % every == 0 or task.is_last
        if is_due and self.has_line(task):
            self.write(task.line())

    def end(self, task: Task) -> None:
        """Print the summary."""
        if task.summary and self.has_summary(task):
            self.write(f"{task.name}: {task.summary}, {task.seconds:.1f} s")

    def has_line(self, task: Task) -> bool:
        """Whether a task's steps have lines."""
        return self.with_inner or not task.is_covered

    has_summary = has_line

    def write(self, line: str) -> None:
        """Print one line."""
        print(line, file=self.file, flush=True)


def time_left(seconds: float) -> str:
    """Return how long something will take, such as "about 1:02:00 left"."""
    if math.isnan(seconds):
        return "time left unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"about {minutes // 60}:{minutes % 60:02d}:{rest:02d} left"
