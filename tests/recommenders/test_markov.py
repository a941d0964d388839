import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.augmentation import RepeatedPaddingAugmenter
from skdiffuasr.recommenders import MarkovRecommender
from skdiffuasr.sequences import Sequences, make_roles

quick = settings(max_examples=60, deadline=None)

ROWS = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=6)


@st.composite
def histories(draw):
    X = Sequences.from_iterable(draw(ROWS.filter(any)))
    return X.prepend(
        draw(
            st.lists(
                st.lists(st.integers(0, 7), max_size=3),
                min_size=len(X),
                max_size=len(X),
            )
        )
    )


def scores_by_hand(X, smoothing):
    """Smoothed transition probabilities, counted one transition at a time."""
    item_ids = np.unique(X.values).tolist()
    n = len(item_ids)
    transitions, counts = np.zeros((n, n)), np.zeros(n)
    for row, m in zip(X.to_lists(), X.n_pseudo, strict=True):
        for position, item in enumerate(row):
            if position < m:
                continue
            counts[item_ids.index(item)] += 1
            if position > 0:
                before = item_ids.index(row[position - 1])
                transitions[before, item_ids.index(item)] += 1
    prior = smoothing * counts / counts.sum()
    total = transitions.sum(axis=1, keepdims=True) + smoothing
    return item_ids, transitions, (transitions + prior) / total


@quick
@given(histories(), st.sampled_from([0.1, 1.0, 10.0]))
def test_scores_are_smoothed_transition_probabilities(X, smoothing):
    item_ids, transitions, expected = scores_by_hand(X, smoothing)
    recommender = MarkovRecommender(smoothing=smoothing).fit(X)
    assert recommender.item_ids_.tolist() == item_ids
    counts = recommender.transition_counts_
    np.testing.assert_array_equal(counts.toarray(), transitions)
    scores = recommender.decision_function([[item_ids[0], item] for item in item_ids])
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


def test_masks_say_which_transitions_count():
    X = [["a", "b", "c"]] * 5 + [["c", "d"]] * 2
    augmented = RepeatedPaddingAugmenter(9, random_state=0).fit_transform(X)
    recommender = MarkovRecommender().fit(augmented)
    assert recommender.predict([["c"]]).tolist() == ["d"]
    # 3 is learned after 2 and skipped, then 2 after 2; 1 is not learned.
    roles = make_roles(
        is_pseudo=[True, True, True, True, False],
        is_target=[True, False, True, True, False],
        is_context=[True, True, False, True, True],
    )
    X = Sequences([1, 2, 3, 2, 1], [0, 5], roles)
    counts = MarkovRecommender().fit(X).transition_counts_.toarray()
    assert counts.tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_transitions_lead_from_pseudo_items_but_not_to_them():
    X = Sequences.from_iterable([["a", "b"]]).prepend([["x", "y"]])
    recommender = MarkovRecommender().fit(X)
    transitions = recommender.transition_counts_.tocoo()
    found = recommender.item_ids_[np.stack([transitions.row, transitions.col], axis=1)]
    assert found.tolist() == [["a", "b"], ["y", "a"]]


def test_transitions_do_not_cross_rows():
    recommender = MarkovRecommender().fit([[1, 2], [3, 4]])
    assert recommender.transition_counts_.toarray().nonzero()[0].tolist() == [0, 2]


def test_items_without_successor_are_followed_by_popularity():
    recommender = MarkovRecommender().fit([[1, 2], [1, 2], [2, 9]])
    scores = recommender.decision_function([[9]])
    np.testing.assert_allclose(scores, [[2 / 6, 3 / 6, 1 / 6]], rtol=1e-6)


def test_only_the_last_known_item_counts():
    recommender = MarkovRecommender().fit([["a", "b", "c"], ["c", "a"]])
    rows = [["a"], ["c", "b", "a"], ["a", "unknown"]]
    scores = recommender.decision_function(rows)
    np.testing.assert_array_equal(scores[1:], scores[[0, 0]])


@pytest.mark.parametrize("smoothing", [0, -1.0, "much"])
def test_smoothing_must_be_positive(smoothing):
    with pytest.raises(ValueError, match="'smoothing' parameter of Markov"):
        MarkovRecommender(smoothing=smoothing).fit([[1, 2]])
