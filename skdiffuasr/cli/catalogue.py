"""The augmenters and recommenders that the command line can name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from skdiffuasr.utils import all_estimators, short_name

#: Names of estimators with other parameters than the defaults.
VARIANTS = {
    "diffusion-cg": ("diffusion", {"guidance": "classifier"}),
    "random-popular": ("random", {"distribution": "popularity"}),
    "sasrec-bce": ("sasrec", {"loss": "bce"}),
}


def _factories(kind: str) -> dict[str, Callable[..., Any]]:
    """Find the estimators of a kind; name them and their variants."""
    found: dict[str, Callable[..., Any]] = {
        short_name(cls): cls for _, cls in all_estimators(kind)
    }
    for name, (base, parameters) in VARIANTS.items():
        if base in found:
            found[name] = partial(found[base], **parameters)
    return dict(sorted(found.items()))


#: Name: factory of an unfitted estimator, or of None.
AUGMENTERS = {"none": lambda: None, **_factories("augmenter")}
RECOMMENDERS = _factories("recommender")


def make_estimator(
    name: str,
    factories: Mapping[str, Callable[..., Any]],
    parameters: Mapping[str, Any],
) -> Any:
    """Make an estimator by name, with those of some parameters that it has.

    `factories` are `AUGMENTERS` or `RECOMMENDERS`. A ValueError lists the known names.
    """
    if name not in factories:
        raise ValueError(f"{name!r} is not one of {', '.join(factories)}.")
    estimator = factories[name]()
    if estimator is not None:
        known = estimator.get_params(deep=False).keys() & parameters.keys()
        estimator.set_params(**{key: parameters[key] for key in known})
    return estimator
