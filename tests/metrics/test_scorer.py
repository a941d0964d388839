import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdiffuasr.metrics import (
    NextItemScorer,
    hit_rate_at_k,
    make_next_item_scorer,
    mask_seen,
    ndcg_at_k,
    paired_bootstrap,
    reciprocal_rank,
    target_ranks,
)
from skdiffuasr.metrics import score_blocks as blocks_module
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences

SKLEARN_VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


class BigramRecommender(BaseEstimator):
    """Scores items by how often they follow the last one, with smoothing."""

    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing

    def fit(self, X, y=None, sample_weight=None):
        X = check_sequences(X)
        self.item_ids_, self.item_counts_ = np.unique(X.values, return_counts=True)
        self.follows_ = np.zeros((len(self.item_ids_),) * 2)
        for row in encode_sequences(X, self.item_ids_):
            np.add.at(self.follows_, (row[:-1], row[1:]), 1.0)
        self.largest_batch_ = 0
        return self

    def decision_function(self, X):
        self.largest_batch_ = max(self.largest_batch_, len(X))
        last = encode_items(check_sequences(X, min_length=1).last(), self.item_ids_)
        known = (last >= 0)[:, np.newaxis]
        popularity = self.smoothing * self.item_counts_
        return np.where(known, self.follows_[last], 0.0) + popularity


def make_log(n=90, n_items=40, seed=0, as_id=int):
    """Histories that walk around a circle of items, and the next step."""
    rng = np.random.default_rng(seed)
    rows = []
    for length in rng.integers(1, 30, size=n):
        steps = rng.integers(1, 4, size=length + 1)
        walk = (rng.integers(n_items) + np.cumsum(steps)) % n_items
        rows.append([as_id(10 * item) for item in walk])
    X = Sequences.from_iterable([row[:-1] for row in rows])
    return X, np.array([row[-1] for row in rows])


@pytest.fixture
def log():
    return make_log()


@pytest.fixture
def model(log):
    return BigramRecommender().fit(log[0])


def full_ranks(model, X, y):
    return target_ranks(model.decision_function(X), encode_items(y, model.item_ids_))


def test_scores_are_means_of_the_metrics(model, log):
    ranks = full_ranks(model, *log)
    assert NextItemScorer()(model, *log) == {
        "ndcg@10": pytest.approx(ndcg_at_k(ranks, 10).mean()),
        "hr@10": pytest.approx(hit_rate_at_k(ranks, 10).mean()),
        "mrr": pytest.approx(reciprocal_rank(ranks).mean()),
    }


def test_a_good_model_beats_chance(model, log):
    scorer = NextItemScorer(["hr@3"])
    values = scorer.per_user(model, *log)["hr@3"]
    result = paired_bootstrap(values, np.full(len(values), 3 / 40), random_state=0)
    assert result.low > 0


def test_per_user_values_follow_the_ranks(model, log):
    values = NextItemScorer(["hr@5", "mrr"]).per_user(model, *log)
    assert list(values) == ["rank", "hr@5", "mrr"]
    ranks = full_ranks(model, *log)
    np.testing.assert_array_equal(values["rank"], ranks.expected)
    np.testing.assert_array_equal(values["mrr"], reciprocal_rank(ranks))


@pytest.mark.parametrize("as_id", [int, str])
def test_ids_are_opaque(as_id):
    X, y = make_log(as_id=as_id)
    expected = NextItemScorer()(BigramRecommender().fit(make_log()[0]), *make_log())
    scores = NextItemScorer()(BigramRecommender().fit(X), X.to_lists(), y.tolist())
    # Ids sort differently as strings, which leaves every rank as it was.
    assert scores == pytest.approx(expected)


@settings(max_examples=20)
@given(st.integers(1, 100), st.booleans(), st.sampled_from([None, 5]))
def test_block_size_changes_nothing(block_size, filter_seen, n_negatives):
    X, y = make_log(n=40, n_items=60)
    model = BigramRecommender().fit(X)
    options = {"filter_seen": filter_seen, "n_negatives": n_negatives}
    blocks = NextItemScorer(block_size=block_size, **options)
    whole = NextItemScorer(block_size=40, **options)
    assert blocks(model, X, y) == whole(model, X, y)


@pytest.mark.parametrize(("block_bytes", "n_rows"), [(0, 7), (4 * 40 * 20, 20)])
def test_scores_of_a_block_are_bounded(monkeypatch, model, log, block_bytes, n_rows):
    monkeypatch.setattr(blocks_module, "MIN_BLOCK_ROWS", 7)
    monkeypatch.setattr(blocks_module, "BLOCK_BYTES", block_bytes)
    model.largest_batch_ = 0
    scores = NextItemScorer()(model, *log)
    assert model.largest_batch_ == n_rows
    assert scores == NextItemScorer(block_size=len(log[0]))(model, *log)


def test_no_more_rows_than_a_block_are_scored_at_once(model, log):
    NextItemScorer(block_size=7)(model, *log)
    assert model.largest_batch_ == 7


def test_filter_seen_masks_the_row(model, log):
    X, y = log
    targets = encode_items(y, model.item_ids_)
    history = encode_sequences(X, model.item_ids_)
    masked = mask_seen(model.decision_function(X), history, targets)
    values = NextItemScorer(filter_seen=True).per_user(model, X, y)
    ranks = target_ranks(masked, targets).expected
    np.testing.assert_array_equal(values["rank"], ranks)
    assert (ranks <= full_ranks(model, X, y).expected).all()


def test_unknown_targets_are_misses(model, log):
    X, y = log
    y = y.copy()
    y[3] = -12345
    values = NextItemScorer().per_user(model, X, y)
    assert values["rank"][3] == np.inf
    assert values["ndcg@10"][3] == values["mrr"][3] == 0


def test_sampled_metrics_are_renamed(model, log):
    scores = NextItemScorer(["hr@1", "mrr"], n_negatives=3)(model, *log)
    assert list(scores) == ["hr@1/neg3", "mrr/neg3"]
    assert scores["hr@1/neg3"] > NextItemScorer(["hr@1"])(model, *log)["hr@1"]


@pytest.mark.parametrize("with_users", [True, False])
def test_sampled_negatives_follow_the_row(model, log, with_users):
    X, y = log
    if with_users:
        X = Sequences.from_iterable(X, user_ids=np.arange(len(X)))
    scorer = NextItemScorer(n_negatives=4, block_size=16)
    ranks = scorer.per_user(model, X, y)["rank"]
    order = np.random.default_rng(0).permutation(len(X))[:50]
    shuffled = scorer.per_user(model, X[order], y[order])["rank"]
    np.testing.assert_array_equal(shuffled, ranks[order])


def test_negatives_depend_on_the_seed(model, log):
    first, second = (
        NextItemScorer(n_negatives=4, random_state=seed).per_user(model, *log)["rank"]
        for seed in (0, 1)
    )
    assert (first != second).any()


def test_groups_partition_the_users(model, log):
    X, y = log
    scorer = NextItemScorer(["mrr"], length_bins=(5, 20), popularity_bins=(0.2,))
    scores = scorer(model, X, y)
    assert list(scores) == [
        "mrr",
        "mrr[<=5]",
        "mrr[6-20]",
        "mrr[>20]",
        "mrr[head]",
        "mrr[tail]",
    ]
    values = scorer.per_user(model, X, y)["mrr"]
    short = X.lengths <= 5
    assert scores["mrr[<=5]"] == pytest.approx(values[short].mean())
    head = np.isin(
        y, model.item_ids_[np.argsort(-model.item_counts_, kind="stable")[:8]]
    )
    assert scores["mrr[head]"] == pytest.approx(values[head].mean())
    assert scores["mrr[tail]"] == pytest.approx(values[~head].mean())


def test_groups_of_popularity_have_the_given_shares(model, log):
    X, y = log
    scores = NextItemScorer(["mrr"], popularity_bins=(0.3, 0.6))(model, X, y)
    assert list(scores) == ["mrr", "mrr[head]", "mrr[middle]", "mrr[tail]"]
    falling = model.item_ids_[np.argsort(-model.item_counts_, kind="stable")]
    values = NextItemScorer(["mrr"]).per_user(model, X, y)["mrr"]
    for group, items in (("head", falling[:12]), ("middle", falling[12:24])):
        expected = values[np.isin(y, items)].mean()
        assert scores[f"mrr[{group}]"] == pytest.approx(expected)


def test_users_who_come_back_are_told_from_the_others(model, log):
    X, y = log
    y = np.where(np.arange(len(X)) % 3, y, X.last())
    scorer = NextItemScorer(["mrr"], by_novelty=True)
    is_repeated = np.array([item in row for row, item in zip(X, y, strict=True)])
    assert 0 < is_repeated.sum() < len(X)
    values = scorer.per_user(model, X, y)["mrr"]
    assert scorer(model, X, y) == {
        "mrr": pytest.approx(values.mean()),
        "mrr[new]": pytest.approx(values[~is_repeated].mean()),
        "mrr[repeated]": pytest.approx(values[is_repeated].mean()),
    }


def test_an_empty_group_has_nan(model, log):
    X, y = log
    short = X.lengths <= 5
    scores = NextItemScorer(["mrr"], length_bins=(5, 20))(model, X[short], y[short])
    assert np.isnan(scores["mrr[>20]"])
    assert scores["mrr[<=5]"] == scores["mrr"]


def test_pseudo_items_do_not_lengthen_a_history(model, log):
    X, y = log
    augmented = X.prepend(np.zeros((len(X), 30), dtype=int))
    scorer = NextItemScorer(filter_seen=True, length_bins=(5, 20))
    assert scorer(model, augmented, y) == scorer(model, X, y)


def test_sample_weight_is_repetition(model, log):
    X, y = log
    weights = np.arange(len(X)) % 3
    scorer = NextItemScorer(length_bins=(5,))
    repeated = np.repeat(np.arange(len(X)), weights)
    expected = scorer(model, X[repeated], y[repeated])
    assert scorer(model, X, y, sample_weight=weights) == pytest.approx(expected)


def test_weights_of_nothing_give_nan(model, log):
    scores = NextItemScorer(["mrr"])(model, *log, sample_weight=np.zeros(90))
    assert np.isnan(scores["mrr"])


def as_pipeline(model):
    return Pipeline([("same", FunctionTransformer()), ("rec", model)])


def test_pipelines_and_searches_are_looked_into(log):
    X, y = log
    expected = NextItemScorer()(BigramRecommender().fit(X), X, y)
    pipeline = as_pipeline(BigramRecommender()).fit(X)
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), pipeline),
        {"pipeline__rec__smoothing": [0.1]},
        scoring=make_next_item_scorer(),
        cv=2,
    ).fit(X, y)
    assert NextItemScorer()(pipeline, X, y) == expected
    scores = NextItemScorer(popularity_bins=(0.2,))(search, X, y)
    assert scores.items() >= expected.items()


GRID = {"rec__smoothing": [0.0, 0.1, 100.0]}


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_multimetric_search(log, n_jobs):
    X, y = log
    search = GridSearchCV(
        as_pipeline(BigramRecommender()),
        GRID,
        scoring=NextItemScorer(length_bins=(5, 20), block_size=11),
        refit="ndcg@10",
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
        n_jobs=n_jobs,
    ).fit(X, y)
    # Popularity alone is useless on a circle.
    assert search.best_params_["rec__smoothing"] < 100
    assert {"mean_test_mrr", "mean_test_hr@10[<=5]"} <= search.cv_results_.keys()
    assert search.score(X, y) == NextItemScorer()(search, X, y)["ndcg@10"]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_single_metric_search(log, n_jobs):
    X, y = log
    scorer = make_next_item_scorer("hr@3", filter_seen=True, block_size=11)
    search = GridSearchCV(
        as_pipeline(BigramRecommender()),
        GRID,
        scoring=scorer,
        cv=2,
        error_score="raise",
        n_jobs=n_jobs,
    ).fit(X, y)
    expected = NextItemScorer(["hr@3"], filter_seen=True)(search, X, y)["hr@3"]
    assert search.score(X, y) == expected


def test_cross_validate_with_lists(log):
    X, y = log
    scores = cross_validate(
        BigramRecommender(),
        X.to_lists(),
        y.tolist(),
        scoring=NextItemScorer(["mrr"], n_negatives=2),
        cv=3,
        error_score="raise",
    )
    assert scores["test_mrr/neg2"].shape == (3,)


@pytest.mark.skipif(
    SKLEARN_VERSION < (1, 9), reason="older searches do not weight their scores"
)
@pytest.mark.parametrize(
    "scoring",
    [
        NextItemScorer(["mrr"]),
        make_next_item_scorer("mrr"),
        {"one": make_next_item_scorer("mrr"), "two": make_next_item_scorer("hr@1")},
    ],
)
def test_searches_pass_sample_weight_on(log, scoring):
    X, y = log
    refit = {"one": 1}.keys() & scoring.keys() if isinstance(scoring, dict) else ["mrr"]
    search = GridSearchCV(
        BigramRecommender(),
        {"smoothing": [0.1]},
        scoring=scoring,
        refit=next(iter(refit)),
        cv=2,
        error_score="raise",
    )
    weights = np.arange(len(X)) % 2
    weighted = search.fit(X, y, sample_weight=weights).best_score_
    folds = KFold(2).split(X)
    expected = [
        NextItemScorer(["mrr"])(
            BigramRecommender().fit(X[train]), X[test], y[test], weights[test]
        )["mrr"]
        for train, test in folds
    ]
    assert weighted == pytest.approx(np.mean(expected))


class TestMetadataRouting:
    @pytest.fixture(autouse=True)
    def routing(self):
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    @pytest.mark.parametrize("make", [NextItemScorer, make_next_item_scorer])
    def test_weights_reach_a_scorer_that_requests_them(self, log, make):
        X, y = log
        only_first = np.zeros(len(X))
        only_first[[0, 45]] = 1.0
        search = GridSearchCV(
            BigramRecommender().set_fit_request(sample_weight=False),
            {"smoothing": [0.1]},
            scoring=make().set_score_request(sample_weight=True),
            refit="ndcg@10" if make is NextItemScorer else True,
            cv=KFold(2),
            error_score="raise",
        )
        search = clone(search).fit(X, y, sample_weight=only_first)
        model = BigramRecommender().fit(X[45:])
        values = NextItemScorer().per_user(model, X[:45], y[:45])["ndcg@10"]
        name = "ndcg@10" if make is NextItemScorer else "score"
        assert search.cv_results_[f"split0_test_{name}"] == values[0]

    def test_weights_that_nobody_asked_for_are_an_error(self, log):
        search = GridSearchCV(
            BigramRecommender().set_fit_request(sample_weight=False),
            {"smoothing": [0.1]},
            scoring=make_next_item_scorer(),
        )
        with pytest.raises(ValueError, match="sample_weight"):
            search.fit(*log, sample_weight=np.ones(90))

    @pytest.mark.parametrize("make", [NextItemScorer, make_next_item_scorer])
    @pytest.mark.parametrize("asks", [True, False])
    def test_requests_are_the_scorers_own(self, make, asks):
        scorer = make()
        if asks:
            scorer.set_score_request(sample_weight="w")
        request = scorer.get_metadata_routing()
        assert request.owner is scorer
        assert request.score.requests == {"sample_weight": "w" if asks else None}

    def test_no_weights_need_no_request(self, log):
        search = GridSearchCV(
            as_pipeline(BigramRecommender()),
            GRID,
            scoring=NextItemScorer(),
            refit="mrr",
            cv=2,
            error_score="raise",
        )
        assert 0 < search.fit(*log).best_score_ < 1


@pytest.mark.parametrize(
    "scorer",
    [
        NextItemScorer(["mrr"], length_bins=(3,), n_negatives=2),
        make_next_item_scorer("mrr", n_negatives=2),
    ],
)
def test_scorers_can_be_cloned_and_pickled(model, log, scorer):
    expected = scorer(model, *log)
    assert repr(clone(scorer)) == repr(scorer)
    assert clone(scorer)(model, *log) == expected
    assert pickle.loads(pickle.dumps(scorer))(model, *log) == expected


def test_reprs_show_what_was_set():
    scorer = NextItemScorer(("mrr",), filter_seen=True)
    assert repr(scorer) == "NextItemScorer(filter_seen=True, metrics=('mrr',))"
    single = make_next_item_scorer("mrr", filter_seen=True)
    assert repr(single) == f"SingleMetricScorer(scorer={scorer!r})"
    search = GridSearchCV(BigramRecommender(), {}, scoring=single)
    assert "scoring=SingleMetricScorer(" in repr(search)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, ValueError, "y is None"),
        (np.zeros(89, dtype=int), ValueError, "each of the 90 rows, got 89"),
        (np.zeros((90, 1), dtype=int), ValueError, r"y must be one-dimensional"),
        (
            np.zeros(90),
            TypeError,
            "Row 0 of y is 0.0 .*: ids must be integers or strings",
        ),
        ([1] * 89 + [None], ValueError, "Row 89 of y is None"),
        (["a"] * 90, TypeError, "The items are of type str, but .* type int"),
    ],
)
def test_bad_targets_are_refused(model, log, y, error, message):
    with pytest.raises(error, match=message):
        NextItemScorer()(model, log[0], y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "each of the 90 rows, got 3"),
        (np.full(90, np.nan), "sample_weight must .* finite numbers, got nan in row 0"),
        (-np.arange(90.0), "got -1.0 in row 1"),
    ],
)
def test_bad_weights_are_refused(model, log, weights, message):
    with pytest.raises(ValueError, match=message):
        NextItemScorer()(model, *log, sample_weight=weights)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"metrics": ["auc"]}, ValueError, "Unknown metric 'auc'"),
        ({"metrics": "mrr"}, ValueError, r"make_next_item_scorer\('mrr'\) gives"),
        ({"block_size": 0}, ValueError, "block_size == 0, must be >= 1"),
        ({"n_negatives": 0}, ValueError, "n_negatives == 0, must be >= 1"),
        ({"n_negatives": 40}, ValueError, "items to draw from, got n_negatives=40"),
        ({"random_state": None}, TypeError, "random_state must be an instance of int"),
        ({"length_bins": (9, 3)}, ValueError, "increasing lengths"),
    ],
)
def test_bad_parameters_are_refused(model, log, parameters, error, message):
    with pytest.raises(error, match=message):
        NextItemScorer(**parameters)(model, *log)


def test_single_metrics_take_the_options_of_several():
    options = {
        "filter_seen": True,
        "n_negatives": 3,
        "block_size": 7,
        "random_state": 5,
    }
    scorer = make_next_item_scorer("mrr", **options).scorer
    assert scorer.get_params() == NextItemScorer(("mrr",), **options).get_params()


def test_single_metrics_are_checked_at_once():
    with pytest.raises(ValueError, match="Unknown metric 'auc'"):
        make_next_item_scorer("auc")


def test_unfitted_estimators_are_refused(log):
    with pytest.raises(
        AttributeError, match="BigramRecommender has no attribute 'item"
    ):
        NextItemScorer()(as_pipeline(BigramRecommender()), *log)


def test_nan_scores_are_refused_by_row(model, log):
    model.follows_[encode_items(log[0][60:61].last(), model.item_ids_)] = np.nan
    row = np.flatnonzero(log[0].last() == log[0][60][-1])[0]
    with pytest.raises(ValueError, match=f"Row {row} has a NaN score"):
        NextItemScorer(block_size=4)(model, *log)


@pytest.mark.parametrize("options", [{"filter_seen": True}, {"n_negatives": 2}])
def test_nan_scores_of_any_ranking_are_refused_by_row(model, log, options):
    X, y = log

    class NanForTheLastBlock:
        item_ids_ = model.item_ids_

        def decision_function(self, rows):
            is_last = rows[-1].tolist() == X[-1].tolist()
            return np.full((len(rows), 40), np.nan if is_last else 0.0)

    scorer = NextItemScorer(block_size=80, **options)
    with pytest.raises(ValueError, match="Row 80 has a NaN score, for item 0"):
        scorer(NanForTheLastBlock(), X, y)


def test_scores_of_the_wrong_shape_are_refused(model, log):
    model.item_ids_ = model.item_ids_[:-1]
    model.decision_function = lambda X: np.zeros((len(X), 40))
    with pytest.raises(ValueError, match=r"shape \(90, 40\) for 90 rows and 39 items"):
        NextItemScorer()(model, *log)


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ({"length_bins": (9, 3)}, "length_bins must hold increasing lengths"),
        ({"popularity_bins": 0.2}, "popularity_bins must hold .* got 0.2"),
    ],
)
def test_bad_bins_are_refused_before_scoring(bins, message):
    class Unscored:
        item_ids_ = np.array([1, 2])
        item_counts_ = np.array([1, 1])

    scorer = NextItemScorer(**bins)
    with pytest.raises(ValueError, match=message):
        scorer(Unscored(), [[1]], [2])
