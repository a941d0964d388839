import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    label_ranking_average_precision_score,
    ndcg_score,
    precision_score,
    recall_score,
    top_k_accuracy_score,
)

from skdiffuasr.metrics import (
    hit_rate_at_k,
    ndcg_at_k,
    parse_metric,
    reciprocal_rank,
    target_ranks,
)


@pytest.fixture
def case():
    """Untied scores, their targets, and the targets as indicators."""
    rng = np.random.default_rng(0)
    scores = rng.permuted(np.tile(np.arange(20.0), (60, 1)), axis=1)
    targets = np.concatenate([np.arange(20), rng.integers(20, size=40)])
    return scores, targets, np.eye(20)[targets]


@pytest.mark.parametrize("k", [1, 3, 10, 20])
def test_ndcg_agrees_with_sklearn(case, k):
    scores, targets, relevance = case
    ours = ndcg_at_k(target_ranks(scores, targets), k).mean()
    assert ours == pytest.approx(ndcg_score(relevance, scores, k=k))


@pytest.mark.parametrize("k", [1, 3, 10])
def test_hit_rate_agrees_with_sklearn(case, k):
    scores, targets, _ = case
    ours = hit_rate_at_k(target_ranks(scores, targets), k).mean()
    assert ours == pytest.approx(top_k_accuracy_score(targets, scores, k=k))


def test_reciprocal_rank_agrees_with_sklearn(case):
    scores, targets, relevance = case
    ours = reciprocal_rank(target_ranks(scores, targets)).mean()
    expected = label_ranking_average_precision_score(relevance.astype(int), scores)
    assert ours == pytest.approx(expected)


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 15))
def test_metrics_are_ordered_and_grow_with_k(ranks, k):
    ranks = np.array(ranks, dtype=float)
    for metric in (ndcg_at_k, hit_rate_at_k, reciprocal_rank):
        assert (metric(ranks, k) <= metric(ranks, k + 1)).all()
    assert (reciprocal_rank(ranks, k) <= ndcg_at_k(ranks, k)).all()
    assert (ndcg_at_k(ranks, k) <= hit_rate_at_k(ranks, k)).all()


@pytest.mark.parametrize("metric", ["ndcg@1", "hr@1", "mrr@1", "mrr"])
def test_best_and_worst_values(metric):
    _, function = parse_metric(metric)
    np.testing.assert_array_equal(function(np.array([1.0, np.inf])), [1, 0])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_precision_and_recall_agree_with_sklearn(k):
    """Ten items, of which the target has the given rank; the first k are predicted."""
    for rank in range(1, 11):
        is_target, is_predicted = np.arange(10) == rank - 1, np.arange(10) < k
        for name, oracle in (("precision", precision_score), ("recall", recall_score)):
            expected = oracle(is_target, is_predicted, zero_division=0)
            assert parse_metric(f"{name}@{k}")[1]([rank]) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("ndcg@2", [1 / np.log2(3), 0]),
        ("hr@2", [1, 0]),
        ("recall@2", [1, 0]),
        ("precision@2", [1 / 2, 0]),
        ("mrr@2", [1 / 2, 0]),
        ("map@2", [1 / 2, 0]),
        ("mrr", [1 / 2, 1 / 3]),
    ],
)
def test_parsed_metrics_by_hand(metric, expected):
    name, function = parse_metric(metric)
    assert name == metric
    np.testing.assert_allclose(function(np.array([2.0, 3.0])), expected)


def test_parsed_metrics_can_be_pickled():
    function = pickle.loads(pickle.dumps(parse_metric("ndcg@3")[1]))
    assert function(np.array([1.0])) == [1]


@pytest.mark.parametrize(
    "metric",
    ["ndcg", "recall", "ndcg@0", "ndcg@-1", "ndcg@1.5", "NDCG@10", "maps", "", 10],
)
def test_unknown_metrics_name_the_accepted_forms(metric):
    with pytest.raises(ValueError, match="accepted are 'ndcg@k', 'hr@k', 'recall@k'"):
        parse_metric(metric)
