"""Pseudo items in neural recommenders: told apart, gated, left out, averaged."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    BERT4RecEstimator,
    CL4SRecEstimator,
    GRU4RecEstimator,
    RandomAugmenter,
    S3RecEstimator,
    SASRecEstimator,
)
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.nn import pseudo_items
from skdiffuasr.nn.causal import CausalNetwork
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import MarkovRecommender, PopularityRecommender
from skdiffuasr.recommenders.neural import BaseNeuralRecommender
from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.training.histories import HistoryBatches
from tests.recommenders.circle import CIRCLE, N_ITEMS, TINY

SHORT = {**TINY, "max_epochs": 2, "dropout": 0.1}
every_network = pytest.mark.parametrize(
    "recommender",
    [
        SASRecEstimator(**SHORT),
        GRU4RecEstimator(**SHORT, n_layers=2),
        BERT4RecEstimator(**SHORT),
        CL4SRecEstimator(**SHORT),
        S3RecEstimator(**SHORT, pretraining_epochs=2),
    ],
    ids=lambda recommender: type(recommender).__name__,
)
X = Sequences.from_iterable(CIRCLE)
PREFIXED = RandomAugmenter(2, n_variants=3, random_state=0).fit_transform(X)


def pseudo_weights(recommender):
    return [name for name in recommender.weights_ if name.startswith("pseudo_items.")]


def assert_same_weights(first, second):
    assert list(first.weights_) == list(second.weights_)
    for name, array in first.weights_.items():
        np.testing.assert_array_equal(array, second.weights_[name], err_msg=name)


def close(recommender):
    weights = {name: array.copy() for name, array in recommender.weights_.items()}
    weights["pseudo_items.bias"][:] = -1e4
    recommender.weights_ = weights
    return recommender


@every_network
def test_without_pseudo_items_there_is_no_gate(recommender):
    gated = clone(recommender).fit(X)
    assert not pseudo_weights(gated)
    assert not gated.reads_pseudo_items_
    assert_same_weights(
        gated, clone(recommender).set_params(pseudo_item_gate=False).fit(X)
    )


@every_network
def test_with_pseudo_items_a_network_is_trained_and_stored(recommender, tmp_path):
    recommender = clone(recommender).fit(PREFIXED)
    assert len(pseudo_weights(recommender)) == 3
    assert recommender.reads_pseudo_items_
    scores = recommender.decision_function(PREFIXED.variants[0])
    save(recommender, tmp_path / "model")
    for stored in (
        load(tmp_path / "model"),
        pickle.loads(pickle.dumps(recommender)),
    ):
        actual = stored.decision_function(PREFIXED.variants[0])
        np.testing.assert_array_equal(actual, scores)
    module = recommender.to_module()
    assert module.pseudo_offset == N_ITEMS


@every_network
def test_closed_a_prefix_changes_no_score(recommender):
    recommender = close(clone(recommender).fit(PREFIXED))
    scores = recommender.decision_function(PREFIXED.variants[0])
    np.testing.assert_allclose(scores, recommender.decision_function(X), atol=1e-5)


@pytest.mark.parametrize("estimator", [SASRecEstimator, GRU4RecEstimator])
def test_closed_training_learns_what_it_learns_without_a_prefix(estimator):
    recommender = close(estimator(**SHORT).fit(PREFIXED))
    module = recommender.to_module()
    rows = np.arange(len(X))
    first = PREFIXED.variants[0]
    with_prefix = HistoryBatches(first, 1, pseudo_offset=N_ITEMS).pad(rows)
    without = HistoryBatches(X, 1).pad(rows)
    torch.testing.assert_close(
        recommender._loss(module, *with_prefix), recommender._loss(module, *without)
    )


@every_network
def test_a_network_learns_what_a_prefix_is_good_for(recommender, monkeypatch):
    """The bias starts higher than by default, for the sake of few epochs."""
    monkeypatch.setattr(pseudo_items, "INITIAL_BIAS", 0.0)
    rows = [["start", "left"], ["start", "right"]] * 8
    X = Sequences.from_iterable(rows).prepend([["a"], ["b"]] * 8)
    parameters = {**TINY, "n_layers": 1, "weight_decay": 0.0}
    recommender = clone(recommender).set_params(**parameters).fit(X)
    asked = Sequences.from_iterable([["start"]] * 2).prepend([["a"], ["b"]])
    assert recommender.predict(asked).tolist() == ["left", "right"]


@every_network
def test_pseudo_items_that_training_had_not_are_left_out(recommender):
    recommender = clone(recommender).fit(X)
    expected = recommender.decision_function(X)
    first = PREFIXED.variants[0]
    np.testing.assert_array_equal(recommender.decision_function(first), expected)
    alone = first.drop_last(5)  # nothing is left
    counts = recommender.decision_function([[]])
    np.testing.assert_array_equal(
        recommender.decision_function(alone), np.repeat(counts, len(alone), axis=0)
    )


@every_network
def test_without_a_gate_pseudo_items_are_read_like_observed_ones(recommender):
    recommender = clone(recommender).set_params(pseudo_item_gate=False).fit(PREFIXED)
    assert not pseudo_weights(recommender)
    first = PREFIXED.variants[0]
    np.testing.assert_array_equal(
        recommender.decision_function(first),
        recommender.decision_function(first.to_lists()),
    )


def test_validation_leaves_them_out_as_prediction_does():
    settings = {**SHORT, "early_stopping": True}
    X_val, y_val = X.drop_last(), X.last()
    expected, actual = (
        SASRecEstimator(**settings).fit(X, X_val=histories, y_val=y_val)
        for histories in (X_val, X_val.prepend(np.zeros((len(X), 2), dtype=int)))
    )
    assert actual.validation_scores_ == expected.validation_scores_


def test_the_gate_is_fixed_by_fit():
    recommender = SASRecEstimator(**SHORT).fit(PREFIXED)
    recommender.set_params(pseudo_item_gate=False)
    with pytest.raises(ValueError, match="pseudo_item_gate=False, but"):
        recommender.predict(X)


class MeanOfItems(CausalNetwork):
    """A network that cannot tell pseudo items."""

    def __init__(self, n_items):
        super().__init__()
        self.item_embedding = torch.nn.Embedding(n_items, 4)

    def forward(self, items, lengths, is_wanted=None):
        steps = torch.arange(1, items.shape[1] + 1)[:, None]
        hidden = self.item_embedding(items).cumsum(dim=1) / steps
        return hidden if is_wanted is None else hidden[is_wanted]


def test_a_network_that_cannot_tell_them_reads_their_codes():
    class MeanRecommender(BaseNeuralRecommender):
        def _build_module(self, n_items):
            return MeanOfItems(n_items)

    recommender = MeanRecommender(max_epochs=1, random_state=0).fit(PREFIXED)
    first = PREFIXED.variants[0]
    np.testing.assert_array_equal(
        recommender.decision_function(first),
        recommender.decision_function(first.to_lists()),
    )


# Several variants at prediction.


@pytest.mark.parametrize(
    "recommender",
    [
        SASRecEstimator(**SHORT),
        BERT4RecEstimator(**SHORT),
        MarkovRecommender(),
        PopularityRecommender(),
    ],
    ids=lambda recommender: type(recommender).__name__,
)
def test_log_probabilities_are_averaged_over_variants(recommender):
    recommender = clone(recommender).fit(PREFIXED)
    empty = Sequences.from_iterable([[]])
    variants = [
        Sequences.from_iterable([*variant.to_lists(), []])
        for variant in PREFIXED.variants
    ]
    several = SequenceVariants(variants)
    each = [recommender.predict_log_proba(variant) for variant in variants]
    expected = log_softmax(np.mean(each, axis=0), axis=1)
    np.testing.assert_allclose(
        recommender.predict_log_proba(several), expected, atol=1e-5
    )
    scores = recommender.decision_function(several)
    np.testing.assert_array_equal(scores, recommender.predict_log_proba(several))
    np.testing.assert_allclose(
        scores[-1:], recommender.predict_log_proba(empty), atol=1e-6
    )
    np.testing.assert_allclose(recommender.predict_proba(several).sum(axis=1), 1, 1e-5)
    best = recommender.item_ids_[scores.argmax(axis=1)]
    np.testing.assert_array_equal(recommender.predict(several), best)
    items, top = recommender.recommend(several, 1, filter_seen=False)
    np.testing.assert_array_equal(items[:, 0], best)
    np.testing.assert_array_equal(top[:, 0], scores.max(axis=1))
    part = recommender.decision_function(several[3:5])
    np.testing.assert_allclose(part, scores[3:5], atol=1e-5)


def test_what_the_first_variant_has_observed_is_seen():
    recommender = SASRecEstimator(**SHORT).fit(PREFIXED)
    items, _ = recommender.recommend(PREFIXED, 3)
    for row, recommended in zip(CIRCLE, items, strict=True):
        assert not {*row} & {*recommended.tolist()}


def test_the_scorer_takes_variants_block_by_block():
    recommender = SASRecEstimator(**SHORT).fit(PREFIXED)
    y = (X.last() + 1) % N_ITEMS
    whole = NextItemScorer().per_user(recommender, PREFIXED, y)["rank"]
    blocks = NextItemScorer(block_size=3).per_user(recommender, PREFIXED, y)["rank"]
    np.testing.assert_array_equal(blocks, whole)
    scores = recommender.decision_function(PREFIXED)
    ranks = (scores > scores[np.arange(len(y)), y][:, None]).sum(axis=1) + 1
    np.testing.assert_array_equal(whole, ranks)


def test_a_pipeline_averages_over_what_its_augmenter_makes():
    augmenter = RandomAugmenter(2, n_prediction_variants=3, random_state=0)
    pipeline = Pipeline([("aug", augmenter), ("rec", SASRecEstimator(**SHORT))])
    scores = pipeline.fit(X).decision_function(X)
    variants = pipeline[:-1].transform(X).variants
    assert len(variants) == 3
    each = [pipeline[-1].predict_log_proba(variant) for variant in variants]
    np.testing.assert_allclose(
        scores, log_softmax(np.mean(each, axis=0), axis=1), atol=1e-5
    )
