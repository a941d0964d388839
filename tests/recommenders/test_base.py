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
    base,
)
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.sequences import Sequences, make_roles

quick = settings(max_examples=60, deadline=None)

ITEM_IDS = [10, 20, 30, 40, 50, 60]
UNKNOWN = 99
ROWS = st.lists(st.lists(st.sampled_from([*ITEM_IDS, UNKNOWN]), max_size=4), min_size=1)


class TableRecommender(BaseRecommender):
    """Looks the scores up by the last item; there are many ties."""

    def __init__(self, unknown_items="ignore"):
        self.unknown_items = unknown_items

    def _fit(self, codes):
        n_items = len(self.item_ids_)
        rng = np.random.default_rng(0)
        self.table_ = rng.integers(3, size=(n_items, n_items)).astype(np.float32)

    def _score(self, codes):
        assert (codes.lengths > 0).all()
        return self.table_[codes.last()]


FITTED = TableRecommender().fit([ITEM_IDS, [10], [10, 30]])
COUNTS = [3, 1, 2, 1, 1, 1]


def scores_by_hand(rows):
    known = [[item for item in row if item in ITEM_IDS] for row in rows]
    return np.array(
        [FITTED.table_[ITEM_IDS.index(row[-1])] if row else COUNTS for row in known]
    )


def best_by_hand(scores, allowed):
    """Allowed items, best first, the lower id first where scores tie."""
    order = sorted(
        range(len(ITEM_IDS)), key=lambda code: (-scores[code], ITEM_IDS[code])
    )
    return [ITEM_IDS[code] for code in order if ITEM_IDS[code] in allowed]


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


@quick
@given(ROWS, st.integers(1, 2), st.booleans(), st.none() | st.permutations(ITEM_IDS))
def test_recommend_ranks_what_is_allowed(rows, k, filter_seen, candidates):
    if candidates is not None:
        candidates = candidates[:5] + candidates[:1]
    rows = [row[-3:] for row in rows]
    items, scores = FITTED.recommend(
        rows, k, filter_seen=filter_seen, candidates=candidates
    )
    for row, row_scores, found, values in zip(
        rows, scores_by_hand(rows), items.tolist(), scores, strict=True
    ):
        allowed = set(ITEM_IDS if candidates is None else candidates)
        allowed -= set(row) if filter_seen else set()
        assert found == best_by_hand(row_scores, allowed)[:k]
        codes = [ITEM_IDS.index(item) for item in found]
        np.testing.assert_array_equal(values, row_scores[codes])


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


def test_items_that_are_not_read_are_seen_and_the_last_is_read():
    is_context = [False, True, False]
    X = Sequences([10, 20, 30], [0, 3], make_roles(is_context=is_context))
    scores = FITTED.decision_function(X)
    np.testing.assert_array_equal(scores, FITTED.decision_function([[20, 30]]))
    items, _ = FITTED.recommend(X, k=3)
    assert sorted(items[0].tolist()) == [40, 50, 60]


def test_pseudo_items_are_not_seen():
    X = Sequences.from_iterable([[10]]).prepend([[20, 30]])
    items, _ = FITTED.recommend(X, k=5)
    assert set(items[0]) == {20, 30, 40, 50, 60}
    behind = Sequences([10, 20, 30], [0, 3], make_roles(is_pseudo=[False, True, True]))
    items, _ = FITTED.recommend(behind, k=5)
    assert set(items[0]) == {20, 30, 40, 50, 60}
    scores = FITTED.decision_function(behind)
    np.testing.assert_array_equal(scores, FITTED.decision_function([[10, 20, 30]]))


@pytest.mark.parametrize("block_bytes", [0, 4 * len(ITEM_IDS) * 2, 10**6])
def test_results_do_not_depend_on_the_size_of_blocks(monkeypatch, block_bytes):
    rows = [[], [10], [UNKNOWN], [20, 30], [60], []]
    expected = scores_by_hand(rows)
    monkeypatch.setattr(base, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(base, "MIN_BLOCK_ROWS", 1)
    np.testing.assert_array_equal(FITTED.decision_function(rows), expected)
    best = [best_by_hand(row, ITEM_IDS)[0] for row in expected]
    assert FITTED.predict(rows).tolist() == best
    items, _ = FITTED.recommend(rows, k=1, filter_seen=False)
    assert items[:, 0].tolist() == best


def test_errors_name_the_row_of_the_whole_batch(monkeypatch):
    monkeypatch.setattr(base, "BLOCK_BYTES", 0)
    monkeypatch.setattr(base, "MIN_BLOCK_ROWS", 1)
    with pytest.raises(ValueError, match=r"k=6, but only 5 items .* for row 2 after"):
        FITTED.recommend([[], [UNKNOWN], [20]], k=6)
    X = Sequences.from_iterable([[], [20]], user_ids=["ann", "bob"])
    with pytest.raises(ValueError, match=r"row 1, user 'bob', after .* smaller k"):
        FITTED.recommend(X, k=6)


@quick
@given(ROWS, st.randoms())
def test_a_row_is_scored_the_same_in_any_batch(rows, random):
    scores = FITTED.decision_function(rows)
    order = random.sample(range(len(rows)), random.randint(1, len(rows)))
    chosen = FITTED.decision_function([rows[row] for row in order])
    np.testing.assert_array_equal(chosen, scores[order])


@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (0, ValueError, "k == 0, must be >= 1"),
        (1.5, TypeError, "k must be an instance"),
    ],
)
def test_k_must_be_a_positive_integer(k, error, message):
    with pytest.raises(error, match=message):
        FITTED.recommend([[10]], k=k)


@pytest.mark.parametrize(
    ("k", "candidates", "n_left"), [(7, None, 5), (2, [10, 20], 1), (1, [], 0)]
)
def test_too_few_items_are_an_error(k, candidates, n_left):
    with pytest.raises(ValueError, match=f"k={k}, but only {n_left} items can be"):
        FITTED.recommend([[10]], k=k, candidates=candidates)


def test_candidates_must_be_known():
    with pytest.raises(ValueError, match="candidates has the item 7, which was not"):
        FITTED.recommend([[10]], candidates=[20, 7])
    with pytest.raises(TypeError, match="The candidates are of type str"):
        FITTED.recommend([[10]], candidates=["20"])


@pytest.mark.parametrize(
    ("candidates", "error", "message"),
    [
        ([[10, 20], [30, 40]], ValueError, r"Row 0 of candidates is \[10, 20\]"),
        (np.array([[10, 20]]), ValueError, r"candidates must be one-dimensional"),
        ([10, "20"], TypeError, "Row 1 of candidates is '20'"),
        ([10, True], TypeError, "Row 1 of candidates is True"),
        ([10, float("nan")], ValueError, "Row 1 of candidates is nan"),
        ([10.0], TypeError, "Row 0 of candidates is 10.0"),
        ("10", TypeError, "candidates must be a sequence of ids, got '10'"),
    ],
)
def test_candidates_are_never_cast(candidates, error, message):
    with pytest.raises(error, match=message):
        FITTED.recommend([[30]], k=1, candidates=candidates)


@pytest.mark.parametrize("convert", [tuple, np.array, iter])
def test_candidates_may_be_any_sequence(convert):
    items, _ = FITTED.recommend([[30]], k=2, candidates=convert([20, 10]))
    assert set(items[0].tolist()) == {10, 20}


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
