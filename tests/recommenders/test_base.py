import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.exceptions import NotFittedError

from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
    blocks,
)
from skdiffuasr.sequences import Sequences, make_roles
from tests.recommenders.table import (
    FITTED,
    ITEM_IDS,
    ROWS,
    UNKNOWN,
    TableRecommender,
    best_by_hand,
    scores_by_hand,
)

quick = settings(max_examples=60, deadline=None)


@quick
@given(ROWS)
def test_decision_function_scores_the_catalogue(rows):
    scores = FITTED.decision_function(rows)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, scores_by_hand(rows))


@quick
@given(ROWS)
def test_predict_takes_the_highest_score_and_then_the_lowest_id(rows):
    expected = [best_by_hand(row, ITEM_IDS)[0] for row in scores_by_hand(rows)]
    assert FITTED.predict(rows).tolist() == expected


def test_log_probabilities_are_the_softmax_of_the_scores():
    X = [[30], [10, 20]]
    expected = log_softmax(FITTED.decision_function(X).astype(np.float64), axis=1)
    found = FITTED.predict_log_proba(X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(FITTED.predict_proba(X), np.exp(found))


@pytest.mark.parametrize(
    "recommender", [TableRecommender(), PopularityRecommender(), MarkovRecommender()]
)
def test_without_known_items_the_probabilities_are_popularity(recommender):
    recommender.fit([["a", "b"], ["b", "c"]])
    expected = np.log([[2 / 7, 3 / 7, 2 / 7]])
    np.testing.assert_allclose(recommender.predict_log_proba([[]]), expected, rtol=1e-6)


def test_a_markov_chain_has_probabilities_already():
    recommender = MarkovRecommender().fit([ITEM_IDS, [10, 30]])
    scores = recommender.decision_function([[10], [50]])
    found = recommender.predict_proba([[10], [50]])
    np.testing.assert_allclose(found, scores, rtol=1e-5)


def test_of_the_items_that_are_read_the_last_counts():
    is_context = [False, True, False]
    X = Sequences([10, 20, 30], [0, 3], make_roles(is_context=is_context))
    scores = FITTED.decision_function(X)
    np.testing.assert_array_equal(scores, FITTED.decision_function([[20, 30]]))


def test_pseudo_items_behind_a_history_are_read():
    X = Sequences([10, 20, 30], [0, 3], make_roles(is_pseudo=[False, True, True]))
    scores = FITTED.decision_function(X)
    np.testing.assert_array_equal(scores, FITTED.decision_function([[10, 20, 30]]))


@pytest.mark.parametrize("block_bytes", [0, 4 * len(ITEM_IDS) * 2, 10**6])
def test_results_do_not_depend_on_the_size_of_blocks(monkeypatch, block_bytes):
    rows = [[], [10], [UNKNOWN], [20, 30], [60], []]
    expected = scores_by_hand(rows)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(blocks, "MIN_BLOCK_ROWS", 1)
    np.testing.assert_array_equal(FITTED.decision_function(rows), expected)
    best = [best_by_hand(row, ITEM_IDS)[0] for row in expected]
    assert FITTED.predict(rows).tolist() == best
    items, _ = FITTED.recommend(rows, k=1, filter_seen=False)
    assert items[:, 0].tolist() == best


@quick
@given(ROWS, st.randoms())
def test_a_row_is_scored_the_same_in_any_batch(rows, random):
    scores = FITTED.decision_function(rows)
    order = random.sample(range(len(rows)), random.randint(1, len(rows)))
    chosen = FITTED.decision_function([rows[row] for row in order])
    np.testing.assert_array_equal(chosen, scores[order])


def test_unknown_items_are_an_error_on_demand():
    strict = TableRecommender(unknown_items="error").fit([ITEM_IDS])
    strict.predict([[10], []])
    for method in (strict.decision_function, strict.predict, strict.recommend):
        with pytest.raises(ValueError, match=r"1 unknown item.*in row 1 of X: 99"):
            method([[10], [20, UNKNOWN]])


def test_score_is_the_mean_ndcg_of_the_targets():
    rows, targets = [[20], [30], [40]], [10, 60, UNKNOWN]
    gains = []
    for scores, target in zip(scores_by_hand(rows), targets, strict=True):
        if target == UNKNOWN:
            gains.append(0.0)
            continue
        own = scores[ITEM_IDS.index(target)]
        first = (scores > own).sum() + 1
        places = np.arange(first, first + (scores == own).sum())
        gains.append((1 / np.log2(1 + places)).mean())
    assert FITTED.score(rows, targets) == pytest.approx(np.mean(gains))
    weights = [1, 0, 3]
    expected = np.average(gains, weights=weights)
    assert FITTED.score(rows, targets, weights) == pytest.approx(expected)
    assert FITTED.score(rows, targets, sample_weight=weights) == pytest.approx(expected)


def test_a_rank_beyond_ten_scores_nothing():
    popular_first = [[item] * (20 - item) for item in range(12)]
    recommender = PopularityRecommender().fit(popular_first)
    assert recommender.score([[0]], [9]) == pytest.approx(1 / np.log2(11))
    assert recommender.score([[0]], [10]) == 0


def test_catalogue_and_counts():
    X = Sequences.from_iterable([["b", "a"], [], ["b"]]).prepend([["c"], ["a"], []])
    recommender = TableRecommender().fit(X)
    assert recommender.item_ids_.tolist() == ["a", "b", "c"]
    assert recommender.item_counts_.tolist() == [1, 2, 0]
    assert recommender.predict([["c"]]).dtype.kind == "U"


@pytest.mark.parametrize("rows", [[[]], [[], []]])
def test_there_must_be_an_item(rows):
    with pytest.raises(ValueError, match="Every history of X is empty"):
        TableRecommender().fit(rows)


def test_a_failed_fit_leaves_the_recommender_unfitted():
    recommender = PopularityRecommender()
    with pytest.raises(ValueError, match="Every history of X is empty"):
        recommender.fit([[]])
    with pytest.raises(NotFittedError):
        recommender.predict([[1]])
    recommender.fit([[3, 4], [4]])
    with pytest.raises(ValueError, match="Every history of X is empty"):
        recommender.fit([[]])
    with pytest.raises(NotFittedError):
        recommender.predict([[3]])


EVERY_RECOMMENDER = pytest.mark.parametrize(
    "recommender_class", [PopularityRecommender, MarkovRecommender, SASRecEstimator]
)


@EVERY_RECOMMENDER
@pytest.mark.parametrize("method", ["decision_function", "predict", "recommend"])
def test_a_recommender_must_be_fitted(recommender_class, method):
    with pytest.raises(NotFittedError):
        getattr(recommender_class(), method)([[1]])


@EVERY_RECOMMENDER
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ValueError, "0 sample"),
        (np.ones((3, 4), dtype=int), ValueError, r"array of shape \(3, 4\)"),
        ([[1, 2], [3, float("nan")]], ValueError, "Item 1 in row 1 of X is nan"),
        ([[1, 2.5]], TypeError, r"Item 1 in row 0 of X is 2\.5"),
        ([[1, "a"]], TypeError, "Item 1 in row 0 of X is 'a'"),
        ([1, 2], TypeError, "row 0 is 1"),
    ],
)
def test_bad_histories_are_refused(recommender_class, X, error, message):
    with pytest.raises(error, match=message):
        recommender_class().fit(X)


@EVERY_RECOMMENDER
def test_bad_parameters_are_refused(recommender_class):
    with pytest.raises(ValueError, match="'unknown_items' parameter"):
        recommender_class(unknown_items="drop").fit([[1, 2]])


def test_recommenders_take_one_dimensional_data():
    tags = FITTED.__sklearn_tags__()
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.estimator_type is None


def test_fitted_recommenders_can_be_pickled():
    copy = pickle.loads(pickle.dumps(MarkovRecommender().fit([ITEM_IDS])))
    assert copy.predict([[10]]).tolist() == [20]
