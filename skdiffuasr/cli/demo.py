"""``skdiffuasr demo``: the main job on a synthetic log, or on a given one."""

import argparse
from pathlib import Path

from skdiffuasr._files import refuse_existing, write_text
from skdiffuasr.cli.options import (
    LOG_HELP,
    add_column_options,
    add_parameters,
    given_parameters,
    number,
    read_log,
)
from skdiffuasr.cli.progress import say
from skdiffuasr.study import run_demo


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Fit baselines, SASRec and SASRec behind the diffusion, for at most 30 epochs "
        "unless --max-epochs says otherwise, print how they rank every user's last "
        "item, and write the same to a report."
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
        help="overwritten if it exists; default: demo_report.md",
    )
    add_parameters(parser, ["n_pseudo_items", "max_epochs", "device"])
    parser.add_argument("--seed", **number("N", "default: 0"))
    add_column_options(parser)


def run(options: argparse.Namespace) -> int:
    """Compare SASRec with and without augmentation, print and write the report."""
    refuse_existing(options.report, overwrite=True)
    report = run_demo(
        None if options.log is None else read_log(options),
        dataset_name=None if options.log is None else options.log.name,
        **given_parameters(options),
    )
    write_text(options.report, report)
    print(report)
    say(options, f"The report was written to {options.report}.")
    return 0
