"""``skdiffuasr demo``: the main job on a synthetic log, or on a given one."""

import argparse
from pathlib import Path
from typing import Any

from skdiffuasr._files import write_text
from skdiffuasr.cli.options import LOG_HELP
from skdiffuasr.study import run_demo


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help="compare SASRec with and without augmentation on one log",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help=f"{LOG_HELP}; a synthetic log without it",
    )
    parser.add_argument(
        "--report", type=Path, default=Path("demo_report.md"), metavar="FILE"
    )
    parser.add_argument("--n-pseudo-items", type=int, default=10, metavar="M")
    parser.add_argument("--max-epochs", type=int, default=30, metavar="N")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def run(options: argparse.Namespace) -> int:
    """Compare SASRec with and without augmentation, print and write the report."""
    report = run_demo(
        options.data,
        n_pseudo_items=options.n_pseudo_items,
        max_epochs=options.max_epochs,
        device=options.device,
        random_state=options.seed,
    )
    write_text(options.report, report)
    print(report)
    print(f"The report was written to {options.report}.")
    return 0
