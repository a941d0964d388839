"""Bars with rich, on a terminal or in a notebook."""

import time
from typing import Any

from skdiffuasr._extras import import_extra
from skdiffuasr._progress_lines import Lines, Task, time_left

#: Seconds between two pictures of a notebook's bars.
_PAUSE = 0.1


class TerminalBars(Lines):
    """A bar for every task, which vanishes at its end, beneath the lines of some.

    Lines are printed for the steps of outer tasks, as they come, and for all if
    `with_lines`.
    """

    def __init__(self, console: Any, *, with_lines: bool = False) -> None:
        super().__init__(with_inner=with_lines)
        self.console = console
        self.with_lines = with_lines
        self._progress: Any = None
        self._bars: dict[Task, Any] = {}

    def has_line(self, task: Task) -> bool:
        """Whether a task's steps have lines: else the bar is enough."""
        return self.with_lines or task.is_outer

    def begin(self, task: Task) -> None:
        """Add a bar, beneath those of the tasks around."""
        if self._progress is None:
            self._progress = self._start()
        self._bars[task] = self._progress.add_task(
            "", total=task.total, **_fields(task)
        )

    def advance(self, task: Task) -> None:
        """Move the bar."""
        super().advance(task)
        self.refresh(task)

    def refresh(self, task: Task) -> None:
        """Show what a task says now."""
        if self._progress is not None:
            bar = self._bars[task]
            self._progress.update(bar, completed=task.n_done, **_fields(task))

    def end(self, task: Task) -> None:
        """Take the bar away, and say what came of the task."""
        super().end(task)
        bar = self._bars.pop(task)
        if self._progress is None:
            return
        if self._bars:
            self._progress.remove_task(bar)
        else:
            self._stop(self._progress)
            self._progress = None

    def write(self, line: str) -> None:
        """Print a line above the bars."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _start(self) -> Any:
        # What is printed is the result, and goes where the user sends it.
        progress = _bars(self.console, transient=True, redirect_stdout=False)
        progress.start()
        return progress

    def _stop(self, progress: Any) -> None:
        progress.stop()


class NotebookBars(TerminalBars):
    """The same bars in the output of a cell, where those of the last task stay."""

    def __init__(self) -> None:
        super().__init__(import_extra("rich.console", "progress").Console())
        self._handle: Any = None
        self._shown = 0.0

    def refresh(self, task: Task) -> None:
        """Show what a task says now."""
        super().refresh(task)
        if self._progress and time.perf_counter() - self._shown > _PAUSE:
            self._draw(self._progress)

    def write(self, line: str) -> None:
        """Print a line in the cell."""
        print(line, flush=True)

    def _start(self) -> Any:
        progress = _bars(self.console)
        display = import_extra("IPython.display", "progress").display
        self._handle = display(progress.make_tasks_table([]), display_id=True)
        return progress

    def _stop(self, progress: Any) -> None:
        self._draw(progress)

    def _draw(self, progress: Any) -> None:
        # rich's own way needs ipywidgets and a thread.
        self._handle.update(progress.make_tasks_table(progress.tasks))
        self._shown = time.perf_counter()


def _bars(console: Any, **options: bool) -> Any:
    rich = import_extra("rich.progress", "progress")
    name, *others = (
        rich.TextColumn(f"{{task.fields[{field}]}}", markup=False)
        for field in ("name", "place", "left", "text")
    )
    bar = rich.BarColumn(bar_width=20)
    return rich.Progress(name, bar, *others, console=console, **options)


def _fields(task: Task) -> dict[str, str]:
    is_moving = 0 < task.n_done and not task.is_last
    return {
        "name": task.name,
        "place": task.place,
        "left": time_left(task.seconds_left) if is_moving else "",
        "text": task.text,
    }
