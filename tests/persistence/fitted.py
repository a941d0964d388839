"""Every public estimator, alone and in others, fitted once."""

from functools import cache

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skdiffuasr import Sequences
from skdiffuasr.augmentation.diffusion import ClassifierGuidance
from skdiffuasr.utils._check_helpers import make_histories
from tests.test_common import TINY

INTEGERS = make_histories()
STRINGS = Sequences.from_iterable(
    [[f"item {item}" for item in row] for row in INTEGERS.to_lists()]
)
ATTRIBUTES = {
    item: ["odd" if item % 20 < 10 else "even", item // 100]
    for item in {*INTEGERS.values.tolist(), 5}
}
NESTED = {
    "s3rec-attributes": clone(TINY["s3rec"]).set_params(item_attributes=ATTRIBUTES),
    "pipeline": Pipeline([("aug", TINY["asrep"]), ("rec", TINY["sasrec"])]),
    "pipeline-of-pipelines": Pipeline(
        [
            ("first", Pipeline([("a.b", TINY["random"])])),
            ("none", "passthrough"),
            ("rec", TINY["markov"]),
        ]
    ),
}
ESTIMATORS = TINY | NESTED
NAMES = [*ESTIMATORS, "guided"]


@cache
def make_fitted(name):
    """Return a fitted estimator, which no test must change."""
    if name == "guided":
        return _make_guided()
    return clone(ESTIMATORS[name]).fit(INTEGERS)


@cache
def make_fitted_on_strings(name):
    """Return one whose item ids are strings."""
    return clone(TINY[name]).fit(STRINGS)


def outputs(estimator, X=INTEGERS):
    """Return what every method makes of histories."""
    names = ("transform", "generate", "decision_function", "predict", "recommend")
    return {
        name: getattr(estimator, name)(X) for name in names if hasattr(estimator, name)
    }


def _make_guided():
    """Return an augmenter that has recommenders as parameters."""
    sasrec = make_fitted("sasrec")
    augmenter = clone(TINY["diffusion-classifier"]).set_params(
        guidance=ClassifierGuidance(classifier=FrozenEstimator(sasrec)),
        item_embeddings=FrozenEstimator(sasrec),
    )
    return augmenter.fit(INTEGERS)
