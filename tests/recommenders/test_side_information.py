import copy

import joblib
import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from torch import nn

import skdiffuasr.recommenders.bert4rec as bert4rec
from skdiffuasr.nn.item_embedding import ItemEmbedding
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import (
    BERT4RecEstimator,
    CL4SRecEstimator,
    GRU4RecEstimator,
    S3RecEstimator,
    SASRecEstimator,
)
from skdiffuasr.utils._check_helpers import make_histories
from skdiffuasr.utils.estimator_checks import estimator_checks_generator
from tests.recommenders.circle import CIRCLE, N_ITEMS, TINY

ATTRIBUTES = {item: [item % 2, "any"] for item in range(N_ITEMS)}
FEATURES = {item: np.array([item, item**2, 1.0]) for item in range(N_ITEMS)}
COLD = {-1: [0], 100: [1, "new"]}
SIDE_INFORMATION = {
    "attributes": {"item_attributes": ATTRIBUTES},
    "features": {"item_features": FEATURES},
    "both": {"item_attributes": ATTRIBUTES, "item_features": FEATURES},
    "cold": {"item_attributes": ATTRIBUTES | COLD, "include_cold_items": True},
}
NEURAL = [
    SASRecEstimator,
    GRU4RecEstimator,
    BERT4RecEstimator,
    CL4SRecEstimator,
    S3RecEstimator,
]
every_recommender = pytest.mark.parametrize("cls", NEURAL)
every_kind = pytest.mark.parametrize("kind", SIDE_INFORMATION)


def tiny(cls=SASRecEstimator, **parameters):
    """Make a recommender that adds side information to its embeddings."""
    recommender = cls(**{**TINY, "max_epochs": 2, **parameters})
    if cls is S3RecEstimator:
        recommender.set_params(embed_attributes=True, pretraining_epochs=1)
    return recommender


# In every recommender.


@every_recommender
@every_kind
def test_it_is_learned_and_in_the_embeddings(cls, kind):
    recommender = tiny(cls, **SIDE_INFORMATION[kind], early_stopping=True)
    recommender.set_params(validation_fraction=0.5).fit(CIRCLE)
    n_cold = 2 * (kind == "cold")
    table = recommender.item_embeddings_
    assert table.shape == (N_ITEMS + n_cold, 16) == (len(recommender.item_ids_), 16)
    assert "item_embedding.own.weight" not in recommender.weights_
    without = tiny(cls, early_stopping=True, validation_fraction=0.5).fit(CIRCLE)
    assert list(recommender.weights_) == list(without.weights_)
    scores = recommender.decision_function(CIRCLE)
    assert scores.shape == (len(CIRCLE), len(table))
    assert np.isfinite(scores).all()
    # What is returned is the network's own table.
    network = recommender.to_module()
    assert type(network.item_embedding) is nn.Embedding
    np.testing.assert_array_equal(network.item_embedding.weight, table)


@every_recommender
@every_kind
def test_copies_and_files_score_without_learning_again(cls, kind, tmp_path):
    recommender = tiny(cls, **SIDE_INFORMATION[kind]).fit(CIRCLE)
    save(recommender, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    expected = recommender.decision_function(CIRCLE)
    np.testing.assert_array_equal(loaded.decision_function(CIRCLE), expected)
    again = clone(loaded).fit(CIRCLE)
    assert joblib.hash(again.weights_) == joblib.hash(recommender.weights_)
    loaded.set_params(
        item_attributes=None, item_features=None, include_cold_items=False
    )
    np.testing.assert_array_equal(loaded.decision_function(CIRCLE), expected)


@every_recommender
def test_without_it_nothing_changes(cls, monkeypatch):
    """The network is the plain one, and so is what it learns."""
    recommender = tiny(cls).fit(CIRCLE)
    built = cls._build_for_training
    monkeypatch.setattr(cls, "_build_for_training", cls._build)
    plain = tiny(cls).fit(CIRCLE)
    assert joblib.hash(recommender.weights_) == joblib.hash(plain.weights_)
    assert type(built(recommender).item_embedding) is nn.Embedding


@every_recommender
def test_training_begins_where_it_does_without(cls):
    """Only the table differs, by what the drawn attribute embeddings add."""
    modules = []
    for parameters in ({}, SIDE_INFORMATION["both"]):
        recommender = tiny(cls, **parameters)
        recommender.item_ids_ = np.arange(N_ITEMS)
        torch.manual_seed(0)
        modules.append(recommender._build_for_training())
    without, with_it = modules
    embedding = with_it.item_embedding
    assert isinstance(embedding, ItemEmbedding)
    assert torch.equal(embedding.own.weight, without.item_embedding.weight)
    expected = without.state_dict()
    for name, tensor in with_it.state_dict().items():
        is_table = name == "item_embedding.weight"
        assert torch.equal(tensor, expected[name]) != is_table, name
    added = embedding.weight - embedding.own.weight
    assert 0.01 < added.std() < 0.06


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "sampled_ce", "n_negatives": 3},
        {"loss": "bce"},
        {"ema_decay": 0.9},
        {"ema_decay": 0.9, "early_stopping": True, "validation_fraction": 0.5},
        {"weight_decay": 0.01},
        {"dropout": 0.3},
    ],
    ids=str,
)
@every_kind
def test_it_goes_with_every_way_to_train(parameters, kind):
    recommender = tiny(**SIDE_INFORMATION[kind], **parameters)
    weights = recommender.fit(CIRCLE).weights_
    assert joblib.hash(clone(recommender).fit(CIRCLE).weights_) == joblib.hash(weights)
    assert all(np.isfinite(array).all() for array in weights.values())


def test_items_learn_to_do_without_their_own_embedding():
    """A share of 0.2 is the default where there may be cold items."""
    given = SIDE_INFORMATION["cold"]
    weights = [
        joblib.hash(tiny(**given, id_dropout=share).fit(CIRCLE).weights_)
        for share in (None, 0.2, 0.5, 0.0)
    ]
    assert weights[0] == weights[1]
    assert len(set(weights)) == 3


def test_what_is_averaged_is_in_the_table():
    first, second = (
        tiny(**SIDE_INFORMATION["both"], ema_decay=decay).fit(CIRCLE).item_embeddings_
        for decay in (0.1, 0.9)
    )
    assert not np.array_equal(first, second)


def test_s3rec_asks_for_attributes_and_embeds_them_on_request():
    parameters = {**SIDE_INFORMATION["attributes"], **TINY, "max_epochs": 2}
    asked = S3RecEstimator(pretraining_epochs=1, **parameters)
    assert type(asked.fit(CIRCLE)._build_for_training().item_embedding) is nn.Embedding
    embedded = clone(asked).set_params(embed_attributes=True).fit(CIRCLE)
    assert isinstance(embedded._build_for_training().item_embedding, ItemEmbedding)
    assert joblib.hash(asked.weights_) != joblib.hash(embedded.weights_)
    # Without pre-training it is SASRec, with attributes as well as without.
    embedded.set_params(pretraining_epochs=0).fit(CIRCLE)
    sasrec = SASRecEstimator(**parameters).fit(CIRCLE)
    assert joblib.hash(embedded.weights_) == joblib.hash(sasrec.weights_)


def test_pretraining_may_be_interrupted_within_a_step(monkeypatch):
    recommender = tiny(S3RecEstimator, **SIDE_INFORMATION["both"], ema_decay=0.9)
    loss = recommender._pretraining_loss

    def interrupted(*args):
        loss(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(recommender, "_pretraining_loss", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        recommender.set_params(keep_interrupted=True).fit(CIRCLE)
    assert np.isfinite(recommender.decision_function(CIRCLE)).all()


# Forms.


def test_all_forms_give_the_same():
    pandas = pytest.importorskip("pandas")
    given = tiny(**SIDE_INFORMATION["both"]).fit(CIRCLE)
    columns = {name: [name in ATTRIBUTES[i] for i in ATTRIBUTES] for name in (0, 1)}
    frame = pandas.DataFrame(columns | {"any": True}, index=list(ATTRIBUTES))
    array = np.array(list(FEATURES.values()))
    matrix = frame.to_numpy(dtype=float)
    for attributes, features in [
        (frame[::-1], pandas.DataFrame(array, index=list(FEATURES))[::-1]),
        (matrix, array),
        (sparse.csr_array(matrix), array.tolist()),
    ]:
        other = tiny(item_attributes=attributes, item_features=features).fit(CIRCLE)
        assert joblib.hash(other.weights_) == joblib.hash(given.weights_)


def test_the_scale_of_features_does_not_matter():
    tables = [
        tiny(item_features={item: scale * v + 3 for item, v in FEATURES.items()})
        .fit(CIRCLE)
        .item_embeddings_
        for scale in (1, 1e4)
    ]
    np.testing.assert_allclose(*tables, atol=1e-4)


def test_a_mapping_fits_every_fold_and_a_matrix_does_not():
    rows = [[2 * row, 2 * row + 1, 90] for row in range(6)]
    parameters = {
        "item_attributes": {item: [item % 3] for item in range(100)},
        "item_features": {item: [item, 1] for item in range(100)},
    }
    for cold in (False, True):
        recommender = tiny(**parameters, include_cold_items=cold)
        scores = cross_val_score(recommender, rows, [90] * 6, cv=3, error_score="raise")
        assert np.isfinite(scores).all()
    search = GridSearchCV(
        tiny(), {"item_attributes": [None, parameters["item_attributes"]]}, cv=2
    )
    assert np.isfinite(search.fit(rows, [90] * 6).cv_results_["mean_test_score"]).all()
    items = sorted({item for row in rows for item in row})
    for name, given in parameters.items():
        matrix = [[given[item][0] % 2] for item in items]
        recommender = tiny(**{name: matrix})
        recommender.fit(rows)
        with pytest.raises(ValueError, match="fits any catalogue"):
            cross_val_score(recommender, rows, [90] * 6, cv=3, error_score="raise")


def test_what_was_given_is_left_alone():
    parameters = {
        "item_attributes": sparse.csr_array(np.eye(N_ITEMS)),
        "item_features": np.eye(N_ITEMS),
    }
    before = copy.deepcopy(parameters)
    tiny(**parameters).fit(CIRCLE)
    assert joblib.hash(parameters) == joblib.hash(before)


# What is learned.


def draw_groups(n_rows, seed, n_groups=12, group_size=25):
    """Histories in which an item of a group is followed by any of the next group.

    Few pairs of items are there twice, so that only the groups tell what follows.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(n_groups, size=(n_rows, 1))
    groups = (first + np.arange(5)) % n_groups
    return groups * group_size + rng.integers(group_size, size=groups.shape)


@pytest.mark.parametrize("kind", ["item_attributes", "item_features"])
def test_an_attribute_that_decides_what_follows_is_learned(kind):
    known = {
        "item_attributes": {item: [item // 25] for item in range(300)},
        "item_features": dict(enumerate(np.eye(12)[np.arange(300) // 25])),
    }
    train, test = draw_groups(200, seed=0), draw_groups(200, seed=1)
    rows = [*train.tolist(), *np.arange(300).reshape(-1, 1).tolist()]
    settings = {"embedding_dim": 16, "max_epochs": 12, "batch_size": 32}
    without, with_it = (
        tiny(**settings, **parameters).fit(rows).score(list(test[:, :4]), test[:, 4])
        for parameters in ({}, {kind: known[kind]})
    )
    # The best possible is 0.18: any of 25 items may follow.
    assert with_it > 0.13
    assert with_it > 1.5 * without


# Cold items.


def test_a_cold_item_like_a_popular_successor_is_recommended():
    rng = np.random.default_rng(0)
    phones, cases, books, pens = np.arange(40).reshape(4, 10)
    rows = []
    for _ in range(100):
        rows.append([rng.choice(phones), rng.choice(cases)])
        rows.append([rng.choice(books), rng.choice(pens)])
    kinds = np.repeat(["phone", "case", "book", "pen"], 10)
    attributes = {item: [str(kind)] for item, kind in enumerate(kinds)}
    cold = {50: ["case"], 51: ["pen"], 52: ["unheard of"], -5: ["case", "unheard of"]}
    recommender = tiny(
        item_attributes=attributes | cold,
        include_cold_items=True,
        max_epochs=30,
    ).fit(rows)
    assert set(recommender.item_ids_) == set(range(40)) | set(cold)
    counts = dict(zip(recommender.item_ids_, recommender.item_counts_, strict=True))
    assert [counts[item] for item in cold] == [0, 0, 0, 0]
    assert sum(counts.values()) == 400
    items, _ = recommender.recommend([[phones[0]], [books[0]]], k=12)
    assert set(items[0]) == {*cases, 50, -5}
    assert 51 in items[1]
    # They are read like others of their kind.
    cold_phone = clone(recommender).set_params(
        item_attributes=attributes | {60: ["phone"]}
    )
    items, _ = cold_phone.fit(rows).recommend([[60]], k=8)
    assert set(items[0]) <= set(cases)


def test_cold_items_leave_the_training_alone():
    """They are no negatives: what is learned of the others is the same."""
    parameters = {"item_attributes": ATTRIBUTES | COLD, "item_features": None}
    ignored = tiny(**parameters).fit(CIRCLE)
    parameters |= {"include_cold_items": True, "id_dropout": 0.0}
    included = tiny(**parameters).fit(CIRCLE)
    assert included.item_ids_.tolist() == [-1, *range(N_ITEMS), 100]
    assert included.item_counts_.tolist() == [0, *ignored.item_counts_, 0]
    np.testing.assert_allclose(included.loss_curve_, ignored.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(
        included.item_embeddings_[1:-1], ignored.item_embeddings_, atol=1e-5
    )
    assert ignored.item_ids_.tolist() == list(range(N_ITEMS))


def test_cold_items_are_those_that_all_side_information_names():
    features = {item: [float(item)] for item in [*range(N_ITEMS), 100, 101]}
    recommender = tiny(
        item_attributes=ATTRIBUTES | COLD,
        item_features=features,
        include_cold_items=True,
    )
    recommender.fit(CIRCLE)
    assert recommender.item_ids_.tolist() == [*range(N_ITEMS), 100]


def test_cold_items_may_be_strings_and_longer_than_others():
    X = [[str(item) for item in row] for row in CIRCLE]
    known = {str(item): [item % 2] for item in range(N_ITEMS)}
    recommender = tiny(
        item_attributes=known | {"a longer name": [1]}, include_cold_items=True
    ).fit(X)
    assert recommender.item_ids_[-1] == "a longer name"
    assert recommender.predict_proba([["a longer name"]]).shape == (1, N_ITEMS + 1)


def test_a_catalogue_without_cold_items_is_as_it_was():
    plain, asked = (
        tiny(item_attributes=ATTRIBUTES, include_cold_items=cold, id_dropout=0.1).fit(
            CIRCLE
        )
        for cold in (False, True)
    )
    assert joblib.hash(plain.weights_) == joblib.hash(asked.weights_)


class Recorder:
    """Keeps the shapes of what a callback is given after each epoch."""

    def __init__(self):
        self.shapes = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        if context.task_name == "epoch":
            self.shapes.append(fitted_estimator.decision_function(X[:1]).shape)


def test_callbacks_see_the_whole_catalogue():
    pytest.importorskip("sklearn.callback")
    recorder = Recorder()
    tiny(**SIDE_INFORMATION["cold"]).set_callbacks(recorder).fit(CIRCLE)
    assert recorder.shapes == [(1, N_ITEMS + 2)] * 2


def test_long_histories_are_computed_twice(monkeypatch):
    """BERT4Rec saves memory by a checkpoint; what it learns is the same."""
    expected = tiny(BERT4RecEstimator, **SIDE_INFORMATION["both"]).fit(CIRCLE)
    monkeypatch.setattr(bert4rec, "GROUP_SIZE", 1)
    recommender = clone(expected).fit(CIRCLE)
    np.testing.assert_allclose(
        recommender.item_embeddings_, expected.item_embeddings_, atol=1e-5
    )


# Bad input.


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"item_attributes": {0: [1]}}, r"item_attributes has no entry for 7 items"),
        ({"item_features": {0: [1]}}, r"item_features has no entry for 7 items"),
        ({"item_features": {"0": [1]}}, "item_features has none of the 8 items"),
        ({"item_features": np.ones((7, 2))}, r"8 items .* got shape \(7, 2\)"),
        ({"item_features": {**FEATURES, 3: [1.0]}}, "got 1 numbers for item 3"),
        ({"item_features": {**FEATURES, 3: "red"}}, r"got .*red.* for item 3"),
        (
            {"item_features": {**FEATURES, 3: [1, 2, np.nan]}},
            "value nan, which is not finite, in row 3, item 3",
        ),
        ({"item_attributes": np.full((8, 2), np.nan)}, "got nan in row 0, item 0"),
        (
            {
                "item_attributes": dict.fromkeys(range(8), ()) | COLD,
                "include_cold_items": True,
            },
            "gives none of the 8 items of X an attribute",
        ),
        ({"include_cold_items": True}, "include_cold_items=True takes a mapping"),
        (
            {"include_cold_items": True, "item_features": np.eye(8)},
            "include_cold_items=True takes a mapping",
        ),
    ],
)
@every_recommender
def test_bad_side_information_is_refused(cls, parameters, message):
    with pytest.raises(ValueError, match=message):
        tiny(cls, **parameters).fit(CIRCLE)


def test_s3rec_must_embed_what_cold_items_are_known_by():
    recommender = tiny(S3RecEstimator, **SIDE_INFORMATION["cold"])
    recommender.set_params(embed_attributes=False)
    with pytest.raises(ValueError, match="item_attributes with embed_attributes=True"):
        recommender.fit(CIRCLE)


@pytest.mark.parametrize("name", ["item_attributes", "item_features"])
def test_parameters_of_another_type_are_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of SASRecEstimator"):
        tiny(**{name: "categories"}).fit(CIRCLE)


def test_cold_items_are_of_the_type_of_the_others():
    with pytest.raises(TypeError, match="item_attributes"):
        tiny(item_attributes=ATTRIBUTES | {"new": [1]}, include_cold_items=True).fit(
            CIRCLE
        )


@pytest.mark.parametrize("kind", ["attributes", "features"])
def test_sparse_gradients_are_refused(kind):
    recommender = tiny(
        **SIDE_INFORMATION[kind], loss="bce", sparse_gradients=True, max_epochs=1
    )
    with pytest.raises(ValueError, match="sparse_gradients=True cannot be used with"):
        recommender.fit(CIRCLE)


def test_a_data_frame_is_not_stored(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.eye(N_ITEMS))
    recommender = tiny(item_features=frame).fit(CIRCLE)
    with pytest.raises(ValueError, match=r"item_features: DataFrame .*; use a dict"):
        save(recommender, tmp_path / "model.safetensors")


# The common checks.


class AnyItem(dict):
    """What is known of the items of the checks, whatever they make up."""

    def __init__(self, default):
        self.default = default
        items = np.unique(make_histories().values).tolist()
        super().__init__({item: default(item) for item in items})

    def __reduce__(self):
        return AnyItem, (self.default,)

    def __contains__(self, item):
        return True

    def __missing__(self, item):
        return self.default(item)


def number_of(item):
    """What is the same of an integer id and of the string that a check makes of it."""
    return int("".join(filter(str.isdecimal, str(item))) or 0)


def attributes_of(item):
    return [number_of(item) % 3, "any"]


def features_of(item):
    return [number_of(item) % 5, 1.0]


def checks_with_side_information():
    estimator = tiny(
        embedding_dim=4,
        item_attributes=AnyItem(attributes_of),
        item_features=AnyItem(features_of),
        max_length=10,
        batch_size=16,
        max_epochs=1,
        early_stopping=True,
    )
    for copied, check in estimator_checks_generator(estimator):
        yield pytest.param(copied, check, id=check.__name__)


@pytest.mark.parametrize(("estimator", "check"), [*checks_with_side_information()])
def test_estimator(estimator, check):
    check(estimator)
