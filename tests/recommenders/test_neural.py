import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.recommenders import SASRecEstimator, neural
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.hold_out import hold_out

N_ITEMS = 12
MAX_LENGTH = 5


def draw_histories(n=24, seed=0):
    """Walks over all codes 0..11, so that ids and codes are the same."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(N_ITEMS, size=rng.integers(2, 9)) for _ in range(n - 1)]
    return Sequences.from_iterable([*rows, np.arange(N_ITEMS)])


X = draw_histories()


def tiny(**settings):
    defaults = {
        "embedding_dim": 8,
        "n_layers": 1,
        "max_length": MAX_LENGTH,
        "dropout": 0.1,
        "learning_rate": 0.01,
        "batch_size": 16,
        "max_epochs": 2,
        "early_stopping": False,
        "device": "cpu",
        "random_state": 0,
    }
    return SASRecEstimator(**{**defaults, **settings})


FITTED = tiny().fit(X)


def assert_same_weights(first, second):
    assert list(first.weights_) == list(second.weights_)
    for name, array in first.weights_.items():
        np.testing.assert_array_equal(array, second.weights_[name], err_msg=name)


def have_same_weights(first, second):
    return all(
        np.array_equal(array, second.weights_[name])
        for name, array in first.weights_.items()
    )


def test_what_training_leaves_behind():
    assert all(type(array) is np.ndarray for array in FITTED.weights_.values())
    assert FITTED.n_iter_ == FITTED.best_epoch_ == len(FITTED.loss_curve_) == 2
    assert FITTED.validation_scores_ == []
    assert FITTED.item_embeddings_.shape == (N_ITEMS, 8)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True, "ema_decay": 0.9}])
def test_a_seed_fixes_the_weights(settings):
    first, same, other = (
        tiny(random_state=seed, **settings).fit(X) for seed in (0, 0, 1)
    )
    assert_same_weights(first, same)
    assert first.loss_curve_ == same.loss_curve_
    assert not have_same_weights(first, other)


def test_a_random_state_moves_on():
    random_state = np.random.RandomState(0)
    recommender = tiny(random_state=random_state).fit(X)
    assert_same_weights(recommender, tiny(random_state=np.random.RandomState(0)).fit(X))
    first = recommender.weights_
    second = recommender.fit(X).weights_
    assert not np.array_equal(*(w["item_embedding.weight"] for w in (first, second)))


def test_the_global_generator_of_torch_is_left_alone():
    before = torch.get_rng_state()
    tiny().fit(X).predict(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_fit_does_not_read_y():
    assert_same_weights(tiny().fit(X, y=["never", "read"]), FITTED)


def test_early_stopping_keeps_the_best_score_on_held_out_items():
    recommender = tiny(
        early_stopping=True, validation_fraction=0.4, max_epochs=30, patience=3
    ).fit(X)
    seed = check_random_state(0).randint(2**31 - 1)
    _, validation = hold_out(X, 0.4, seed)
    assert recommender.best_epoch_ == 1 + np.argmax(recommender.validation_scores_)
    assert recommender.n_iter_ == min(recommender.best_epoch_ + 3, 30)
    score = recommender.score(validation.drop_last(), validation.last())
    assert score == pytest.approx(max(recommender.validation_scores_), rel=1e-5)


def test_early_stopping_works_on_pairs():
    """Without its last item, a pair has nothing left to predict."""
    pairs = [[item, (item + 1) % 5] for item in range(5)] * 8
    recommender = tiny(
        early_stopping=True, validation_fraction=0.3, batch_size=2, max_epochs=3
    ).fit(pairs)
    assert len(recommender.validation_scores_) == 3


@pytest.mark.parametrize("n", [1, 2])
def test_few_histories_are_enough(n):
    recommender = tiny(early_stopping=True).fit([[1, 2, 3]] * n)
    assert recommender.validation_scores_ == []
    assert recommender.predict([[1]]).shape == (1,)


def test_histories_without_a_target_only_count():
    rows = X.to_lists()
    recommender = tiny().fit([[], [3], *rows, [3], []])
    assert_same_weights(recommender, FITTED)
    counts = FITTED.item_counts_ + 2 * (np.arange(N_ITEMS) == 3)
    np.testing.assert_array_equal(recommender.item_counts_, counts)


@pytest.mark.parametrize(
    "histories",
    [
        [[1], [2], []],
        Sequences.from_iterable([[]]).prepend([[1, 2, 3]]),
    ],
    ids=["single items", "pseudo items"],
)
def test_there_must_be_something_to_train_on(histories):
    with pytest.raises(ValueError, match="No history of X has a real item with anoth"):
        tiny().fit(histories)


@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_a_catalogue_of_one_item(loss):
    recommender = tiny(loss=loss).fit([[7, 7, 7], [7, 7]])
    assert np.isfinite(recommender.loss_curve_).all()
    assert recommender.predict([[7], []]).tolist() == [7, 7]


def test_batches_of_one():
    recommender = tiny(batch_size=1).fit(X)
    np.testing.assert_allclose(
        recommender.decision_function(X)[3],
        recommender.decision_function(X[3:4])[0],
        rtol=1e-5,
    )


def test_only_recent_items_are_read():
    rows = [[1, 2, 3], [4, 5, 6, 7, 8]]
    longer = [[1, 2, 3], [0, 9, 9, 4, 5, 6, 7, 8]]
    scores = FITTED.decision_function(rows)
    np.testing.assert_allclose(FITTED.decision_function(longer), scores, rtol=1e-6)
    changed = FITTED.decision_function([[1, 2, 3], [0, 5, 6, 7, 8]])
    assert not np.allclose(changed[1], scores[1])


@pytest.mark.parametrize(
    ("length", "same"), [(MAX_LENGTH + 1, True), (MAX_LENGTH, False)]
)
def test_training_reads_as_many_items_and_one_more_target(length, same):
    whole_catalogue = [[item] for item in range(N_ITEMS)]
    tails = Sequences.from_iterable([*X.tail(length), *whole_catalogue])
    assert have_same_weights(tiny().fit(tails), FITTED) == same


def test_a_row_is_scored_the_same_in_any_batch():
    scores = FITTED.decision_function(X)
    order = np.random.default_rng(0).permutation(len(X))[:9]
    np.testing.assert_allclose(
        FITTED.decision_function(X[order]), scores[order], rtol=1e-4, atol=1e-6
    )
    one_by_one = tiny(batch_size=1).fit(X)
    one_by_one.weights_ = FITTED.weights_
    np.testing.assert_allclose(
        one_by_one.decision_function(X), scores, rtol=1e-4, atol=1e-6
    )


def test_scores_are_those_of_the_module():
    module = FITTED.to_module()
    scores = FITTED.decision_function(X)
    for row, history in enumerate(X):
        items = torch.tensor(history[-MAX_LENGTH:])[None]
        hidden = module.last_hidden(items, torch.tensor([items.shape[1]]))
        expected = (hidden @ module.item_embedding.weight.T)[0]
        np.testing.assert_allclose(scores[row], expected, rtol=1e-4, atol=1e-6)


def test_the_module_shares_nothing_with_the_estimator():
    before = FITTED.decision_function(X[:2])
    with torch.no_grad():
        for parameter in FITTED.to_module().parameters():
            parameter.zero_()
    np.testing.assert_array_equal(FITTED.decision_function(X[:2]), before)


def test_the_module_is_on_the_device_of_the_estimator(monkeypatch):
    monkeypatch.setattr(neural, "resolve_device", lambda name: torch.device(name))
    on_meta = pickle.loads(pickle.dumps(FITTED)).set_params(device="meta")
    assert {
        parameter.device.type for parameter in on_meta.to_module().parameters()
    } == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_what_is_trained_on_cuda_predicts_on_the_cpu():
    before = torch.cuda.get_rng_state()
    recommender = tiny(device="cuda").fit(X)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    scores = recommender.decision_function(X)
    on_cpu = recommender.set_params(device="cpu").decision_function(X)
    np.testing.assert_allclose(on_cpu, scores, rtol=1e-3, atol=1e-5)


def test_unknown_items_are_not_seen_and_nothing_known_means_popularity():
    scores = FITTED.decision_function([[99, 1, -5, 2, 99], [99], []])
    np.testing.assert_allclose(scores[0], FITTED.decision_function([[1, 2]])[0])
    np.testing.assert_array_equal(scores[1:], [FITTED._log_popularity()] * 2)


def test_fitted_estimators_can_be_stored(tmp_path):
    expected = FITTED.decision_function(X)
    joblib.dump(FITTED, tmp_path / "recommender")
    copies = [
        pickle.loads(pickle.dumps(FITTED)),
        joblib.load(tmp_path / "recommender"),
        joblib.load(tmp_path / "recommender", mmap_mode="r"),
    ]
    for copy in copies:
        np.testing.assert_array_equal(copy.decision_function(X), expected)


def test_equal_fits_have_equal_hashes():
    assert joblib.hash(tiny().fit(X)) == joblib.hash(FITTED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.02),
        ("weight_decay", 0.5),
        ("ema_decay", None),
        ("batch_size", 8),
        ("dropout", 0.2),
        ("max_epochs", 1),
        ("early_stopping", True),
    ],
)
def test_every_parameter_reaches_the_training(name, value):
    assert not have_same_weights(tiny(**{name: value}).fit(X), FITTED)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("learning_rate", [1e38, 1e20])
def test_a_learning_rate_that_is_too_high_is_named(learning_rate, early_stopping):
    """Be it that the loss, the weights or the validation shows it first."""
    recommender = tiny(
        learning_rate=learning_rate, early_stopping=early_stopping, batch_size=len(X)
    )
    with pytest.raises(ValueError, match=r"lower learning_rate \(now 1e\+"):
        recommender.set_params(max_epochs=9).fit(X)


def test_the_last_step_is_checked_too():
    recommender = tiny(learning_rate=1e38, max_epochs=1, batch_size=len(X))
    with pytest.raises(ValueError, match=r"weights became .*lower learning_rate"):
        recommender.fit(X)


@pytest.mark.parametrize(
    ("histories", "settings"),
    [
        ([[20], [21]], {}),
        ([[20, 21, 22]] * 9, {"learning_rate": 1e30, "max_epochs": 9}),
        ([[]], {}),
    ],
    ids=["nothing to train on", "divergence", "empty"],
)
@pytest.mark.parametrize("fit_before", [False, True])
def test_a_fit_that_fails_leaves_the_estimator_unfitted(
    histories, settings, fit_before
):
    recommender = tiny()
    if fit_before:
        recommender.fit(X)
    with pytest.raises(ValueError, match=r".+"):
        recommender.set_params(**settings).fit(histories)
    for use in (recommender.predict, recommender.recommend):
        with pytest.raises(NotFittedError):
            use([[1]])
    for name in ("weights_", "loss_curve_", "item_embeddings_", "n_iter_"):
        assert not hasattr(recommender, name)
    assert_same_weights(
        tiny().fit(X), recommender.set_params(**tiny().get_params()).fit(X)
    )


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": [[1], [99]], "y_val": [1, 1]}, "first in row 1 of X_val: 99"),
        ({"X_val": [["a"]], "y_val": [1]}, "The items of X_val are of type str"),
        ({"X_val": [[1]], "y_val": ["a"]}, "The items of y_val are of type str"),
        ({"X_val": [[1]], "y_val": [1.5]}, "Row 0 of y_val is 1.5"),
    ],
)
def test_errors_name_the_validation_data(validation, message):
    recommender = tiny(early_stopping=True, unknown_items="error")
    with pytest.raises((TypeError, ValueError), match=message):
        recommender.fit(X, **validation)


def test_validation_data_take_early_stopping():
    """They would be ignored without."""
    validation = {"X_val": [[1, 2]], "y_val": [3]}
    with pytest.raises(ValueError, match=r"but early_stopping=False\."):
        tiny().fit(X, **validation)
    recommender = tiny(early_stopping=True).fit(X, **validation)
    assert len(recommender.validation_scores_) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("embedding_dim", 0),
        ("max_length", 0),
        ("dropout", 1.0),
        ("learning_rate", 0.0),
        ("batch_size", 1.5),
        ("max_epochs", 0),
        ("validation_fraction", 1.0),
        ("patience", 0),
        ("ema_decay", 1.0),
        ("device", 0),
        ("random_state", "x"),
    ],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of SASRecEstimator"):
        tiny(**{name: value}).fit(X)


class EpochRecorder:
    """Scores the estimator after each epoch; stops after the second if asked to."""

    def __init__(self, stop=False):
        self.stop = stop
        self.predictions = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        if context.task_name == "epoch":
            self.predictions.append(fitted_estimator.decision_function(X))
        return self.stop and len(self.predictions) == 2


def test_callbacks_get_an_estimator_that_predicts():
    pytest.importorskip("sklearn.callback")
    recorder = EpochRecorder()
    recommender = tiny().set_callbacks(recorder).fit(X)
    assert_same_weights(recommender, FITTED)
    first_epoch = tiny(max_epochs=1).fit(X)
    expected = [first_epoch.decision_function(X), FITTED.decision_function(X)]
    np.testing.assert_array_equal(recorder.predictions, expected)


def test_callbacks_may_stop_the_training():
    pytest.importorskip("sklearn.callback")
    recommender = tiny(max_epochs=5).set_callbacks(EpochRecorder(stop=True)).fit(X)
    assert recommender.n_iter_ == 2
    assert_same_weights(recommender, FITTED)


def test_scikit_learn_monitors_the_score():
    callback = pytest.importorskip("sklearn.callback")
    scorer = NextItemScorer(metrics=("ndcg@10",))
    monitor = callback.ScoringMonitor(scoring=scorer)
    histories, targets = X.drop_last(), X.last()
    recommender = tiny(max_epochs=3).set_callbacks(monitor).fit(histories, targets)
    scores = {
        (row["task_name"], row["task_id"]): row["ndcg@10"]
        for row in monitor.get_logs().data
    }
    assert set(scores) == {("fit", 0), ("epoch", 0), ("epoch", 1), ("epoch", 2)}
    final = recommender.score(histories, targets)
    assert scores["fit", 0] == scores["epoch", 2] == final


def test_progress_is_shown_by_scikit_learn(capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    tiny().set_callbacks(callback.ProgressBar()).fit(X)
    assert "SASRecEstimator" in capsys.readouterr().out


class PropagatedRecorder(EpochRecorder):
    """A callback that meta-estimators hand down to their parts."""

    max_propagation_depth = None


@pytest.mark.parametrize("n_fits", [1, 5])
def test_callbacks_reach_through_pipelines_and_searches(n_fits):
    pytest.importorskip("sklearn.callback")
    recorder = PropagatedRecorder()
    estimator = Pipeline([("rec", tiny())])
    if n_fits > 1:
        estimator = GridSearchCV(estimator, {"rec__dropout": [0.0, 0.1]}, cv=2)
    estimator.set_callbacks(recorder).fit(X.drop_last(), X.last())
    assert len(recorder.predictions) == 2 * n_fits
