"""``skdiffuasr fit``: train a recommender, behind an augmenter or not, and save it."""

import argparse
from typing import Any

from sklearn.pipeline import Pipeline

from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS, make_estimators
from skdiffuasr.cli.options import (
    add_augmenter_options,
    add_hold_out_option,
    add_log_options,
    add_output_options,
    add_training_options,
    add_variants_option,
    check_model_output,
    progress_bar,
    read_log,
    refuse_unused,
    training_parameters,
    without_held_out,
)
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
    add_hold_out_option(parser, "leave out the last N items of every user")
    add_training_options(parser)
    add_variants_option(add_augmenter_options(parser))


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the names of augmenter and recommender."""
    parser.add_argument("--augmenter", choices=AUGMENTERS, help="default: none")
    parser.add_argument("--recommender", choices=RECOMMENDERS, help="default: sasrec")


def make_model(options: argparse.Namespace) -> Any:
    """Make the recommender, in a pipeline if there is an augmenter."""
    parameters = training_parameters(options)
    (augmenter,) = make_estimators(
        [options.augmenter or "none"], AUGMENTERS, parameters
    ).values()
    (recommender,) = make_estimators(
        [options.recommender or "sasrec"], RECOMMENDERS, parameters
    ).values()
    refuse_unused(parameters, [augmenter, recommender])
    if augmenter is None:
        return recommender
    return Pipeline([("aug", augmenter), ("rec", recommender)])


def run(options: argparse.Namespace) -> int:
    """Train and save."""
    check_model_output(options.output, options)
    histories = without_held_out(read_log(options).to_sequences(), options)
    model = make_model(options)
    with progress_bar(model, options):
        model.fit(histories[histories.lengths > 0])
    save(model, options.output, overwrite=options.force)
    print(f"The model was written to {options.output}.")
    return 0
