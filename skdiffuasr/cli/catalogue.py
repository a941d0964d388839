"""The augmenters and recommenders that the command line can name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from skdiffuasr import augmentation, recommenders
from skdiffuasr.utils.discovery import all_estimators, short_name
from skdiffuasr.utils.known_parameters import set_known


def _found(kind: str) -> dict[str, Callable[..., Any]]:
    """Find the estimators of a kind, by short name."""
    return dict(sorted((short_name(cls), cls) for _, cls in all_estimators(kind)))


#: Name: factory of an unfitted estimator, or of None. A new one is found by itself.
AUGMENTERS: Mapping[str, Callable[..., Any]] = {
    "none": lambda: None,
    **_found("augmenter"),
    "diffusion-cg": partial(
        augmentation.DiffusionSequenceAugmenter, guidance="classifier"
    ),
    "random-popular": partial(augmentation.RandomAugmenter, distribution="popularity"),
}
RECOMMENDERS: Mapping[str, Callable[..., Any]] = {
    **_found("recommender"),
    "sasrec-bce": partial(recommenders.SASRecEstimator, loss="bce"),
}


def make_estimator(
    name: str,
    factories: Mapping[str, Callable[..., Any]],
    parameters: Mapping[str, Any],
) -> Any:
    """Make an estimator by name, and set those of some parameters that it has.

    `factories` are `AUGMENTERS` or `RECOMMENDERS`. A ValueError lists the known names.
    """
    if name not in factories:
        raise ValueError(f"{name!r} is not one of {', '.join(factories)}.")
    estimator = factories[name]()
    return None if estimator is None else set_known(estimator, parameters)
