"""The command line: ``python -m skdiffuasr`` or ``skdiffuasr``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from skdiffuasr import __version__
from skdiffuasr.study import run_demo


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Without the name of the program. None takes those of the process.

    Returns
    -------
    exit_code : int
        0 on success, 1 if the input cannot be used.
    """
    options = _parser().parse_args(arguments)
    try:
        report = run_demo(
            options.data,
            n_pseudo_items=options.n_pseudo_items,
            max_epochs=options.max_epochs,
            device=options.device,
            random_state=options.seed,
        )
        options.report.write_text(report)
    except (OSError, TypeError, ValueError) as error:
        print(f"skdiffuasr: error: {error}", file=sys.stderr)
        return 1
    print(report)
    print(f"The report was written to {options.report}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skdiffuasr",
        description="Diffusion augmentation of interaction sequences.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="compare SASRec with and without augmentation on one log",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="CSV, TSV, 'user item' text or .inter file, may be compressed; "
        "a synthetic log without it",
    )
    demo.add_argument(
        "--report", type=Path, default=Path("demo_report.md"), metavar="FILE"
    )
    demo.add_argument("--n-pseudo-items", type=int, default=10, metavar="M")
    demo.add_argument("--max-epochs", type=int, default=30, metavar="N")
    demo.add_argument("--device", default="auto")
    demo.add_argument("--seed", type=int, default=0)
    return parser
