from itertools import combinations

import numpy as np
import pytest

from skdiffuasr import MarkovRecommender, PopularityRecommender
from skdiffuasr.metrics import NextItemScorer, make_next_item_scorer
from skdiffuasr.metrics.lists import ListMetric, best_items
from skdiffuasr.sequences import Sequences

HISTORIES = Sequences.from_iterable([[0, 1, 1], [0, 1, 2], [2], [3]])


def diversity_by_pairs(row, histories):
    """One minus the mean cosine of the sets of users that have the items."""
    owners = {
        item: {user for user, items in enumerate(histories) if item in items}
        for item in row
    }
    cosines = [
        len(owners[a] & owners[b]) / np.sqrt(len(owners[a]) * len(owners[b]))
        if owners[a] and owners[b]
        else 0.0
        for a, b in combinations(row, 2)
    ]
    return 1 - np.mean(cosines) if cosines else 0.0


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_diversity_agrees_with_a_loop_over_pairs(k):
    rng = np.random.default_rng(0)
    histories = Sequences.from_iterable(
        [rng.integers(0, 12, size=rng.integers(1, 9)) for _ in range(30)]
    )
    lists = np.array([rng.permutation(14)[:4] for _ in range(20)])
    found = ListMetric("diversity", k).per_user(lists, np.ones(14, int), histories)
    expected = [diversity_by_pairs(row[:k], histories.to_lists()) for row in lists]
    np.testing.assert_allclose(found, expected)


def test_lists_by_hand():
    lists = np.array([[0, 1, 4], [2, 3, -1], [-1, -1, -1]])
    counts = np.array([2, 2, 2, 1, 0])  # the last counts as met once: 8 in all
    novelty = ListMetric("novelty", 3).per_user(lists, counts, HISTORIES)
    np.testing.assert_allclose(novelty, [(2 + 2 + 3) / 3, 2.5, 0])
    diversity = ListMetric("diversity", 3).per_user(lists, counts, HISTORIES)
    np.testing.assert_allclose(diversity, [1 - 1 / 3, 1, 0])
    assert ListMetric("coverage", 3).coverage(lists, 5) == 1
    assert ListMetric("coverage", 1).coverage(lists, 5) == pytest.approx(2 / 5)
    assert ListMetric("coverage", 1).per_user(lists, counts, HISTORIES) is None


def test_the_best_items_leave_out_what_was_seen():
    scores = np.array([[1.0, 3.0, 3.0, -np.inf], [4.0, 3.0, 2.0, 1.0]])
    seen = Sequences.from_iterable([[0], [1, 0]])
    assert best_items(scores, None, 3).tolist() == [[1, 2, 0], [0, 1, 2]]
    assert best_items(scores, seen, 3).tolist() == [[1, 2, -1], [2, 3, -1]]
    assert best_items(scores, None, 5).tolist()[1] == [0, 1, 2, 3, -1]
    assert scores[0, 0] == 1.0


@pytest.mark.parametrize("filter_seen", [False, True])
def test_a_scorer_agrees_with_recommend(filter_seen):
    rng = np.random.default_rng(1)
    X = Sequences.from_iterable([rng.permutation(20)[:6] + 100 for _ in range(40)])
    model = MarkovRecommender().fit(X)
    y = rng.integers(100, 120, size=40)
    names = ("coverage@3", "novelty@3", "diversity@3", "recall@5", "hr@5")
    scorer = NextItemScorer(names, filter_seen=filter_seen, length_bins=(3,))
    scores = scorer(model, X, y)
    lists = model.recommend(X, 3, filter_seen=filter_seen)[0]
    shares = dict(
        zip(model.item_ids_, model.item_counts_ / model.item_counts_.sum(), strict=True)
    )
    assert scores["coverage@3"] == len(np.unique(lists)) / 20
    assert scores["coverage@3[>3]"] == scores["coverage@3"]
    assert np.isnan(scores["coverage@3[<=3]"])
    expected = np.mean([-np.log2(shares[item]) for item in lists.ravel()])
    assert scores["novelty@3"] == pytest.approx(expected)
    expected = np.mean([diversity_by_pairs(row, X.to_lists()) for row in lists])
    assert scores["diversity@3"] == pytest.approx(expected)
    assert scores["recall@5"] == scores["hr@5"]
    per_user = scorer.per_user(model, X, y)
    assert list(per_user) == ["rank", *names[1:]]
    blocks = NextItemScorer(names, filter_seen=filter_seen, block_size=7)
    assert blocks(model, X, y).items() <= scores.items()
    only_first = scorer(model, X, y, sample_weight=[1.0] + 39 * [0.0])
    assert only_first["coverage@3"] == 3 / 20


def test_popular_lists_are_alike_and_not_novel():
    X = Sequences.from_iterable([[1, 2, 3, 4], [1, 2, 3], [1, 2], [1]])
    model = PopularityRecommender().fit(X)
    scorer = make_next_item_scorer("novelty@1")
    assert scorer(model, X, [1, 1, 1, 1]) == pytest.approx(-np.log2(4 / 10))
    assert make_next_item_scorer("coverage@1")(model, X, [1, 1, 1, 1]) == 0.25


def test_lists_are_not_drawn_from_negatives():
    with pytest.raises(ValueError, match=r"novelty@5 is of lists .* n_negatives=3"):
        NextItemScorer(("novelty@5",), n_negatives=3).check_parameters()


@pytest.mark.parametrize("name", ["coverage", "novelty@0", "diversity@x"])
def test_lists_have_a_length(name):
    with pytest.raises(ValueError, match=r"Unknown metric .* 'novelty@k'"):
        NextItemScorer((name,)).check_parameters()
