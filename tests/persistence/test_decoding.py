import numpy as np
import pytest

from skdiffuasr import MarkovRecommender
from skdiffuasr.persistence.classes import ESTIMATORS
from skdiffuasr.persistence.decoding import Decoder
from tests.augmentation.diffusion.test_parts import PARTS
from tests.test_common import ESTIMATORS as PUBLIC_ESTIMATORS

TENSORS = {
    "x": np.arange(3.0),
    "indices": np.array([0, 7, 1]),
    "indptr": np.array([0, 3]),
}
X = {"type": "array", "tensor": "x", "dtype": "float64", "shape": [3]}
INDICES = {"type": "array", "tensor": "indices", "dtype": "int64", "shape": [3]}
INDPTR = {"type": "array", "tensor": "indptr", "dtype": "int64", "shape": [2]}
MARKOV = {
    "type": "estimator",
    "class": "MarkovRecommender",
    "parameters": {},
    "attributes": {},
}


def test_all_public_estimators_can_be_built():
    names = {cls.__name__ for cls in PUBLIC_ESTIMATORS}
    parts = {type(part).__name__ for part in PARTS}
    assert set(ESTIMATORS) == names | parts | {"FrozenEstimator", "Pipeline"}


def test_parameters_that_an_older_version_did_not_have_get_their_defaults():
    decoded = Decoder({}).decode(MARKOV)
    assert decoded.get_params() == MarkovRecommender().get_params()


def test_knows_what_was_not_used():
    decoder = Decoder(TENSORS)
    decoder.decode([X, INDPTR])
    assert decoder.unused == {"indices"}


WRONG = {
    "there is no type 'pickle'": {"type": "pickle"},
    "there is no type None": {},
    "there is no float '1'": {"type": "float", "value": "1"},
    "there should be an object of items": {"type": "tuple", "items": [], "more": 1},
    "there should be an object of value": {"type": "float"},
    "there is no dtype 'object'": {"type": "scalar", "dtype": "object", "value": 1},
    "the tensor 'y' is missing": X | {"tensor": "y"},
    r"the tensor 'x' is float64 of shape \[3\], where the header says float32": (
        X | {"dtype": "float32"}
    ),
    r"says float64 of shape \[2\]": X | {"shape": [2]},
    "something else in it": {
        "type": "strings",
        "dtype": "U1",
        "shape": [1],
        "values": [1],
    },
    "there are no strings of dtype 'S1'": {
        "type": "strings",
        "dtype": "S1",
        "shape": [1],
        "values": ["a"],
    },
    "there is no sparse class 'eval'": {
        "type": "sparse",
        "class": "eval",
        "shape": [1, 1],
        "parts": [],
    },
    "indices must be < 3": {
        "type": "sparse",
        "class": "csr_array",
        "shape": [1, 3],
        "parts": [X, INDICES, INDPTR],
    },
    "the class 'RandomState' is unknown": MARKOV | {"class": "RandomState"},
    "MarkovRecommender has no parameter 'depth'": MARKOV | {"parameters": {"depth": 1}},
    "'fit' is not the name of a fitted attribute": MARKOV | {"attributes": {"fit": 1}},
    "'__class__' is not the name of a fitted attribute": (
        MARKOV | {"attributes": {"__class__": 1}}
    ),
    "'_x_' is not the name of a fitted attribute": MARKOV | {"attributes": {"_x_": 1}},
}


@pytest.mark.parametrize("message", WRONG)
def test_refuses_what_it_would_not_have_written(message):
    with pytest.raises(ValueError, match=message):
        Decoder(TENSORS).decode([WRONG[message]])


@pytest.mark.parametrize("node", [1, None, [], X])
def test_an_estimator_must_be_one(node):
    with pytest.raises(ValueError, match="an object of class, parameters, attributes"):
        Decoder(TENSORS).decode_estimator(node)
