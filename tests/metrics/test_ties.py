from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import ndcg_score

from skdiffuasr.metrics import (
    NextItemScorer,
    TargetRanks,
    hit_rate_at_k,
    ndcg_at_k,
    parse_metric,
    reciprocal_rank,
    target_ranks,
)
from skdiffuasr.metrics.ties import as_target_ranks
from skdiffuasr.recommenders import PopularityRecommender

#: What a target in a place (from 1) is worth.
VALUES = {
    "ndcg": lambda place: 1 / np.log2(1 + place),
    "hr": lambda place: 1.0,
    "mrr": lambda place: 1 / place,
    "map": lambda place: 1 / place,
}

# Few levels, so that most items tie.
SCORES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 6)),
    elements=st.sampled_from([0.0, 0.5, 1.0]),
)


def brute_force(scores, target, metric, k):
    """Mean of a metric over all orders of the items that agree with the scores."""
    values = []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            place = order.index(target) + 1
            values.append(VALUES[metric](place) if place <= k else 0.0)
    return np.mean(values)


@pytest.mark.parametrize("metric", VALUES)
@given(scores=SCORES, k=st.integers(1, 7), data=st.data())
def test_metrics_are_means_over_the_orders_of_ties(metric, scores, k, data):
    n, n_items = scores.shape
    targets = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, n_items - 1)))
    values = parse_metric(f"{metric}@{k}")[1](target_ranks(scores, targets))
    expected = [
        brute_force(row, target, metric, k)
        for row, target in zip(scores, targets, strict=True)
    ]
    np.testing.assert_allclose(values, expected)


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(2, 40)))
    .map(lambda scores: scores % 4)
    .map(np.float64),
    st.integers(1, 45),
    st.data(),
)
def test_ndcg_agrees_with_sklearn_at_ties(scores, k, data):
    n, n_items = scores.shape
    targets = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, n_items - 1)))
    relevance = np.eye(n_items)[targets]
    ours = ndcg_at_k(target_ranks(scores, targets), k).mean()
    assert ours == pytest.approx(ndcg_score(relevance, scores, k=k))


@pytest.mark.parametrize(
    ("n_items", "hit_rate", "ndcg"),
    [(19, 10 / 19, 0.239), (20, 0.5, 0.227), (1_000, 0.01, 0.00454)],
)
def test_constant_model_has_the_metrics_of_chance(n_items, hit_rate, ndcg):
    ranks = target_ranks(np.zeros((1, n_items)), np.array([3]))
    assert hit_rate_at_k(ranks, 10)[0] == pytest.approx(hit_rate)
    assert ndcg_at_k(ranks, 10)[0] == pytest.approx(ndcg, rel=2e-3)
    assert reciprocal_rank(ranks)[0] == pytest.approx(
        (1 / np.arange(1, n_items + 1)).mean()
    )


def test_two_tied_items_share_the_first_place():
    ranks = target_ranks(np.array([[1.0, 1.0, 0.0]]), np.array([1]))
    for metric in (hit_rate_at_k, ndcg_at_k, reciprocal_rank):
        assert metric(ranks, 1) == [0.5]


def test_scorer_and_its_groups_count_ties_by_the_expected_metric():
    recommender = PopularityRecommender().fit([[item] for item in range(20)])
    X, y = [[0], [1, 2, 3], [4]], [5, 6, 7]
    scorer = NextItemScorer(("hr@10", "map@10"), length_bins=(1,))
    scores = scorer(recommender, X, y)
    mean_gain = (1 / np.arange(1, 11)).sum() / 20
    for group in ("", "[<=1]", "[>1]"):
        assert scores[f"hr@10{group}"] == pytest.approx(0.5)
        assert scores[f"map@10{group}"] == pytest.approx(mean_gain)


def test_sampled_negatives_that_tie_share_the_places():
    recommender = PopularityRecommender().fit([[item] for item in range(30)])
    scorer = NextItemScorer(("hr@10",), n_negatives=19)
    assert scorer(recommender, [[0]], [5]) == {"hr@10/neg19": pytest.approx(0.5)}


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=5
    )
)
def test_a_metric_of_tied_ranks_lies_between_those_of_the_ends(places):
    n_above, n_level = np.array(places).T
    ranks = TargetRanks(n_above, n_level)
    for metric in (ndcg_at_k, hit_rate_at_k, reciprocal_rank):
        best = metric(TargetRanks(n_above, np.zeros_like(n_level)), 20)
        worst = metric(TargetRanks(n_above + n_level, np.zeros_like(n_level)), 20)
        values = metric(ranks, 20)
        assert (worst <= values + 1e-12).all()
        assert (values <= best + 1e-12).all()


def test_a_miss_is_worth_nothing_whatever_ties():
    ranks = TargetRanks([np.inf, np.inf], [0, 7])
    assert ranks.expected.tolist() == [np.inf, np.inf]
    for metric in (ndcg_at_k, hit_rate_at_k, reciprocal_rank):
        assert metric(ranks, 10).tolist() == [0, 0]
    assert reciprocal_rank(ranks).tolist() == [0, 0]


def test_ranks_are_selected_and_joined():
    ranks = TargetRanks([0, 5, np.inf], [2, 0, 0])
    joined = TargetRanks.concatenate([ranks[:1], ranks[[1, 2]]])
    assert len(joined) == 3
    np.testing.assert_array_equal(joined.expected, [2, 6, np.inf])
    np.testing.assert_array_equal(ranks[np.array([False, True, False])].n_above, [5])


def test_ranks_are_equal_if_both_numbers_are():
    ranks = TargetRanks([0, np.inf], [2, 0])
    assert ranks == TargetRanks([0.0, np.inf], [2, 0])
    assert ranks != TargetRanks([0, np.inf], [1, 0])
    assert ranks != TargetRanks([1, np.inf], [2, 0])
    assert ranks != "ranks"


@pytest.mark.parametrize("ranks", [[1.5], [0], [-np.inf], [np.nan], [[1, 2]]])
def test_a_mean_rank_is_not_taken_for_a_rank(ranks):
    with pytest.raises(ValueError, match="whole numbers from 1 and inf for a miss"):
        as_target_ranks(ranks)


def test_both_counts_have_one_dtype_whatever_is_given():
    given = np.array([1, 2], dtype=np.int32)
    ranks = TargetRanks(n_above=given, n_level=given.astype(np.uint8))
    assert ranks.n_above.dtype == np.float64
    assert ranks.n_level.dtype == np.int64
