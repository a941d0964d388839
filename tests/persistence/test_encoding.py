import json
from collections import OrderedDict
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    RandomAugmenter,
    S3RecEstimator,
    SASRecEstimator,
    Sequences,
)
from skdiffuasr.persistence.classes import SPARSE_CLASSES
from skdiffuasr.persistence.decoding import Decoder
from skdiffuasr.persistence.encoding import Encoder, Place
from skdiffuasr.sequences import SequenceVariants
from tests.persistence.identity import assert_identical

PLACE = Place("value", "value")
DTYPES = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
)
ROWS = Sequences.from_iterable([[3, 1], [4]], user_ids=["a", "bb"])


def round_trip(value):
    safetensors = pytest.importorskip("safetensors.numpy")
    encoder = Encoder()
    text = json.dumps(encoder.encode(value, PLACE), allow_nan=False)
    tensors = safetensors.load(safetensors.save(encoder.tensors))
    decoder = Decoder(tensors)
    decoded = decoder.decode(json.loads(text))
    assert not decoder.unused
    return decoded


# Strategies: what can be in a model, from the leaves up.

strings = st.text(st.characters(), max_size=5)  # lone surrogates among them
numbers = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
)
texts = hnp.arrays(np.dtype("<U3"), hnp.array_shapes(min_dims=0, min_side=0))
rectangles = st.sampled_from(("bool", "int64", "float32", "float64")).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2))
)
matrices = st.builds(
    lambda name, array: SPARSE_CLASSES[name](array),
    st.sampled_from(sorted(SPARSE_CLASSES)),
    rectangles,
)
scalars = st.one_of(
    numbers.filter(lambda array: array.size).map(lambda array: array.ravel()[0]),
    strings.map(np.str_),
)
keys = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    strings,
    scalars.filter(lambda value: value == value),
    st.tuples(st.integers(), strings),
    st.frozensets(st.integers()),
)
leaves = st.one_of(
    keys,
    st.floats(),
    numbers,
    numbers.map(lambda array: array.T),
    numbers.map(lambda array: array[::2] if array.ndim else array),
    texts,
    matrices,
    scalars,
    st.sets(strings),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@example(np.str_("a\0"))
@given(values)
def test_round_trip(value):
    assert_identical(round_trip(value), value)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-9, 9)), min_size=1), st.booleans())
def test_round_trip_of_sequences(rows, as_strings):
    if as_strings:
        rows = [[str(item) for item in row] for row in rows]
    X = Sequences.from_iterable(rows)
    if len(X.values):
        X = X.prepend(X.values[:1][np.zeros((len(X), 2), dtype=int)])
    assert_identical(round_trip(X), X)
    assert_identical(round_trip([X.drop_last(1)]), [X.drop_last(1)])


def test_round_trip_of_sequences_with_all_their_parts():
    X = Sequences(ROWS.values, ROWS.offsets, [1, 4, 7], ROWS.user_ids)
    variants = SequenceVariants([X, X.drop_last()])
    assert_identical(round_trip([X, variants]), [X, variants])


def test_round_trip_keeps_the_order_of_explicit_entries():
    data, columns = np.array([1.0, 0.0, 3.0]), np.array([2, 0, 2])  # neither sorted
    matrix = sparse.csr_array((data, columns, np.array([0, 2, 3])), shape=(2, 3))
    assert_identical(round_trip(matrix), matrix)


def test_names_do_not_collide():
    values = {
        "a.b": np.zeros(1),
        "a": {"b": np.ones(2)},
        1: np.ones(3),
        "1": np.ones(4),
    }
    assert_identical(round_trip(values), values)


def test_tensors_are_called_after_where_they_are():
    recommender = MarkovRecommender().fit([[1, 2]])
    pipeline = Pipeline([("aug", RandomAugmenter()), ("rec", recommender)])
    encoder = Encoder()
    encoder.encode_estimator(pipeline, Place())
    assert set(encoder.tensors) == {
        "rec.item_ids_",
        "rec.item_counts_",
        "rec.transition_counts_.data",
        "rec.transition_counts_.indices",
        "rec.transition_counts_.indptr",
    }


def test_an_array_that_occurs_twice_is_stored_once():
    array, equal = np.arange(3), np.arange(3)
    encoder = Encoder()
    encoder.encode([array, {"again": array}, equal], PLACE)
    assert encoder.tensors.keys() == {"value.0", "value.2"}
    first, again, _ = round_trip([array, array, equal])
    assert first is again
    temporary = [sparse.dok_array(np.eye(2) * scale) for scale in (1.0, 2.0)]
    assert_identical(round_trip(temporary), temporary)  # whose arrays do not last


def test_equal_sets_are_stored_alike():
    encode = partial(Encoder().encode, place=PLACE)
    first, second = {8, 0}, {0, 8}  # they collide, and keep their order
    assert list(first) != list(second)
    assert encode(first) == encode(second)


class Mine(MarkovRecommender):
    """A class that no file may name."""


class Text(str):
    """A string and more."""


def with_random_state(**parameters):
    return RandomAugmenter(random_state=np.random.RandomState(0), **parameters)


REFUSED = {
    "random_state: RandomState cannot be saved; use an int.": with_random_state(),
    "step 'aug' -> random_state: RandomState cannot be saved; use an int.": Pipeline(
        [("aug", with_random_state()), ("rec", MarkovRecommender())]
    ),
    "item_attributes -> 7 -> [1]: function cannot be saved.": S3RecEstimator(
        item_attributes={7: ["a", lambda: None]}
    ),
    "item_attributes: OrderedDict cannot be saved; use a dict.": S3RecEstimator(
        item_attributes=OrderedDict()
    ),
    "memory: Memory cannot be saved; use the path of its folder.": (
        DiffusionSequenceAugmenter(memory=joblib.Memory(None))
    ),
    "item_embeddings: array of dtype object cannot be saved; use a plain array": (
        DiffusionSequenceAugmenter(item_embeddings=np.array([None]))
    ),
    "item_embeddings: array of dtype >f4 cannot be saved; use a plain array": (
        DiffusionSequenceAugmenter(item_embeddings=np.ones((2, 2), ">f4"))
    ),
    "item_embeddings: array of dtype >U1 cannot be saved; use a plain array": (
        DiffusionSequenceAugmenter(item_embeddings=np.array(["a"], ">U1"))
    ),
    "item_embeddings: matrix cannot be saved; use a plain array": (
        DiffusionSequenceAugmenter(
            item_embeddings=np.ones((2, 2)).view(np.matrix),
        )
    ),
    "item_attributes -> data: array of dtype complex128 cannot be saved": (
        S3RecEstimator(item_attributes=sparse.csr_array(np.ones((2, 2), complex)))
    ),
    "dropout: complex128 cannot be saved.": SASRecEstimator(dropout=np.complex128(1)),
    "device: Text cannot be saved.": SASRecEstimator(device=Text("cpu")),
    "GridSearchCV cannot be saved; save its best_estimator_.": GridSearchCV(
        MarkovRecommender(), {}
    ),
    "step 'rec': Mine cannot be saved; the classes that can are ASRePAugmenter, ": (
        Pipeline([("rec", Mine())])
    ),
    "list cannot be saved.": [MarkovRecommender()],
    "NoneType cannot be saved.": None,
}


@pytest.mark.parametrize("message", REFUSED)
def test_refuses_what_cannot_be_stored(message):
    with pytest.raises(ValueError) as info:  # noqa: PT011
        Encoder().encode_estimator(REFUSED[message], Place())
    assert str(info.value).startswith(message)


@pytest.mark.parametrize("name", ["_hidden_", "note"])
def test_refuses_attributes_that_are_not_fitted(name):
    recommender = MarkovRecommender()
    setattr(recommender, name, 1)
    with pytest.raises(ValueError, match=f"step 'rec' -> {name}: the attribute is nei"):
        Encoder().encode_estimator(Pipeline([("rec", recommender)]), Place())


def test_refuses_callbacks():
    callback = pytest.importorskip("sklearn.callback")
    recommender = SASRecEstimator().set_callbacks(callback.ScoringMonitor(scoring="r2"))
    with pytest.raises(ValueError, match=r"^callbacks .*; remove them with set_callb"):
        Encoder().encode_estimator(recommender, Place())
    Encoder().encode_estimator(recommender.set_callbacks(), Place())


def test_a_path_is_a_string():
    assert round_trip(Path("folder") / "file") == str(Path("folder") / "file")
