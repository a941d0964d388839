"""Networks trained in the worker processes of joblib."""

import os

import numpy as np
import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    CooccurrenceEmbeddings,
    LinearSchedule,
    SUNet,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out

METRICS = ("ndcg@10", "mrr")


@pytest.fixture(autouse=True)
def one_thread():
    """Sums come out as in a worker, which has one core of two."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def split():
    data = make_sequences(
        n_users=100, n_items=25, n_hidden_items=0, min_length=5, random_state=0
    )
    return leave_last_out(data.X)


def tiny_sasrec():
    return SASRecEstimator(
        embedding_dim=4,
        n_layers=1,
        max_length=10,
        batch_size=16,
        max_epochs=2,
        device="cpu",
        random_state=0,
    )


def tiny_augmenter():
    return DiffusionSequenceAugmenter(
        n_pseudo_items=2,
        denoiser=SUNet(base_channels=8, n_res_blocks=1),
        schedule=LinearSchedule(n_timesteps=5),
        sampler=DDIM(n_steps=2),
        item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
        batch_size=64,
        max_epochs=1,
        device="cpu",
        random_state=0,
    )


@pytest.mark.parametrize(
    "estimator",
    [tiny_sasrec(), make_pipeline(tiny_augmenter(), tiny_sasrec())],
    ids=["recommender", "pipeline"],
)
def test_workers_give_the_same_scores(split, estimator):
    X, y, _, _ = split
    serial, parallel = (
        cross_validate(
            estimator,
            X,
            y,
            cv=KFold(2),
            scoring=NextItemScorer(METRICS),
            n_jobs=n_jobs,
            error_score="raise",
        )
        for n_jobs in (1, 2)
    )
    for metric in METRICS:
        np.testing.assert_allclose(
            parallel[f"test_{metric}"], serial[f"test_{metric}"], rtol=1e-6
        )


def test_fitted_estimator_comes_back_from_a_worker(split):
    X, _, X_test, _ = split
    (fitted,) = Parallel(n_jobs=2)([delayed(tiny_sasrec().fit)(X)])
    expected = tiny_sasrec().fit(X).decision_function(X_test)
    np.testing.assert_allclose(fitted.decision_function(X_test), expected, rtol=1e-5)


def test_workers_do_not_oversubscribe_the_cores():
    n_threads = Parallel(n_jobs=2)(delayed(torch.get_num_threads)() for _ in range(2))
    share = max(1, cpu_count() // 2)
    assert max(n_threads) <= int(os.environ.get("OMP_NUM_THREADS", share))
