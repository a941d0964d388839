"""The augmenters and recommenders that a study from the command line can name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from skdiffuasr import augmentation, recommenders

AUGMENTERS: Mapping[str, Callable[..., Any]] = {
    "none": lambda: None,
    "random": augmentation.RandomAugmenter,
    "random-popular": partial(augmentation.RandomAugmenter, distribution="popularity"),
    "random-seq": augmentation.RandomSequenceAugmenter,
    "asrep": augmentation.ASRePAugmenter,
    "reppad": augmentation.RepeatedPaddingAugmenter,
    "sliding-window": augmentation.SlidingWindowAugmenter,
    "crop": augmentation.CropAugmenter,
    "reorder": augmentation.ReorderAugmenter,
    "insert": augmentation.InsertAugmenter,
    "substitute": augmentation.SubstituteAugmenter,
    "diffusion": augmentation.DiffusionSequenceAugmenter,
    "diffusion-cg": partial(
        augmentation.DiffusionSequenceAugmenter, guidance="classifier"
    ),
}
"""Name: factory of an unfitted augmenter. A new one is one line."""

RECOMMENDERS: Mapping[str, Callable[..., Any]] = {
    "popularity": recommenders.PopularityRecommender,
    "markov": recommenders.MarkovRecommender,
    "sasrec": recommenders.SASRecEstimator,
    "sasrec-bce": partial(recommenders.SASRecEstimator, loss="bce"),
    "bert4rec": recommenders.BERT4RecEstimator,
    "gru4rec": recommenders.GRU4RecEstimator,
    "s3rec": recommenders.S3RecEstimator,
    "cl4srec": recommenders.CL4SRecEstimator,
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
