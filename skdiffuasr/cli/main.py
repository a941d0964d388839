"""From arguments to an exit code; each command has a module of its own."""

import argparse
import os
import sys
import warnings
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from skdiffuasr import __version__
from skdiffuasr._wording import on_command_line
from skdiffuasr.cli.config import with_config
from skdiffuasr.cli.progress import add_progress_options, show_progress
from skdiffuasr.cli.wording import with_options

#: Name: what it does. The module of that name in this package has its options.
COMMANDS = {
    "augment": "put pseudo items before every history of a log",
    "fit": "train a recommender, behind an augmenter or not, and save it",
    "recommend": "write the best items of every user to a file",
    "export": "write a recommender as a graph for onnxruntime or torch alone",
    "evaluate": "rank every user's last item with a model, trained without it",
    "study": "compare augmenters and recommenders on one dataset, with a report",
    "describe": "count users, items and lengths, and say what augmentation can do",
    "datasets": "list public datasets, or fetch one and write it as a log",
    "demo": "compare SASRec with and without augmentation on one dataset",
}

EXIT_CODES = """\
exit codes:
  0    success
  1    the input cannot be used, or something failed; one line says why
  2    the arguments are wrong, or the model knows none of the ids that they bring
  3    a combination of a study failed; the others are reported
  130  interrupted by Ctrl-C
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    `arguments` come without the name of the program; None takes those of the process.
    Returns one of `EXIT_CODES`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    options = argparse.Namespace()
    try:
        options = make_parser(given[:1]).parse_args(with_config(given, list(COMMANDS)))
        debug = options.debug
        with show_progress(options), _warnings_in_one_line(), on_command_line():
            exit_code: int = options.run(options)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has had enough; nothing is left to be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("skdiffuasr: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        message = with_options(_in_one_line(error), options)
        print(f"skdiffuasr: error: {message}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    return exit_code


def make_parser(wanted: Container[str] | None = None) -> argparse.ArgumentParser:
    """Make the parser of all commands.

    Only commands in `wanted` get their options, or all if it is None. The modules of
    the others, and torch with them, are not imported.
    """
    parser = argparse.ArgumentParser(
        prog="skdiffuasr",
        description="Diffusion augmentation of interaction sequences.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help_text in COMMANDS.items():
        # An abbreviation of --config would not be seen before the others are read.
        added = commands.add_parser(name, help=help_text, allow_abbrev=False)
        if wanted is None or name in wanted:
            _add_options(added, import_module(f"skdiffuasr.cli.{name}"))
    return parser


def _add_options(parser: argparse.ArgumentParser, command: ModuleType) -> None:
    """Add the options of one command, and those that all commands have."""
    command.add_options(parser)
    add_progress_options(parser)
    parser.set_defaults(run=command.run)
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file with a table of options for each command; those of the "
        "command line override it",
    )
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )


def _in_one_line(error: Exception) -> str:
    """Say what went wrong; name the type where it is not a complaint about input."""
    text = " ".join(str(error).split())
    if isinstance(error, ImportError | OSError | TypeError | ValueError):
        return text or type(error).__name__
    return f"{type(error).__name__}: {text} (--debug shows where)"


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Print warnings without the line of code that gave them."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"skdiffuasr: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
