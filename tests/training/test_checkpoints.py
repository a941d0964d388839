"""A training that was stopped goes on, and ends as one that was not."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdiffuasr import (
    ASRePAugmenter,
    CL4SRecEstimator,
    DiffusionSequenceAugmenter,
    DistilledRecommender,
    EnsembleRecommender,
    GRU4RecEstimator,
    S3RecEstimator,
    SASRecEstimator,
)
from skdiffuasr.augmentation.diffusion import ClassifierGuidance, SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.training.checkpoints import Checkpoint

X = make_sequences(n_users=60, n_items=20, random_state=0).X
ITEMS = np.unique(X.values).tolist()
TINY = {"max_epochs": 4, "batch_size": 16, "random_state": 0}
SMALL = {**TINY, "embedding_dim": 8}
SASREC = SASRecEstimator(**SMALL)
SLOW = [
    DiffusionSequenceAugmenter(
        2,
        guidance=ClassifierGuidance(),
        denoiser=SUNet(base_channels=8, n_res_blocks=1),
        **TINY,
    ),
    ASRePAugmenter(2, **SMALL),
    CL4SRecEstimator(**SMALL),
    GRU4RecEstimator(**SMALL),
    SASRecEstimator(loss="sampled_ce", sparse_gradients=True, **SMALL),
    S3RecEstimator(pretraining_epochs=3, **SMALL),
    SASRecEstimator(ema_decay=None, early_stopping=False, **SMALL),
    SASRecEstimator(
        item_features=dict(zip(ITEMS, np.eye(len(ITEMS)), strict=True)), **SMALL
    ),
    EnsembleRecommender(SASREC, n_estimators=2, random_state=0),
    DistilledRecommender(SASREC, n_labels=5, random_state=0),
]


class Killed(BaseException):
    """Stands for what ends a process."""


@pytest.fixture
def steps(monkeypatch):
    """Count the steps of the optimiser, and end the training at the `kill_at`-th."""
    counted = type("Steps", (), {"n_done": 0, "kill_at": None})()
    step = torch.optim.AdamW.step

    def counting(*args, **kwargs):
        counted.n_done += 1
        if counted.n_done == counted.kill_at:
            raise Killed
        return step(*args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", counting)
    return counted


def assert_same_weights(estimator, other):
    for name, array in weights_of(other).items():
        assert_array_equal(weights_of(estimator)[name], array, name)


def weights_of(estimator):
    if hasattr(estimator, "estimators_"):
        return {
            f"{i}.{name}": array
            for i, member in enumerate(estimator.estimators_)
            for name, array in weights_of(member).items()
        }
    estimator = getattr(estimator, "student_", estimator)
    guidance = getattr(estimator, "guidance_weights_", {})
    return estimator.weights_ | {
        f"guidance.{name}": guidance[name] for name in guidance
    }


def checkpointed(estimator, folder):
    """Clone an estimator with a folder for each that trains inside."""
    estimator = clone(estimator)
    names = estimator.get_params(deep=True)
    given = {name: folder for name in names if name.split("__")[-1] == "checkpoint"}
    return estimator.set_params(**given)


@pytest.mark.parametrize("part", [pytest.param(2, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(
    "estimator",
    [SASREC, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_stopped_training_goes_on(estimator, part, tmp_path, steps):
    whole = clone(estimator).fit(X)
    n_steps, steps.n_done = steps.n_done, 0
    steps.kill_at = n_steps * part // 4 + 1
    stopped = checkpointed(estimator, tmp_path)
    with pytest.raises(Killed):
        stopped.fit(X)
    steps.n_done, steps.kill_at = 0, None
    stopped = checkpointed(estimator, tmp_path).fit(X)
    assert_same_weights(stopped, whole)
    assert steps.n_done < n_steps
    steps.n_done = 0
    assert_same_weights(checkpointed(estimator, tmp_path).fit(X), whole)
    assert steps.n_done == 0


def test_early_stopping_goes_on(tmp_path, steps):
    estimator = clone(SASREC).set_params(patience=2, max_epochs=40, learning_rate=0.05)
    whole = clone(estimator).fit(X)
    assert whole.n_iter_ < 40
    n_steps, steps.n_done = steps.n_done, 0
    steps.kill_at = n_steps - 1
    with pytest.raises(Killed):
        estimator.set_params(checkpoint=tmp_path).fit(X)
    steps.kill_at = None
    estimator.fit(X)
    assert_same_weights(estimator, whole)
    assert estimator.loss_curve_ == whole.loss_curve_
    assert estimator.validation_scores_ == whole.validation_scores_
    assert estimator.best_epoch_ == whole.best_epoch_
    assert estimator.fit(X).best_epoch_ == whole.best_epoch_


def test_torn_files_are_not_gone_on_from(tmp_path, steps):
    whole = clone(SASREC).fit(X)
    n_steps, steps.n_done = steps.n_done, 0
    estimator = clone(SASREC).set_params(checkpoint=tmp_path)
    steps.kill_at = n_steps - 1
    with pytest.raises(Killed):
        estimator.fit(X)
    steps.kill_at = None
    (last,) = (path for path in tmp_path.glob("*.pt") if ".previous" not in path.name)
    content = last.read_bytes()
    last.write_bytes(content[: len(content) // 2])
    steps.n_done = 0
    with pytest.warns(UserWarning, match="is damaged; training goes on from the epoch"):
        assert_same_weights(estimator.fit(X), whole)
    assert steps.n_done == n_steps // 2  # of four epochs, two were whole
    for path in tmp_path.glob("*.pt"):
        path.write_bytes(b"")
    steps.n_done = 0
    with pytest.warns(UserWarning, match="damaged"):
        assert_same_weights(estimator.fit(X), whole)
    assert steps.n_done == n_steps


@pytest.mark.parametrize(
    "change",
    [{"learning_rate": 1e-3}, {"random_state": 1}, {"max_epochs": 3}, {"patience": 3}],
    ids=str,
)
def test_another_training_does_not_go_on(change, tmp_path):
    estimator = clone(SASREC).set_params(checkpoint=tmp_path).fit(X)
    whole = clone(SASREC).set_params(**change).fit(X)
    assert_same_weights(estimator.set_params(**change).fit(X), whole)


def test_other_data_do_not_go_on(tmp_path):
    estimator = clone(SASREC).set_params(checkpoint=tmp_path).fit(X)
    whole = clone(SASREC).fit(X[:-1])
    assert_same_weights(estimator.fit(X[:-1]), whole)
    validation = {"X_val": X[:9].drop_last(), "y_val": X[:9].last()}
    whole.fit(X, **validation)
    assert_same_weights(estimator.fit(X, **validation), whole)


def test_a_search_goes_on(tmp_path, steps):
    X_train, y, _, _ = leave_last_out(X, short="drop")

    def search(**given):
        estimator = clone(SASREC).set_params(max_epochs=2, **given)
        grid = {"learning_rate": [1e-2, 1e-3]}
        return GridSearchCV(estimator, grid, cv=LeaveLastOut()).fit(X_train, y)

    whole = search()
    n_steps, steps.n_done = steps.n_done, 0
    steps.kill_at = n_steps // 2
    with pytest.raises(Killed):
        search(checkpoint=tmp_path)
    n_before, steps.n_done, steps.kill_at = steps.n_done, 0, None
    resumed = search(checkpoint=tmp_path)
    scores = (each.cv_results_["mean_test_score"] for each in (resumed, whole))
    assert_array_equal(*scores)
    assert_same_weights(resumed.best_estimator_, whole.best_estimator_)
    assert steps.n_done < n_steps
    assert steps.n_done + n_before < n_steps + n_steps / 6  # at most one epoch twice


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)], ids=str)
def test_it_takes_an_integer_random_state(random_state, tmp_path):
    estimator = SASRecEstimator(checkpoint=tmp_path, random_state=random_state)
    with pytest.raises(ValueError, match="checkpoint takes an integer random_state"):
        estimator.fit(X)


def test_two_processes_do_not_share_a_training(tmp_path):
    checkpoint = Checkpoint(tmp_path, "the same")
    with checkpoint.locked():
        with pytest.raises(BlockingIOError, match="Another process is training"):
            with Checkpoint(tmp_path, "the same").locked():
                pass
        with Checkpoint(tmp_path, "another").locked():
            pass
    with checkpoint.locked():
        pass


def test_nothing_is_executed(tmp_path):
    """A file with a pickle in it is refused, even with the right hash."""

    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    checkpoint = Checkpoint(tmp_path, "x")
    checkpoint.write({"module": Evil()})
    with pytest.raises(Exception, match="weights_only"):
        checkpoint.read()
    assert not (tmp_path / "executed").exists()


def test_files_do_not_pile_up(tmp_path):
    clone(SASREC).set_params(checkpoint=tmp_path).fit(X)
    names = sorted(path.suffixes for path in tmp_path.iterdir())
    assert names == [[".lock"], [".previous", ".pt"], [".pt"]]


def test_the_folder_is_made(tmp_path):
    with warnings.catch_warnings(action="error"):
        clone(SASREC).set_params(checkpoint=str(tmp_path / "a" / "b")).fit(X)
    assert (tmp_path / "a" / "b").is_dir()
