"""The augmenters and recommenders that a study from the command line can name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from skdiffuasr.augmentation import (
    ASRePAugmenter,
    CropAugmenter,
    DiffusionSequenceAugmenter,
    InsertAugmenter,
    RandomAugmenter,
    RandomSequenceAugmenter,
    ReorderAugmenter,
    RepeatedPaddingAugmenter,
    SlidingWindowAugmenter,
    SubstituteAugmenter,
)
from skdiffuasr.recommenders import (
    BERT4RecEstimator,
    CL4SRecEstimator,
    GRU4RecEstimator,
    MarkovRecommender,
    PopularityRecommender,
    S3RecEstimator,
    SASRecEstimator,
)

AUGMENTERS: Mapping[str, Callable[..., Any]] = {
    "none": lambda: None,
    "random": RandomAugmenter,
    "random-popular": partial(RandomAugmenter, distribution="popularity"),
    "random-seq": RandomSequenceAugmenter,
    "asrep": ASRePAugmenter,
    "reppad": RepeatedPaddingAugmenter,
    "sliding-window": SlidingWindowAugmenter,
    "crop": CropAugmenter,
    "reorder": ReorderAugmenter,
    "insert": InsertAugmenter,
    "substitute": SubstituteAugmenter,
    "diffusion": DiffusionSequenceAugmenter,
    "diffusion-cg": partial(DiffusionSequenceAugmenter, guidance="classifier"),
}
"""Name: factory of an unfitted augmenter. A new one is one line."""

RECOMMENDERS: Mapping[str, Callable[..., Any]] = {
    "popularity": PopularityRecommender,
    "markov": MarkovRecommender,
    "sasrec": SASRecEstimator,
    "sasrec-bce": partial(SASRecEstimator, loss="bce"),
    "bert4rec": BERT4RecEstimator,
    "gru4rec": GRU4RecEstimator,
    "s3rec": S3RecEstimator,
    "cl4srec": CL4SRecEstimator,
}
"""Name: factory of an unfitted recommender. A new one is one line."""


def make_estimators(
    names: list[str],
    factories: Mapping[str, Callable[..., Any]],
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Make estimators by name, with those of some parameters that they have.

    Parameters
    ----------
    names : list of str
        Keys of `factories`.
    factories : mapping of str to callable() -> estimator or None
        `AUGMENTERS` or `RECOMMENDERS`.
    parameters : mapping of str to object
        Set where an estimator has a parameter of that name.

    Returns
    -------
    estimators : dict of str to estimator or None
        In the order of `names`.

    Raises
    ------
    ValueError
        If a name is not known; the message lists those that are.

    Examples
    --------
    >>> from skdiffuasr.cli.catalogue import AUGMENTERS, make_estimators
    >>> make_estimators(["none", "random"], AUGMENTERS, {"n_pseudo_items": 3})
    {'none': None, 'random': RandomAugmenter(n_pseudo_items=3)}
    """
    estimators = {}
    for name in names:
        if name not in factories:
            raise ValueError(f"{name!r} is none of {', '.join(factories)}.")
        estimator = factories[name]()
        if estimator is not None:
            known = estimator.get_params(deep=False).keys() & parameters.keys()
            estimator.set_params(**{key: parameters[key] for key in known})
        estimators[name] = estimator
    return estimators
