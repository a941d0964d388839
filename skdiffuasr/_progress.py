"""Progress of whatever takes longer than a moment: what is told, and to whom."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

from skdiffuasr._progress_bars import NotebookBars
from skdiffuasr._progress_lines import Display, Lines, Task

#: Seconds between two lines of what has many short steps.
LINES_APART = 10.0


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
def _inside(**changes: Any) -> Iterator[None]:
    token = _surroundings.set(_surroundings.get()._replace(**changes))
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
    is_covered = around.is_covered and not verbose
    task = Task(
        ", ".join((*around.stages, name)),
        unit,
        total,
        display,
        pause=pause,
        is_outer=is_outer,
        is_covered=is_covered,
    )
    display.begin(task)
    # What shows nothing must not silence what is verbose inside.
    shows = around.display or (display if verbose else None)
    try:
        with _inside(display=shows, is_covered=is_covered or is_outer):
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
        with suppress(ImportError):
            return NotebookBars()
    return Lines(int(verbose), with_inner=with_inner)


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"
