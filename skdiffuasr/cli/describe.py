"""``skdiffuasr describe``: a look at a log."""

import argparse
import warnings
from dataclasses import replace

from skdiffuasr.cli.options import add_log_options, column_options
from skdiffuasr.datasets import read_interactions

add_options = add_log_options


def run(options: argparse.Namespace) -> int:
    """Describe."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        log = read_interactions(options.log, **column_options(options))
    description = log.describe()
    # Only reading sees some traps, such as mixed time zones; others are found twice.
    on_reading = [str(warning.message) for warning in caught]
    found = tuple(dict.fromkeys((*description.warnings, *on_reading)))
    print(f"columns: {log.column_use}")
    print(replace(description, warnings=found))
    return 0
