"""Nothing that is held out reaches what is fitted or generated.

Held-out items are markers that occur nowhere else, so that a single look at one of
them shows: in a catalogue, a batch, or any `Sequences` that is made on the way.
"""

import pkgutil
from importlib import import_module

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

import skdiffuasr
from skdiffuasr import (
    ASRePAugmenter,
    DiffusionSequenceAugmenter,
    S3RecEstimator,
    SASRecEstimator,
    Sequences,
)
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    CooccurrenceEmbeddings,
    LinearSchedule,
    SUNet,
)
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import LeaveLastOut, TemporalSplit, leave_last_out
from skdiffuasr.training import loop

N_USERS, N_ITEMS = 50, 20
VALIDATION, TEST, MARKERS = 1000, 2000, 1000  # markers are 1000 and above

PIPELINE = Pipeline(
    [
        (
            "aug",
            DiffusionSequenceAugmenter(
                n_pseudo_items=2,
                guidance="classifier_free",
                denoiser=SUNet(base_channels=8, n_res_blocks=1),
                schedule=LinearSchedule(n_timesteps=5),
                sampler=DDIM(n_steps=2),
                item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
                batch_size=64,
                max_epochs=2,
                device="cpu",
                random_state=0,
            ),
        ),
        (
            "rec",
            SASRecEstimator(
                embedding_dim=4,
                n_layers=1,
                max_length=12,
                batch_size=16,
                max_epochs=2,
                early_stopping=True,
                device="cpu",
                random_state=0,
            ),
        ),
    ]
)


#: Modules that train something, by the name under which they call the loop.
TRAINERS = [
    module
    for info in pkgutil.walk_packages(skdiffuasr.__path__, prefix="skdiffuasr.")
    if not info.name.endswith("__main__")
    for module in [import_module(info.name)]
    if getattr(module, "train", None) is loop.train and module is not loop
]


def make_histories(validation=VALIDATION, test=TEST):
    """Histories of common items that end in two markers of their user."""
    rng = np.random.default_rng(0)
    rows = [
        [*rng.integers(N_ITEMS, size=rng.integers(5, 12)), validation + u, test + u]
        for u in range(N_USERS)
    ]
    return Sequences.from_iterable(rows, user_ids=np.arange(N_USERS))


def fitted_state(pipeline):
    """A hash of all that was learned."""
    return [
        joblib.hash({k: v for k, v in vars(step).items() if k[-1] == "_"})
        for _, step in pipeline.steps
    ]


@pytest.fixture
def seen(monkeypatch):
    """Every item of every `Sequences` and every training batch that is made."""
    items = set()
    set_parts = Sequences._set_parts  # of checked rows and of pieces of them

    def spy_on_sequences(self, *args, **kwargs):
        set_parts(self, *args, **kwargs)
        if self.values.dtype.kind == "i":
            items.update(self.values.tolist())

    monkeypatch.setattr(Sequences, "_set_parts", spy_on_sequences)
    for module in TRAINERS:

        def spy_on_train(network, batches, *args, train=module.train, **kwargs):
            def spied_batches(epoch):
                for batch in batches(epoch):
                    for tensor in batch:
                        items.update(tensor.unique().tolist())
                    yield batch

            return train(network, spied_batches, *args, **kwargs)

        monkeypatch.setattr(module, "train", spy_on_train)
    return items


def marked(items):
    return {item for item in items if item >= MARKERS}


def test_every_module_that_trains_is_spied_on():
    names = {module.__name__.removeprefix("skdiffuasr.") for module in TRAINERS}
    assert names >= {
        "augmentation.asrep",
        "augmentation.diffusion.training",
        "recommenders.neural",
    }


def test_the_spy_sees_markers(seen):
    X = make_histories()
    clone(PIPELINE).fit(X)
    assert len(marked(seen)) == 2 * N_USERS


@pytest.mark.parametrize("step", ["aug", "rec"])
def test_other_trainings_see_no_held_out_item(step, seen):
    settings = {"max_epochs": 1, "embedding_dim": 4, "device": "cpu", "random_state": 0}
    other = {
        "aug": ASRePAugmenter(2, **settings),
        "rec": S3RecEstimator(pretraining_epochs=1, max_length=12, **settings),
    }
    X, y, _, _ = leave_last_out(make_histories())
    seen.clear()
    pipeline = clone(PIPELINE).set_params(**{step: other[step]})
    cross_validate(pipeline, X, y, cv=LeaveLastOut(), error_score="raise")
    assert seen
    assert not marked(seen)


@pytest.mark.parametrize("guidance", [None, "classifier_free", "classifier"])
def test_search_sees_no_held_out_item(guidance, seen):
    X, y, _, _ = leave_last_out(make_histories())
    seen.clear()
    search = GridSearchCV(
        clone(PIPELINE).set_params(aug__guidance=guidance),
        {"aug__guidance_scale": [0.0, 2.0]},
        cv=LeaveLastOut(),
        scoring=NextItemScorer(("ndcg@10",)),
        refit="ndcg@10",
        error_score="raise",
    ).fit(X, y)
    assert seen
    assert not marked(seen)
    for _, step in search.best_estimator_.steps:
        assert not marked(step.item_ids_.tolist())


def test_test_items_are_not_seen_when_the_validation_items_are_trained_on(seen):
    _, _, X, y = leave_last_out(make_histories())
    seen.clear()
    pipeline = clone(PIPELINE).fit(X, y)
    pipeline.score(X, y)
    assert marked(seen) == set(range(VALIDATION, VALIDATION + N_USERS))
    assert marked(pipeline["rec"].item_ids_.tolist()) == marked(seen)


def test_pseudo_items_are_training_items():
    X_train, _, X_test, _ = leave_last_out(make_histories())
    augmenter = clone(PIPELINE["aug"]).fit(X_train)
    for X in (X_train, X_test):
        assert not marked(augmenter.generate(X).ravel().tolist())


def test_held_out_items_do_not_change_the_search():
    grid = {"aug__guidance_scale": [0.0, 2.0]}
    states = []
    for validation, test in ((VALIDATION, TEST), (TEST + 500, VALIDATION + 500)):
        X, y, _, _ = leave_last_out(make_histories(validation, test))
        search = GridSearchCV(clone(PIPELINE), grid, cv=LeaveLastOut()).fit(X, y)
        states.append(fitted_state(search.best_estimator_))
    assert states[0] == states[1]


@pytest.mark.parametrize("y", [None, "the items held out", "the last items"])
def test_fit_does_not_learn_from_y(y):
    X, held_out, _, _ = leave_last_out(make_histories())
    expected = fitted_state(clone(PIPELINE).fit(X))
    if y is not None:
        y = held_out if y == "the items held out" else X.last()
    assert fitted_state(clone(PIPELINE).fit(X, y)) == expected


@pytest.mark.parametrize("with_memory", [False, True])
def test_users_of_other_folds_have_no_influence(with_memory, tmp_path):
    # Each user's validation item is now a training item that nobody else has.
    _, _, X, y = leave_last_out(make_histories())
    pipeline = clone(PIPELINE)
    if with_memory:
        pipeline.set_params(aug__memory=str(tmp_path))
    folds = cross_validate(
        pipeline, X, y, cv=KFold(2), return_estimator=True, return_indices=True
    )
    for fitted, train, test in zip(
        folds["estimator"],
        folds["indices"]["train"],
        folds["indices"]["test"],
        strict=True,
    ):
        alone = clone(PIPELINE).fit(X[train])
        assert fitted_state(fitted) == fitted_state(alone)
        for _, step in fitted.steps:
            assert marked(step.item_ids_.tolist()) == set(train + VALIDATION)
        pseudo = fitted["aug"].generate(X[test])
        assert not marked(pseudo.ravel().tolist()) & set(test + VALIDATION)
        np.testing.assert_array_equal(
            fitted.decision_function(X[test]), alone.decision_function(X[test])
        )


def test_nothing_after_the_cutoff_is_seen(seen):
    log = make_histories().to_interactions()
    is_marker = log["item"] >= MARKERS
    # Before the cutoff at random, after it the markers.
    rng = np.random.default_rng(0)
    log["time"] = np.where(
        is_marker, 100.0 + log["position"], rng.random(len(is_marker))
    )
    X_train, X_test, y_test = TemporalSplit(cutoff=100).split(log)
    assert not marked(X_train.values.tolist())
    assert marked(y_test.tolist()) == set(range(VALIDATION, VALIDATION + N_USERS))
    seen.clear()
    pipeline = clone(PIPELINE).fit(X_train)
    assert pipeline.score(X_test, y_test) == 0  # all of them are unknown
    assert seen
    assert not marked(seen)


def test_early_stopping_holds_out_training_items_only(seen):
    X, _, _, _ = leave_last_out(make_histories())
    seen.clear()
    recommender = clone(PIPELINE["rec"]).fit(X)
    assert len(recommender.validation_scores_) == 2
    assert not marked(seen)
