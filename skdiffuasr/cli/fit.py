"""``skdiffuasr fit``: train a recommender, behind an augmenter or not, and save it."""

import argparse

from skdiffuasr.cli.models import (
    add_model_options,
    check_model_output,
    make_model,
)
from skdiffuasr.cli.options import (
    add_estimator_options,
    add_log_options,
    add_output_options,
    number,
    read_log,
    without_held_out,
)
from skdiffuasr.cli.progress import say
from skdiffuasr.cli.side_information import add_side_information
from skdiffuasr.persistence import save


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Train on all of LOG, or on all but the last items of every user, "
        "and save the model to one file for `recommend`, `evaluate` and `augment`."
    )
    add_log_options(parser)
    add_output_options(parser, "the model, a safetensors file")
    add_model_options(parser)
    parser.add_argument(
        "--hold-out", **number("N", "leave out the last N items of every user", 0)
    )
    add_estimator_options(parser)
    add_side_information(parser.add_argument_group("items"))


def run(options: argparse.Namespace) -> int:
    """Train and save."""
    check_model_output(options.output, options)
    histories = without_held_out(read_log(options).to_sequences(), options)
    model = make_model(options, histories.values)
    model.fit(histories[histories.lengths > 0])
    save(model, options.output, overwrite=options.force)
    say(options, f"The model was written to {options.output}.")
    return 0
