"""An ensemble is the average of its members, and nothing but."""

import os
from collections import Counter

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    EnsembleRecommender,
    GRU4RecEstimator,
    MarkovRecommender,
    PopularityRecommender,
    RandomAugmenter,
    SASRecEstimator,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import blocks
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.sequences import Sequences
from tests.test_common import interrupted_in_step

X = make_sequences(60, 25, n_hidden_items=0, min_length=4, random_state=0).X
TINY = {
    "embedding_dim": 4,
    "max_epochs": 1,
    "max_length": 10,
    "batch_size": 16,
    "device": "cpu",
}
SASREC = SASRecEstimator(**TINY, n_layers=1)
MIXED = [
    ("sasrec", SASREC),
    ("markov", MarkovRecommender()),
    ("popular", PopularityRecommender()),
]


@pytest.fixture(scope="module")
def mixed():
    return EnsembleRecommender(MIXED, weights=[3, 2, 1], random_state=0).fit(X)


@pytest.fixture
def one_thread():
    """Sums come out as in a worker, which has one core of two."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def average(members, rows, weights=None):
    """Average log-probabilities of one catalogue by hand."""
    values = [member.predict_log_proba(rows).astype(np.float64) for member in members]
    return log_softmax(np.average(values, axis=0, weights=weights), axis=1)


# Scores.


def test_scores_are_the_weighted_mean_of_log_probabilities(mixed):
    expected = average(mixed.estimators_, X, [3, 2, 1])
    np.testing.assert_allclose(mixed.predict_log_proba(X), expected, atol=2e-5)
    np.testing.assert_allclose(mixed.decision_function(X), expected, atol=2e-5)
    np.testing.assert_array_equal(
        mixed.predict(X), mixed.item_ids_[mixed.decision_function(X).argmax(axis=1)]
    )


def test_rows_without_known_items_are_scored_by_popularity(mixed):
    rows = [[], [10**9]]
    popular = dict(zip(("a", "b", "c"), mixed.estimators_, strict=True))["c"]
    expected = popular.predict_log_proba(rows)
    np.testing.assert_allclose(mixed.predict_log_proba(rows), expected, rtol=1e-6)
    scores = mixed.decision_function(rows)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_weights_may_change_after_fit(mixed):
    changed = EnsembleRecommender(MIXED, weights=[3, 2, 1], random_state=0).fit(X)
    changed.set_params(weights=None)
    expected = average(changed.estimators_, X)
    np.testing.assert_allclose(changed.decision_function(X), expected, atol=2e-5)
    changed.set_params(weights=np.array([1e308, 1e308, 0]))
    expected = average(changed.estimators_[:2], X)
    np.testing.assert_allclose(changed.decision_function(X), expected, atol=2e-5)
    assert changed.weights.tolist() == [1e308, 1e308, 0]
    changed.set_params(weights=[1])
    with pytest.raises(ValueError, match=r"each of the 3 members, got the shape \(1,"):
        changed.predict(X)


@pytest.mark.parametrize("n_rows", [1, 7])
def test_blocks_do_not_change_scores(mixed, n_rows, monkeypatch):
    expected = mixed.decision_function(X)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 0)
    monkeypatch.setattr(blocks, "MIN_BLOCK_ROWS", n_rows)
    np.testing.assert_allclose(mixed.decision_function(X), expected, atol=1e-5)


def test_each_member_is_prepared_once_per_call(mixed, monkeypatch):
    counts = Counter()
    prepare = BaseRecommender._block_scorer

    def counted(self, *args, **kwargs):
        counts[type(self).__name__] += 1
        return prepare(self, *args, **kwargs)

    monkeypatch.setattr(BaseRecommender, "_block_scorer", counted)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 0)
    monkeypatch.setattr(blocks, "MIN_BLOCK_ROWS", 10)
    mixed.predict(X)
    assert set(counts.values()) == {1}
    assert len(counts) == 4


def test_a_member_of_weight_0_is_not_asked(monkeypatch):
    ensemble = EnsembleRecommender(MIXED[1:], weights=[1, 0]).fit(X)
    monkeypatch.delattr(PopularityRecommender, "_score")
    np.testing.assert_allclose(
        ensemble.decision_function(X),
        ensemble.estimators_[0].predict_log_proba(X),
        atol=1e-5,
    )


# The union of catalogues.

FIRST = PopularityRecommender().fit([["a", "c"]])
SECOND = PopularityRecommender().fit([["b", "c"], ["c"]])


def frozen_pair(**parameters):
    pair = [("one", FrozenEstimator(FIRST)), ("two", FrozenEstimator(SECOND))]
    return EnsembleRecommender(pair, **parameters)


def test_an_unknown_item_has_the_lowest_log_probability_of_the_row():
    ensemble = frozen_pair(weights=[1, 3]).fit([["c", "b"], ["b", "x"]])
    assert ensemble.item_ids_.tolist() == ["a", "b", "c"]
    assert ensemble.item_counts_.tolist() == [0, 2, 1]
    first = np.log([1 / 2, 1 / 2, 1 / 2])  # b is unknown
    second = np.log([2 / 5, 2 / 5, 3 / 5])  # a is
    expected = log_softmax(first / 4 + 3 * second / 4)
    found = ensemble.predict_log_proba([["a"], ["b"], ["c", "a"]])
    np.testing.assert_allclose(found, [expected] * 3, rtol=1e-6)


def test_members_read_the_items_that_they_know():
    rows = X.to_lists()
    markov = MarkovRecommender().fit(rows[:10])
    sasrec = clone(SASREC).set_params(random_state=0).fit(rows[5:])
    ensemble = EnsembleRecommender(
        [("markov", FrozenEstimator(markov)), ("sasrec", FrozenEstimator(sasrec))]
    ).fit(X)
    assert len(markov.item_ids_) < len(ensemble.item_ids_)
    expected = np.zeros((len(rows), len(ensemble.item_ids_)))
    for member in (markov, sasrec):
        values = member.predict_log_proba(rows)
        wide = np.tile(values.min(axis=1, keepdims=True), expected.shape[1])
        wide[:, np.isin(ensemble.item_ids_, member.item_ids_)] = values
        expected += wide / 2
    np.testing.assert_allclose(
        ensemble.predict_log_proba(rows), log_softmax(expected, axis=1), atol=2e-5
    )


def test_frozen_members_are_not_fitted_again():
    before = FIRST.item_counts_.copy()
    ensemble = frozen_pair().fit([["c", "b"]])
    assert ensemble.estimators_[0].estimator is FIRST
    np.testing.assert_array_equal(FIRST.item_counts_, before)


def test_unknown_items_are_those_that_no_member_knows():
    ensemble = frozen_pair(unknown_items="error").fit([["c", "b"]])
    ensemble.predict([["a", "b"]])
    with pytest.raises(ValueError, match=r"1 unknown item.*'x'"):
        ensemble.predict([["a", "x"]])


# Members of other kinds.


class Foreign(BaseEstimator):
    """Has scores of its own, and a catalogue in no order."""

    def fit(self, X, y=None):
        self.item_ids_ = np.unique([item for row in X for item in row])[::-1]
        return self

    def decision_function(self, X):
        lengths = np.array([len(row) for row in X], dtype=np.float32)
        return np.outer(lengths, np.arange(len(self.item_ids_), dtype=np.float32))


def test_a_recommender_that_is_not_of_the_library():
    ensemble = EnsembleRecommender([("one", Foreign()), MIXED[1]]).fit(X)
    foreign, markov = ensemble.estimators_
    scores = foreign.decision_function(X)[:, ::-1].astype(np.float64)
    expected = log_softmax(scores, axis=1) / 2 + markov.predict_log_proba(X) / 2
    found = ensemble.predict_log_proba(X)
    np.testing.assert_allclose(found, log_softmax(expected, axis=1), atol=1e-4)


def test_pipelines_and_searches_are_members():
    augmenter = RandomAugmenter(2, augment_at="always", random_state=0)
    pipeline = Pipeline([("aug", augmenter), ("rec", MarkovRecommender())])
    search = GridSearchCV(
        MarkovRecommender(), {"smoothing": [0.5, 2.0]}, cv=KFold(2), refit=True
    )
    members = [("pipeline", pipeline), ("search", search)]
    history, y = X.drop_last(), X.last()
    ensemble = EnsembleRecommender(members).fit(history, y)
    expected = average(ensemble.estimators_, history)
    np.testing.assert_allclose(ensemble.predict_log_proba(history), expected, atol=2e-5)
    frozen = EnsembleRecommender(
        [
            (name, FrozenEstimator(member))
            for name, member in ensemble.named_estimators_.items()
        ]
    ).fit(history)
    np.testing.assert_array_equal(frozen.predict(X), ensemble.predict(X))


def test_in_a_search_by_nested_parameters():
    search = GridSearchCV(
        EnsembleRecommender(MIXED[1:]),
        {"weights": [[1, 0], [0, 1]], "markov__smoothing": [1.0, 5.0]},
        cv=KFold(2),
    ).fit(X.drop_last(), X.last())
    assert search.best_estimator_.named_estimators_.markov.smoothing in (1.0, 5.0)
    assert len({str(score) for score in search.cv_results_["mean_test_score"]}) > 1


# Copies and seeds.


def test_copies_differ_in_the_seed_alone():
    ensemble = EnsembleRecommender(SASREC, n_estimators=3, random_state=0).fit(X)
    parameters = [member.get_params() for member in ensemble.estimators_]
    seeds = [values.pop("random_state") for values in parameters]
    assert len(set(seeds)) == 3
    assert parameters[0] == parameters[1] == parameters[2]
    for member in ensemble.estimators_:
        again = clone(member).fit(X)
        np.testing.assert_array_equal(again.item_embeddings_, member.item_embeddings_)
    first, second = (member.item_embeddings_ for member in ensemble.estimators_[:2])
    assert not np.allclose(first, second)
    assert not hasattr(ensemble, "named_estimators_")
    same = EnsembleRecommender(SASREC, n_estimators=3, random_state=0)
    np.testing.assert_array_equal(
        same.fit(X).decision_function(X), ensemble.decision_function(X)
    )
    other = EnsembleRecommender(SASREC, n_estimators=3, random_state=1).fit(X)
    assert seeds != [member.random_state for member in other.estimators_]


def test_members_of_a_list_get_seeds_only_from_a_seed():
    twice = [("a", clone(SASREC).set_params(random_state=3)), ("b", SASREC)]
    kept = EnsembleRecommender(twice).fit(X)
    assert [member.random_state for member in kept.estimators_] == [3, None]
    seeded = EnsembleRecommender(twice, random_state=3).fit(X)
    seeds = [member.random_state for member in seeded.estimators_]
    assert len({3, None, *seeds}) == 4


def test_the_default_is_four_sasrecs():
    members = EnsembleRecommender()._unfitted_members()
    assert [type(member) for _, member in members] == [SASRecEstimator] * 4


def test_the_number_of_copies_is_fixed_by_fit_and_that_of_a_list_is_its_own(mixed):
    ensemble = EnsembleRecommender(PopularityRecommender(), n_estimators=2).fit(X)
    with pytest.raises(ValueError, match="n_estimators=3, but this Ensemble"):
        ensemble.set_params(n_estimators=3).predict(X)
    assert len(ensemble.set_params(n_estimators=2).estimators_) == 2
    listed = EnsembleRecommender(MIXED[1:], n_estimators=9).fit(X)
    assert len(listed.estimators_) == 2
    listed.set_params(n_estimators=7).predict(X)


def test_nested_parameters_of_a_list():
    ensemble = EnsembleRecommender(MIXED)
    assert ensemble.get_params()["sasrec__embedding_dim"] == 4
    assert ensemble.get_params(deep=False).keys() == {
        *("estimator", "n_estimators", "n_jobs", "random_state", "unknown_items"),
        *("verbose", "weights"),
    }
    changed = clone(ensemble).set_params(
        markov__smoothing=7.0, popular=GRU4RecEstimator()
    )
    changed.set_params(popular__embedding_dim=3)
    members = dict(changed.estimator)
    assert members["markov"].smoothing == 7.0
    assert members["popular"].embedding_dim == 3
    assert dict(ensemble.estimator)["markov"].smoothing == 1.0


# Training.


def test_processes_give_the_same_members(one_thread):
    alone, apart = (
        EnsembleRecommender(SASREC, n_estimators=2, random_state=0, n_jobs=n_jobs).fit(
            X, X_val=X.drop_last(), y_val=X.last()
        )
        for n_jobs in (None, 2)
    )
    for one, other in zip(alone.estimators_, apart.estimators_, strict=True):
        np.testing.assert_allclose(
            other.item_embeddings_, one.item_embeddings_, rtol=1e-5
        )
    np.testing.assert_allclose(
        apart.decision_function(X), alone.decision_function(X), rtol=1e-5
    )


def test_processes_share_the_cores():
    class CountsThreads(PopularityRecommender):
        def _fit(self, codes):
            self.n_threads_ = torch.get_num_threads()

    ensemble = EnsembleRecommender(CountsThreads(), n_estimators=2, n_jobs=2).fit(X)
    share = int(os.environ.get("OMP_NUM_THREADS", max(1, os.cpu_count() // 2)))
    assert max(member.n_threads_ for member in ensemble.estimators_) <= share


def test_validation_data_go_to_members_that_stop_early():
    members = [
        ("stops", SASREC),
        ("does not", clone(SASREC).set_params(early_stopping=False)),
        ("popular", PopularityRecommender()),
    ]
    ensemble = EnsembleRecommender(members, random_state=0)
    X_val, y_val = X.drop_last(), X.last()
    ensemble.fit(X, X_val=iter(X_val.to_lists()), y_val=y_val)
    member = ensemble.estimators_[0]
    again = clone(member).fit(X, X_val=X_val, y_val=y_val)
    assert again.validation_scores_ == member.validation_scores_
    assert again.validation_scores_ != clone(member).fit(X).validation_scores_
    with pytest.raises(ValueError, match="X_val and y_val must be given together"):
        ensemble.fit(X, X_val=X_val)
    with pytest.raises(NotFittedError):
        ensemble.predict(X)


def test_an_interrupt_leaves_it_unfitted():
    ensemble = EnsembleRecommender(SASREC, n_estimators=2, random_state=0).fit(X)
    with interrupted_in_step(5), pytest.raises(KeyboardInterrupt):
        ensemble.fit(X)
    assert not any(name.endswith("_") for name in vars(ensemble))


# Model files.


def test_one_file_holds_all_members(mixed, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    frozen = EnsembleRecommender(
        [("mixed", FrozenEstimator(mixed)), ("markov", MarkovRecommender())]
    ).fit(X)
    save(frozen, tmp_path / "frozen.safetensors")
    loaded = load(tmp_path / "frozen.safetensors")
    np.testing.assert_array_equal(
        loaded.decision_function(X), frozen.decision_function(X)
    )
    inner = loaded.named_estimators_.mixed.named_estimators_
    assert inner.keys() == {"sasrec", "markov", "popular"}
    # What is frozen is a parameter and a member, but its arrays are stored once.
    with safetensors.safe_open(tmp_path / "frozen.safetensors", "numpy") as file:
        owners = {".".join(name.split(".")[:2]) for name in file.keys()}
    assert owners == {"estimator.0", "estimators_.1", "item_ids_", "item_counts_"}


# What does not fit together.

UNFITTED = FrozenEstimator(MarkovRecommender())
BAD = {
    "estimator is an empty list": ([], {}),
    "entry 0 is MarkovRecommender()": ([MarkovRecommender()], {}),
    "not unique: ['a', 'a']": ([("a", MarkovRecommender())] * 2, {}),
    "conflict with constructor arguments: ['weights']": (
        [("weights", MarkovRecommender())],
        {},
    ),
    "must not contain __: got ['a__b']": ([("a__b", MarkovRecommender())], {}),
    "The 'n_estimators' parameter of EnsembleRecommender must be": (
        MarkovRecommender(),
        {"n_estimators": 0},
    ),
    "weights must have one number for each of the 2 members, got the shape (3,)": (
        MIXED[1:],
        {"weights": [1, 2, 3]},
    ),
    "weights must have one number for each of the 3 members, got the shape (2,)": (
        MarkovRecommender(),
        {"weights": [1, 2], "n_estimators": 3},
    ),
    "weights must not be negative, and one must be positive, got [1.0, -1.0]": (
        MIXED[1:],
        {"weights": [1, -1]},
    ),
    "one must be positive, got [0.0, 0.0]": (MIXED[1:], {"weights": [0, 0]}),
    "Input weights contains NaN": (MIXED[1:], {"weights": [np.nan, 1]}),
    "member 'augmenter' must be a recommender, with fit and predict_log_proba or "
    "decision_function, got RandomAugmenter": (
        [("markov", MarkovRecommender()), ("augmenter", RandomAugmenter())],
        {},
    ),
    "estimator must be a recommender, with fit and": (RandomAugmenter(), {}),
    "member 'a' is the class MarkovRecommender; pass an instance": (
        [("a", MarkovRecommender)],
        {},
    ),
    "member 'cold' is a FrozenEstimator around an unfitted MarkovRecommender": (
        [("markov", MarkovRecommender()), ("cold", UNFITTED)],
        {},
    ),
    "estimator is a FrozenEstimator around an unfitted": (UNFITTED, {}),
    "those of X are of type int and those of member 'words' of type str": (
        [("words", FrozenEstimator(FIRST)), ("markov", MarkovRecommender())],
        {},
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit_is_told(message):
    estimator, parameters = BAD[message]
    ensemble = EnsembleRecommender(estimator, **parameters)
    with pytest.raises((TypeError, ValueError)) as info:
        ensemble.fit(X)
    assert message in str(info.value)
    assert not any(name.endswith("_") for name in vars(ensemble))


def test_members_disagree_on_the_type_of_ids():
    numbers = FrozenEstimator(PopularityRecommender().fit([[1, 2]]))
    pair = [("words", FrozenEstimator(FIRST)), ("numbers", numbers)]
    with pytest.raises(TypeError, match=r"those of member 'words' .* str and .* int"):
        EnsembleRecommender(pair).fit(Sequences.from_iterable([[]]))
