"""What commands show beside their result, on standard error: how far they are."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

from skdiffuasr._extras import import_extra
from skdiffuasr._progress import shown_by
from skdiffuasr._progress_bars import TerminalBars
from skdiffuasr._progress_lines import Display, Lines


def add_progress_options(parser: argparse.ArgumentParser) -> None:
    """Add how much is shown."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--quiet",
        action="store_true",
        help="print the result and errors; no progress, notes or warnings",
    )
    group.add_argument(
        "--verbose",
        action="store_true",
        help="a line for every epoch, on a terminal and in a study too",
    )


@contextmanager
def show_progress(options: argparse.Namespace) -> Iterator[None]:
    """Show on standard error how far everything inside is, or nothing if quiet."""
    if options.quiet:
        with (
            open(os.devnull, "w") as nowhere,
            redirect_stderr(nowhere),
            shown_by(Display()),
        ):
            yield
        return
    with shown_by(_display(options.verbose)):
        yield


def say(options: argparse.Namespace, text: str) -> None:
    """Print what is no result, such as where that is, unless quiet."""
    if not options.quiet:
        print(text)


def _display(verbose: bool) -> Display:
    """Return bars on a terminal with rich, else lines."""
    if sys.stderr.isatty():
        try:
            console = import_extra("rich.console", "progress").Console(stderr=True)
        except ImportError:
            pass
        else:
            return TerminalBars(console, with_lines=verbose)
    return Lines(file=sys.stderr, with_inner=verbose)
