"""Progress of a study on a terminal: a bar with rich, lines without."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from skdiffuasr.study.schedule import Progress


@contextmanager
def show_progress() -> Iterator[Callable[[Progress], None]]:
    """Yield an `on_progress` for `AugmentationStudy.run` that shows it on stderr."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar
    except ImportError:
        yield print_progress
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, left="")

        def update(progress: Progress) -> None:
            bar.update(
                task,
                total=progress.n_total,
                completed=progress.n_done,
                description=progress.label,
                left=time_left(progress.seconds_left),
            )

        yield update


def print_progress(progress: Progress) -> None:
    """Print one line on standard error."""
    print(
        f"[{progress.n_done}/{progress.n_total}] {progress.label}, "
        f"{time_left(progress.seconds_left)}",
        file=sys.stderr,
        flush=True,
    )


def time_left(seconds: float) -> str:
    """Return how long something will take, such as "about 1:02:00 left"."""
    if math.isnan(seconds):
        return "time left unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"about {minutes // 60}:{minutes % 60:02d}:{rest:02d} left"
