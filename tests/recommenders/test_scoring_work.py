"""Scoring checks and encodes histories once per call, and builds a network once."""

from collections import Counter

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    ASRePAugmenter,
    BERT4RecEstimator,
    MarkovRecommender,
    RandomSequenceAugmenter,
    SASRecEstimator,
)
from skdiffuasr.metrics.score_blocks import score_blocks
from skdiffuasr.sequences import Sequences, ids, vocabulary
from skdiffuasr.training import network

RNG = np.random.default_rng(0)
X = Sequences.from_iterable([RNG.integers(30, size=6) for _ in range(400)])
TINY = {
    "embedding_dim": 4,
    "n_layers": 1,
    "n_heads": 1,
    "max_epochs": 1,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture
def work(monkeypatch):
    """Count the calls of what should be called rarely."""
    counts = Counter()

    def count(module, name):
        function = getattr(module, name)

        def counted(*args, **kwargs):
            counts[name] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    count(vocabulary, "_encode")
    count(ids, "_pack_ids")
    count(network, "from_weights")
    return counts


def score_in_four_blocks(estimator, n_items):
    assert len(list(score_blocks(estimator, X, n_items, block_size=100))) == 4


@pytest.mark.parametrize(
    "recommender",
    [MarkovRecommender(), SASRecEstimator(**TINY), BERT4RecEstimator(**TINY)],
    ids=lambda recommender: type(recommender).__name__,
)
def test_a_recommender_encodes_once_per_call(recommender, work):
    recommender.fit(X)
    assert (work["_encode"], work["_pack_ids"]) == (1, 0)  # X is checked already
    work.clear()
    score_in_four_blocks(recommender, 30)
    n_networks = int(hasattr(recommender, "weights_"))
    expected = {"_encode": 4, "_pack_ids": 0, "from_weights": n_networks}
    assert {name: work[name] for name in expected} == expected
    work.clear()
    recommender.predict(X)
    recommender.recommend(X.to_lists(), k=3)
    assert work == {"_encode": 2, "_pack_ids": 1}


def test_validation_data_are_encoded_once(work):
    recommender = SASRecEstimator(**TINY)
    recommender.fit(X, X_val=X.drop_last(), y_val=X.last())
    assert work["_encode"] == 3  # those of X, X_val and y_val
    recommender.predict(X)
    assert work["from_weights"] == 1


@pytest.mark.parametrize(
    "augmenter",
    [RandomSequenceAugmenter(3, random_state=0), ASRePAugmenter(3, **TINY)],
    ids=lambda augmenter: type(augmenter).__name__,
)
def test_each_step_of_a_pipeline_encodes_once_per_call(augmenter, work):
    pipeline = Pipeline([("aug", augmenter), ("rec", SASRecEstimator(**TINY))]).fit(X)
    work.clear()
    score_in_four_blocks(pipeline, 30)
    assert work["from_weights"] == 1  # an augmenter's is there since `fit`
    assert work["_encode"] == 8
    assert work["_pack_ids"] == 0
