"""``skdiffuasr demo``: the main job on a synthetic log, or on a given one."""

import argparse
from pathlib import Path

from skdiffuasr._files import refuse_existing, write_text
from skdiffuasr.cli.options import (
    LOG_HELP,
    add_column_options,
    add_device_option,
    read_log,
)
from skdiffuasr.study import run_demo


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Fit baselines, SASRec and SASRec behind the diffusion, print how "
        "they rank every user's last item, and write the same to a report."
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        dest="log",
        help=f"{LOG_HELP}; default: a synthetic log",
    )
    parser.add_argument(
        "-o",
        "--report",
        type=Path,
        default=Path("demo_report.md"),
        metavar="FILE",
        help="written over if it exists; default: demo_report.md",
    )
    parser.add_argument(
        "--n-pseudo-items",
        type=int,
        default=10,
        metavar="M",
        help="items before each history; default: 10",
    )
    parser.add_argument(
        "--max-epochs",
        type=int,
        default=30,
        metavar="N",
        help="largest number of epochs; default: 30",
    )
    add_device_option(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    add_column_options(parser)


def run(options: argparse.Namespace) -> int:
    """Compare SASRec with and without augmentation, print and write the report."""
    refuse_existing(options.report, overwrite=True)
    report = run_demo(
        None if options.log is None else read_log(options),
        dataset_name=None if options.log is None else options.log.name,
        n_pseudo_items=options.n_pseudo_items,
        max_epochs=options.max_epochs,
        device=options.device or "auto",
        random_state=options.seed,
    )
    write_text(options.report, report)
    print(report)
    print(f"The report was written to {options.report}.")
    return 0
