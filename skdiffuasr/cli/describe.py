"""``skdiffuasr describe``: a look at a log."""

import argparse
from typing import Any

from skdiffuasr.cli.options import add_log_options, read_log


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "describe",
        help="count users, items and lengths, and say what augmentation can do",
    )
    add_log_options(parser)
    return parser


def run(options: argparse.Namespace) -> int:
    """Describe."""
    print(read_log(options).to_sequences().describe())
    return 0
