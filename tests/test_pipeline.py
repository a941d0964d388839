"""The main job: an augmenter and a recommender in Pipeline and GridSearchCV."""

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    SASRecEstimator,
)
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    ClassifierGuidance,
    CooccurrenceEmbeddings,
    LinearSchedule,
    SUNet,
    training,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer, make_next_item_scorer
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.recommenders import neural

HISTORIES = make_sequences(
    n_users=100, n_items=25, n_hidden_items=0, min_length=5, random_state=0
).X
X, Y, X_TEST, Y_TEST = leave_last_out(HISTORIES)
SCALES = [0.0, 1.0, 3.0]


def make_augmenter(**parameters):
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items=2,
        guidance="classifier_free",
        denoiser=SUNet(base_channels=8, n_res_blocks=1),
        schedule=LinearSchedule(n_timesteps=5),
        sampler=DDIM(n_steps=2),
        item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
        batch_size=64,
        max_epochs=1,
        device="cpu",
        random_state=0,
    )
    return augmenter.set_params(**parameters)


def make_sasrec():
    return SASRecEstimator(
        embedding_dim=4,
        n_layers=1,
        max_length=10,
        batch_size=16,
        max_epochs=2,
        device="cpu",
        random_state=0,
    )


def make_pipeline(augmenter=None, recommender=None, memory=None):
    augmenter = make_augmenter() if augmenter is None else augmenter
    recommender = MarkovRecommender() if recommender is None else recommender
    return Pipeline([("aug", augmenter), ("rec", recommender)], memory=memory)


@pytest.fixture
def n_trainings(monkeypatch):
    """Count the trainings of the augmenter's networks."""
    trainings = []
    train = training.train

    def counting(*args, **kwargs):
        trainings.append(kwargs["random_state"])
        return train(*args, **kwargs)

    monkeypatch.setattr(training, "train", counting)
    return lambda: len(trainings)


@pytest.fixture
def one_thread():
    """Sums come out as in a worker, which has one core of two."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


# Pipeline


def test_pipeline_is_its_steps_in_a_row():
    pipeline = make_pipeline(recommender=make_sasrec()).fit(X, Y)
    augmenter, recommender = make_augmenter(), make_sasrec()
    recommender.fit(augmenter.fit_transform(X))
    augmented = augmenter.transform(X_TEST)
    scores = pipeline.decision_function(X_TEST)
    np.testing.assert_array_equal(scores, recommender.decision_function(augmented))
    np.testing.assert_array_equal(
        pipeline.predict(X_TEST), recommender.predict(augmented)
    )
    assert pipeline.score(X_TEST, Y_TEST) == recommender.score(augmented, Y_TEST)


def test_pipeline_score_is_that_of_the_scorer():
    pipeline = make_pipeline(recommender=make_sasrec()).fit(X)
    scorer = make_next_item_scorer("ndcg@10")
    assert pipeline.score(X_TEST, Y_TEST) == pytest.approx(
        scorer(pipeline, X_TEST, Y_TEST)
    )


def test_recommender_learns_from_pseudo_items_as_context_only():
    pipeline = make_pipeline().fit(X)
    counts = np.bincount(X.values, minlength=25)[pipeline[-1].item_ids_]
    np.testing.assert_array_equal(pipeline[-1].item_counts_, counts)


def test_augmentation_of_training_histories_alone():
    pipeline = make_pipeline(make_augmenter(augment_at="fit"), make_sasrec()).fit(X)
    np.testing.assert_array_equal(
        pipeline.predict(X_TEST), pipeline[-1].predict(X_TEST)
    )


def test_pipeline_shows_in_a_notebook():
    for pipeline in (make_pipeline(), make_pipeline().fit(X)):
        html = pipeline._repr_html_()
        assert "DiffusionSequenceAugmenter" in html
        assert "MarkovRecommender" in html


# GridSearchCV

GRID = {"aug__n_pseudo_items": [1, 3], "aug__guidance_scale": [0.0, 2.0]}
METRICS = ("ndcg@10", "hr@5", "mrr")


def search(cv, **options):
    return GridSearchCV(
        make_pipeline(recommender=make_sasrec()),
        GRID,
        cv=cv,
        scoring=NextItemScorer(METRICS),
        refit="ndcg@10",
        error_score="raise",
        **options,
    )


@pytest.mark.parametrize("cv", [LeaveLastOut(), KFold(2)], ids=["leave-last", "users"])
def test_grid_search(cv):
    result = search(cv).fit(X, Y)
    table = result.cv_results_
    for metric in METRICS:
        assert table[f"mean_test_{metric}"].shape == (4,)
        assert (table[f"mean_test_{metric}"] >= 0).all()
        assert (table[f"mean_test_{metric}"] <= 1).all()
    assert result.best_score_ == table["mean_test_ndcg@10"].max()
    best = result.best_estimator_
    assert best["aug"].n_pseudo_items == result.best_params_["aug__n_pseudo_items"]
    np.testing.assert_array_equal(result.predict(X_TEST), best.predict(X_TEST))
    assert result.score(X_TEST, Y_TEST) == best.score(X_TEST, Y_TEST)


def test_leave_last_out_scores_are_those_of_a_fit_on_all_users():
    result = search(LeaveLastOut()).fit(X, Y)
    for parameters, score in zip(
        result.cv_results_["params"],
        result.cv_results_["mean_test_ndcg@10"],
        strict=True,
    ):
        pipeline = make_pipeline(recommender=make_sasrec()).set_params(**parameters)
        assert pipeline.fit(X).score(X, Y) == pytest.approx(score)


@pytest.mark.parametrize("interrupted", [training, neural], ids=["augmenter", "sasrec"])
def test_an_interrupt_stops_the_search(monkeypatch, interrupted):
    """Not even ``error_score`` makes a failed candidate of it."""
    train, trainings = interrupted.train, []

    def train_once(*args, **kwargs):
        if trainings:
            raise KeyboardInterrupt
        trainings.append(kwargs["random_state"])
        return train(*args, **kwargs)

    monkeypatch.setattr(interrupted, "train", train_once)
    stopped = search(KFold(2)).set_params(error_score=0.0)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(X, Y)
    assert len(trainings) == 1
    assert not hasattr(stopped, "cv_results_")


def test_parallel_search_gives_the_same_scores(tmp_path, one_thread):
    memory = {"aug__memory": [str(tmp_path)]}
    serial, parallel = search(KFold(2)), search(KFold(2), n_jobs=2)
    serial.param_grid = parallel.param_grid = GRID | memory
    serial.fit(X, Y)
    parallel.fit(X, Y)
    for metric in METRICS:
        np.testing.assert_allclose(
            parallel.cv_results_[f"mean_test_{metric}"],
            serial.cv_results_[f"mean_test_{metric}"],
        )
    assert parallel.best_params_ == serial.best_params_


# Caches


@pytest.mark.parametrize(
    ("cv", "n_fits"),
    # All users are fitted on and refitted on; or three folds and all users.
    [(LeaveLastOut(), 1), (KFold(3), 4)],
    ids=["leave-last", "users"],
)
def test_guidance_scale_is_tuned_without_retraining(tmp_path, n_trainings, cv, n_fits):
    grid = {"aug__guidance_scale": SCALES, "aug__sampler__n_steps": [1, 2]}
    pipeline = make_pipeline(make_augmenter(memory=str(tmp_path)))
    GridSearchCV(pipeline, grid, cv=cv, error_score="raise").fit(X, Y)
    assert n_trainings() == n_fits


def test_without_memory_every_fit_trains(n_trainings):
    grid = {"aug__guidance_scale": SCALES}
    GridSearchCV(make_pipeline(), grid, cv=LeaveLastOut()).fit(X, Y)
    assert n_trainings() == len(SCALES) + 1


def test_trained_classifier_is_cached_too(tmp_path, n_trainings):
    augmenter = make_augmenter(guidance="classifier", memory=str(tmp_path))
    grid = {"aug__guidance_scale": SCALES}
    GridSearchCV(make_pipeline(augmenter), grid, cv=LeaveLastOut()).fit(X, Y)
    assert n_trainings() == 2  # a denoiser and a classifier


def test_number_of_pseudo_items_is_retrained_for(tmp_path, n_trainings):
    grid = {"aug__n_pseudo_items": [1, 2], "aug__guidance_scale": SCALES}
    pipeline = make_pipeline(make_augmenter(memory=str(tmp_path)))
    GridSearchCV(pipeline, grid, cv=LeaveLastOut()).fit(X, Y)
    assert n_trainings() == 2


def test_memory_does_not_change_the_scores(tmp_path):
    grid = {"aug__guidance_scale": SCALES}
    scores = [
        GridSearchCV(make_pipeline(make_augmenter(memory=memory)), grid, cv=KFold(2))
        .fit(X, Y)
        .cv_results_["mean_test_score"]
        for memory in (None, str(tmp_path), str(tmp_path))
    ]
    np.testing.assert_array_equal(scores[1], scores[0])
    np.testing.assert_array_equal(scores[2], scores[0])


def test_memory_of_the_pipeline_spares_fits_and_samplings(tmp_path, n_trainings):
    grid = {"rec__smoothing": [0.1, 1.0, 10.0]}
    cached = GridSearchCV(make_pipeline(memory=str(tmp_path)), grid, cv=LeaveLastOut())
    cached.fit(X, Y)
    assert n_trainings() == 1
    plain = GridSearchCV(make_pipeline(), grid, cv=LeaveLastOut()).fit(X, Y)
    np.testing.assert_array_equal(
        cached.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


# Fitted recommenders as parameters


@pytest.mark.parametrize("parameter", ["guidance__classifier", "item_embeddings"])
def test_frozen_recommender_as_parameter(parameter):
    sasrec = make_sasrec().fit(X)
    augmenter = make_augmenter(guidance=ClassifierGuidance())
    augmenter.set_params(**{parameter: FrozenEstimator(sasrec)})
    grid = {"aug__guidance_scale": SCALES}
    result = GridSearchCV(
        make_pipeline(augmenter), grid, cv=KFold(2), error_score="raise"
    ).fit(X, Y)
    fitted = result.best_estimator_["aug"].get_params()[parameter]
    np.testing.assert_array_equal(fitted.item_embeddings_, sasrec.item_embeddings_)


@pytest.mark.parametrize("parameter", ["guidance__classifier", "item_embeddings"])
def test_search_unfits_a_recommender_that_is_not_frozen(parameter):
    augmenter = make_augmenter(guidance=ClassifierGuidance())
    augmenter.set_params(**{parameter: make_sasrec().fit(X)})
    name = parameter.rpartition("__")[2]
    with pytest.raises(NotFittedError, match=f"{name}.*FrozenEstimator"):
        clone(make_pipeline(augmenter)).fit(X)


# Callbacks


class Recorder:
    """Writes down which tasks ended."""

    max_propagation_depth = None

    def __init__(self):
        self.ended = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.ended.append((type(estimator).__name__, context.task_name))


def test_callback_of_the_search_hears_every_epoch():
    pytest.importorskip("sklearn.callback")
    recorder = Recorder()
    pipeline = make_pipeline(recommender=make_sasrec())
    grid = GridSearchCV(pipeline, {"aug__guidance_scale": SCALES}, cv=LeaveLastOut())
    grid.set_callbacks(recorder).fit(X, Y)
    n_fits = len(SCALES) + 1
    assert recorder.ended.count(("DiffusionSequenceAugmenter", "fit")) == n_fits
    assert recorder.ended.count(("DiffusionSequenceAugmenter", "epoch")) == n_fits
    assert recorder.ended.count(("SASRecEstimator", "fit")) == n_fits
    assert recorder.ended.count(("SASRecEstimator", "epoch")) == 2 * n_fits


def test_scoring_monitor_follows_the_validation_items():
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring=NextItemScorer(("ndcg@10",)))
    pipeline = make_pipeline(recommender=make_sasrec().set_callbacks(monitor))
    pipeline.fit(X, Y)
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in epochs] == [0, 1]
    assert all(0 <= row["ndcg@10"] <= 1 for row in epochs)


# Metadata routing


def test_sample_weights_are_routed_to_the_scorer():
    is_odd = np.arange(len(X)) % 2 == 1
    with config_context(enable_metadata_routing=True):
        scores = cross_validate(
            make_pipeline(),
            X,
            Y,
            cv=LeaveLastOut(),
            scoring=NextItemScorer(METRICS).set_score_request(sample_weight=True),
            params={"sample_weight": is_odd.astype(float)},
        )
    pipeline = make_pipeline().fit(X)
    expected = NextItemScorer(METRICS)(pipeline, X[is_odd], Y[is_odd])
    for metric in METRICS:
        assert scores[f"test_{metric}"] == pytest.approx(expected[metric])


def test_sample_weights_are_routed_through_the_pipeline():
    is_odd = np.arange(len(X)) % 2 == 1
    with config_context(enable_metadata_routing=True):
        recommender = MarkovRecommender().set_score_request(sample_weight=True)
        pipeline = make_pipeline(recommender=recommender).fit(X)
        score = pipeline.score(X, Y, sample_weight=is_odd.astype(float))
    assert score == pytest.approx(pipeline.score(X[is_odd], Y[is_odd]))


def test_metadata_routing_without_metadata():
    with config_context(enable_metadata_routing=True):
        result = search(LeaveLastOut()).fit(X, Y)
    assert 0 <= result.best_score_ <= 1
