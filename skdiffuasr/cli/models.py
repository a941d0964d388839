"""Models that commands make, train, save and load."""

import argparse
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing
from skdiffuasr._typing import IdArray
from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS, make_estimator
from skdiffuasr.cli.options import check_all_used, given_parameters
from skdiffuasr.cli.side_information import read_side_information
from skdiffuasr.recommenders.pipelines import final_recommender


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the names of augmenter and recommender."""
    parser.add_argument("--augmenter", choices=AUGMENTERS, help="default: none")
    parser.add_argument("--recommender", choices=RECOMMENDERS, help="default: sasrec")


def make_model(options: argparse.Namespace, items: IdArray) -> Any:
    """Make the recommender, in a pipeline if there is an augmenter.

    `items` are the ids of the log.
    """
    parameters = {"random_state": 0} | given_parameters(options)
    parameters |= read_side_information(options, items)
    augmenter = make_estimator(options.augmenter or "none", AUGMENTERS, parameters)
    recommender = make_estimator(
        options.recommender or "sasrec", RECOMMENDERS, parameters
    )
    check_all_used(parameters, [augmenter, recommender])
    if augmenter is None:
        return recommender
    return Pipeline([("aug", augmenter), ("rec", recommender)])


def augmenter_of(model: Any) -> Any:
    """Return a loaded augmenter, or that of a pipeline; ValueError if it is none."""
    augmenter = model.steps[0][1] if hasattr(model, "steps") else model
    if not hasattr(augmenter, "generate"):
        raise ValueError(
            f"MODEL is a {type(augmenter).__name__}, which puts no items before "
            "histories."
        )
    return augmenter


def recommender_of(model: Any) -> Any:
    """Return a loaded recommender, or that of a pipeline; ValueError if it is none."""
    recommender = final_recommender(model)
    if not hasattr(recommender, "recommend"):
        raise ValueError(
            f"MODEL is a {type(recommender).__name__}, which is not a recommender."
        )
    return recommender


def check_model_output(path: Path, options: argparse.Namespace) -> None:
    """Raise before the work, not after it, if a model cannot be saved."""
    refuse_existing(path, options.force)
    import_extra("safetensors", "persist")
