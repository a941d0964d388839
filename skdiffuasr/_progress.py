"""Progress of whatever takes longer than a moment: what is told, and to whom."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import NamedTuple, TextIO

#: Seconds between two lines of what has many short steps.
LINES_APART = 10.0


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
        self.n_done = 0
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
            n_left = self.total - self.n_done
            seconds_left = self.seconds / max(self.n_done, 1) * n_left
        self.seconds_left = seconds_left
        self._display.advance(self)

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


class _Surroundings(NamedTuple):
    """What shows the tasks that begin here, and what they are part of."""

    display: Display | None = None
    stages: tuple[str, ...] = ()
    is_covered: bool = False


_NOTHING_AROUND = _Surroundings()
_surroundings: ContextVar[_Surroundings] = ContextVar(
    "surroundings", default=_NOTHING_AROUND
)


@contextmanager
def _inside(**changes: object) -> Iterator[None]:
    token = _surroundings.set(_surroundings.get()._replace(**changes))  # type: ignore[arg-type]
    try:
        yield
    finally:
        _surroundings.reset(token)


def shown_by(display: Display) -> AbstractContextManager[None]:
    """Let a display show all tasks inside, whatever their `verbose`."""
    return _inside(display=display)


def stage(*names: str, verbose: int = 0) -> AbstractContextManager[None]:
    """Put names before those of the tasks inside, and show these if `verbose`."""
    around = _surroundings.get()
    return _inside(
        display=around.display or (display_for(verbose) if verbose else None),
        stages=(*around.stages, *names),
    )


@contextmanager
def track(
    name: str,
    unit: str,
    total: int,
    *,
    verbose: int = 0,
    pause: float = 0.0,
    is_outer: bool = False,
) -> Iterator[Task]:
    """Yield a `Task` to be advanced, shown by what is around it or else by `verbose`.

    One in an outer task that is verbose itself has lines there, too.
    """
    around = _surroundings.get()
    display = around.display or display_for(verbose, with_inner=verbose > 1)
    task = Task(
        ", ".join((*around.stages, name)),
        unit,
        total,
        display,
        pause=pause,
        is_outer=is_outer,
        is_covered=around.is_covered and not verbose,
    )
    display.begin(task)
    # What shows nothing must not silence what is verbose inside.
    shows = around.display or (display if verbose else None)
    try:
        with _inside(display=shows, is_covered=around.is_covered or is_outer):
            yield task
    finally:
        display.end(task)


def track_rows(
    name: str, n_rows: int, verbose: int = 0
) -> AbstractContextManager[Task]:
    """Track what goes through rows in many short steps; a line now and then."""
    return track(name, "row", n_rows, verbose=verbose, pause=LINES_APART)


def display_for(verbose: int, *, with_inner: bool = False) -> Display:
    """Return what a `verbose` asks for: nothing, lines, or a bar in a notebook."""
    if not verbose:
        return Display()
    if _is_notebook():
        from skdiffuasr._progress_bars import NotebookBars

        with suppress(ImportError):
            return NotebookBars()
    return Lines(int(verbose), with_inner=with_inner)


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def time_left(seconds: float) -> str:
    """Return how long something will take, such as "about 1:02:00 left"."""
    if seconds != seconds:  # NaN
        return "time left unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"about {minutes // 60}:{minutes % 60:02d}:{rest:02d} left"
