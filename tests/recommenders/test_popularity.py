from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.recommenders import PopularityRecommender
from skdiffuasr.sequences import Sequences

quick = settings(max_examples=60, deadline=None)

ROWS = st.lists(st.lists(st.integers(-4, 4), max_size=6), min_size=1).filter(any)


@quick
@given(ROWS)
def test_scores_are_counts(rows):
    counts = Counter(item for row in rows for item in row)
    recommender = PopularityRecommender().fit(rows)
    assert recommender.item_ids_.tolist() == sorted(counts)
    expected = [counts[item] for item in sorted(counts)]
    scores = recommender.decision_function([[], [min(counts)], [99]])
    np.testing.assert_array_equal(scores, [expected] * 3)


def test_pseudo_items_are_in_the_catalogue_but_not_counted():
    X = Sequences.from_iterable([["b"], ["b", "a"]]).prepend([["z", "a"], ["z"]])
    recommender = PopularityRecommender().fit(X)
    assert recommender.item_ids_.tolist() == ["a", "b", "z"]
    assert recommender.item_counts_.tolist() == [1, 2, 0]
    assert recommender.predict([["z"]]).tolist() == ["b"]


def test_recommendations_are_the_most_popular_items_not_seen():
    recommender = PopularityRecommender().fit([[1, 2, 3], [2, 3], [3]])
    items, scores = recommender.recommend([[3], [1]], k=2)
    assert items.tolist() == [[2, 1], [3, 2]]
    assert scores.tolist() == [[2, 1], [3, 2]]


def test_score_is_that_of_the_mean_rank_by_popularity():
    recommender = PopularityRecommender().fit([[1, 2, 3], [2, 3], [3]])
    score = recommender.score([[1], [1], [1]], y=[3, 2, 9])
    assert np.isclose(score, (1 + 1 / np.log2(3) + 0) / 3)
