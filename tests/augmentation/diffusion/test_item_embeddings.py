from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion.item_embeddings import (
    CooccurrenceEmbeddings,
    align_embeddings,
)
from skdiffuasr.augmentation.item_embeddings import (
    cooccurrence_embeddings,
    normalise_embeddings,
)
from skdiffuasr.sequences import Sequences


def cosines(embeddings):
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return unit @ unit.T


def test_normalised_embeddings_have_the_scale_of_the_noise():
    rng = np.random.default_rng(0)
    normalised = normalise_embeddings(3 + 7 * rng.normal(size=(500, 16)))
    assert normalised.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(normalised, axis=1), 4.0, rtol=1e-5)
    assert abs(normalised.mean()) < 0.05
    assert normalised.var() == pytest.approx(1.0, abs=0.01)


def test_items_of_one_group_lie_closer_than_items_of_two():
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=300)
    rows = [(10 * g + rng.permutation(10)[:6]).tolist() for g in group]
    similarity = cosines(
        cooccurrence_embeddings(Sequences.from_iterable(rows), 20, 8, random_state=0)
    )
    within = similarity[:10, :10][np.triu_indices(10, 1)].mean()
    assert within > similarity[:10, 10:].mean() + 0.5


def test_small_catalogues_and_lonely_items_have_finite_embeddings():
    rows = Sequences.from_iterable([[0, 1], [1, 0], [2]])
    embeddings = cooccurrence_embeddings(rows, 3, 16, random_state=0)
    assert embeddings.shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 4.0, rtol=1e-4)


def test_items_that_stand_alone_are_told_apart():
    rows = Sequences.from_iterable([[0, 1, 2], [1, 2, 3], [3, 0], [4], [5], [6]])
    similarity = cosines(cooccurrence_embeddings(rows, 7, 32, random_state=0))
    assert np.abs(similarity[4:, 4:][np.triu_indices(3, 1)]).max() < 0.8


def test_mapping_and_recommender_are_aligned_by_item():
    item_ids = np.array(["a", "c"])
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    expected = table[[0, 2]]
    mapping = dict(zip("abc", table, strict=True))
    recommender = SimpleNamespace(
        item_ids_=np.array(["a", "b", "c"]), item_embeddings_=table
    )
    np.testing.assert_array_equal(align_embeddings(mapping, item_ids), expected)
    np.testing.assert_array_equal(align_embeddings(recommender, item_ids), expected)
    np.testing.assert_array_equal(align_embeddings(expected, item_ids), expected)


def test_a_frame_is_aligned_by_its_index():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[5.0, 6.0], [1.0, 2.0]], index=["c", "a"])
    aligned = align_embeddings(frame, np.array(["a", "c"]))
    np.testing.assert_array_equal(aligned, [[1.0, 2.0], [5.0, 6.0]])


def test_an_index_with_an_item_twice_is_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.ones((3, 2)), index=[5, 6, 5])
    with pytest.raises(ValueError, match="item_embeddings must hold each item once"):
        align_embeddings(frame, np.array([5, 6]))


@pytest.mark.parametrize(
    "given",
    [[["x", "y"], ["z", "w"]], {5: [1.0], 6: [1.0, 2.0]}, scipy.sparse.eye_array(2)],
)
def test_what_are_no_vectors_is_refused(given):
    with pytest.raises(ValueError, match="item_embeddings must be dense vectors"):
        align_embeddings(given, np.array([5, 6]))


@pytest.mark.parametrize("shape", [(3, 4), (2,), (2, 4, 1)])
def test_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"one row for each of the 2 items"):
        align_embeddings(np.zeros(shape), np.array([5, 6]))


def test_missing_items_are_named():
    with pytest.raises(ValueError, match=r"no entry for 1 items .*\[6\]"):
        align_embeddings({5: np.ones(2)}, np.array([5, 6]))


def test_values_that_are_not_finite_are_named():
    with pytest.raises(ValueError, match="row 1, item 6"):
        align_embeddings(np.array([[1.0, 2.0], [np.nan, 0.0]]), np.array([5, 6]))


# Side information beside the co-occurrence.

KINDS = np.arange(20) % 4
SIDE_INFORMATION = {
    "item_attributes": {item: [int(kind)] for item, kind in enumerate(KINDS)},
    "item_features": {item: np.eye(4)[kind] for item, kind in enumerate(KINDS)},
}
ROWS = Sequences.from_iterable(
    np.random.default_rng(0).integers(20, size=(60, 4)).tolist()
)


def table(rows=ROWS, **parameters):
    part = CooccurrenceEmbeddings(embedding_dim=8, **parameters)
    return normalise_embeddings(part.table(rows, np.arange(20), 0))


def likeness(embeddings):
    """How much nearer two items of a kind are than two of different kinds."""
    similarity = cosines(embeddings)
    is_same = KINDS[:, None] == KINDS
    is_pair = ~np.eye(20, dtype=bool)
    return similarity[is_same & is_pair].mean() - similarity[~is_same].mean()


@pytest.mark.parametrize("names", [["item_attributes"], ["item_features"], []])
def test_items_of_like_attributes_or_features_are_near(names):
    names = names or list(SIDE_INFORMATION)
    given = {name: SIDE_INFORMATION[name] for name in names}
    weak, strong = (
        likeness(table(**given, side_information_weight=weight)) for weight in (0.3, 2)
    )
    assert likeness(table()) < 0.1
    assert weak < strong
    assert strong > 0.5


def test_a_small_weight_leaves_the_cooccurrence():
    given = {**SIDE_INFORMATION, "side_information_weight": 1e-6}
    np.testing.assert_allclose(cosines(table(**given)), cosines(table()), atol=1e-3)


def test_items_that_stand_alone_are_placed_by_their_attributes():
    alone = Sequences.from_iterable([[item] for item in range(20)])
    assert likeness(table(alone, **SIDE_INFORMATION)) > 0.9
    assert abs(likeness(table(alone))) < 0.3


def test_constant_features_change_nothing():
    constant = {"item_features": np.ones((20, 3))}
    np.testing.assert_array_equal(table(**constant), table())


@pytest.mark.parametrize("guidance", ["classifier_free", "classifier"])
def test_the_augmenter_generates_in_the_space_of_side_information(guidance):
    part = CooccurrenceEmbeddings(embedding_dim=4, **SIDE_INFORMATION)
    augmenter = DiffusionSequenceAugmenter(
        2, item_embeddings=part, guidance=guidance, max_epochs=1, random_state=0
    )
    augmenter.fit(ROWS)
    expected = normalise_embeddings(part.table(ROWS, np.arange(20), augmenter.seed_))
    np.testing.assert_allclose(augmenter.item_embeddings_, expected)
    assert clone(augmenter).fit(ROWS).generate(ROWS).shape == (60, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"item_attributes": {0: [1]}}, "item_attributes has no entry for 19 items"),
        ({"item_features": np.ones((3, 2))}, r"20 items .* got shape \(3, 2\)"),
        ({"item_features": "words"}, "'item_features' parameter"),
        ({"side_information_weight": 0}, "'side_information_weight' parameter"),
    ],
)
def test_bad_side_information_is_refused(parameters, message):
    part = CooccurrenceEmbeddings(**parameters)
    with pytest.raises(ValueError, match=message):
        DiffusionSequenceAugmenter(2, item_embeddings=part).fit(ROWS)
