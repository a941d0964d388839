"""Recommendations are those of a naive loop over rows and items."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from skdiffuasr import (
    DistilledRecommender,
    EnsembleRecommender,
    MarkovRecommender,
    PopularityRecommender,
    RandomAugmenter,
    SASRecEstimator,
    SlidingWindowAugmenter,
    recommend,
)
from skdiffuasr.model_selection import LeaveLastOut
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import blocks
from skdiffuasr.sequences import Sequences, SequenceVariants, make_roles
from tests.recommenders.table import (
    FITTED,
    ITEM_IDS,
    ROWS,
    UNKNOWN,
    TableRecommender,
    best_by_hand,
    known_items,
    scores_by_hand,
)

quick = settings(max_examples=60, deadline=None)

CANDIDATES = st.lists(st.sampled_from([*ITEM_IDS, 7]), max_size=6)
HISTORIES = [["tea", "milk"], ["tea", "milk"], ["jam", "bread"], ["bread", "jam"]]


def recommended_by_hand(rows, k, filter_seen, candidates):
    """Items and scores, padded; candidates are None, a list, or one for each row."""
    items = np.full((len(rows), k), -1)
    scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
    for row, (history, values) in enumerate(
        zip(rows, scores_by_hand(rows), strict=True)
    ):
        allowed = ITEM_IDS if candidates is None else candidates
        if candidates and isinstance(candidates[0], list):
            allowed = candidates[row]
        allowed = set(allowed) - (set(history) if filter_seen else set())
        for rank, item in enumerate(best_by_hand(values, allowed)[:k]):
            items[row, rank] = item
            scores[row, rank] = values[ITEM_IDS.index(item)]
    return items, scores


@quick
@given(st.data(), ROWS, st.integers(1, 9), st.booleans())
def test_recommend_ranks_what_is_allowed_and_pads_the_rest(data, rows, k, filter_seen):
    for_each = st.lists(CANDIDATES, min_size=len(rows), max_size=len(rows))
    candidates = data.draw(st.none() | CANDIDATES | for_each)
    items, scores = FITTED.recommend(
        rows,
        k,
        filter_seen=filter_seen,
        candidates=candidates,
        unknown_candidates="ignore",
    )
    expected, expected_scores = recommended_by_hand(rows, k, filter_seen, candidates)
    np.testing.assert_array_equal(items, expected)
    np.testing.assert_array_equal(scores, expected_scores)


@quick
@given(ROWS, st.integers(1, 7))
def test_log_probabilities_rank_as_the_scores_do(rows, k):
    items, scores = FITTED.recommend(rows, k)
    found, shown = FITTED.recommend(rows, k, response_method="predict_log_proba")
    np.testing.assert_array_equal(found, items)
    expected = log_softmax(FITTED.decision_function(rows).astype(float), axis=1)
    for row, row_items in enumerate(items):
        for rank, item in enumerate(row_items):
            if item == -1:
                assert shown[row, rank] == scores[row, rank] == -np.inf
            else:
                log_probability = expected[row, ITEM_IDS.index(item)]
                assert shown[row, rank] == pytest.approx(log_probability, rel=1e-5)


@pytest.mark.parametrize(
    "recommender",
    [
        PopularityRecommender(),
        MarkovRecommender(),
        EnsembleRecommender([("markov", MarkovRecommender())]),
        SASRecEstimator(4, max_epochs=1, device="cpu", random_state=0),
    ],
    ids=lambda recommender: type(recommender).__name__,
)
def test_without_known_items_scores_are_on_the_scale_of_the_others(recommender):
    """Every recommender turns them into the probabilities of popularity."""
    recommender = clone(recommender).fit(HISTORIES)
    X = [["tea"], ["unknown"], []]
    log_popularity = recommender._log_popularity()
    scores = recommender.decision_function(X)
    if isinstance(recommender, MarkovRecommender):
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
        expected = np.exp(log_popularity)
    elif isinstance(recommender, PopularityRecommender):
        np.testing.assert_array_equal(scores[0], scores[1])
        expected = recommender.item_counts_
    else:
        expected = log_popularity
    np.testing.assert_allclose(scores[1:], [expected] * 2, rtol=1e-6)
    items, shown = recommender.recommend(X, 2, response_method="predict_log_proba")
    log_probabilities = recommender.predict_log_proba(X)
    columns = np.searchsorted(recommender.item_ids_, items.astype(str))
    np.testing.assert_allclose(
        shown, np.take_along_axis(log_probabilities, columns, axis=1), rtol=1e-5
    )
    best = np.lexsort((np.arange(4), -recommender.item_counts_))[:2]
    np.testing.assert_array_equal(columns[1:], [best, best])


def test_scores_of_variants_are_log_probabilities_already():
    variants = [Sequences.from_iterable(rows) for rows in ([[10], []], [[20], []])]
    X = SequenceVariants(variants)
    items, scores = FITTED.recommend(X, 3, filter_seen=False)
    shown = FITTED.recommend(
        X, 3, filter_seen=False, response_method="predict_log_proba"
    )
    np.testing.assert_array_equal(shown[0], items)
    np.testing.assert_array_equal(shown[1], scores)


def test_padding_of_strings_is_none():
    recommender = PopularityRecommender().fit([["b", "a"], ["b"]])
    items, scores = recommender.recommend([["b"], ["x"]], k=2)
    assert items.dtype == object
    assert items.tolist() == [["a", None], ["b", "a"]]
    assert scores.tolist() == [[1, -np.inf], [2, 1]]


def test_items_that_are_not_read_are_seen():
    X = Sequences([10, 20, 30], [0, 3], make_roles(is_context=[False, True, False]))
    items, _ = FITTED.recommend(X, k=4)
    assert sorted(items[0].tolist()) == [-1, 40, 50, 60]


def test_pseudo_items_are_not_seen():
    X = Sequences.from_iterable([[10]]).prepend([[20, 30]])
    items, _ = FITTED.recommend(X, k=5)
    assert set(items[0]) == {20, 30, 40, 50, 60}
    behind = Sequences([10, 20, 30], [0, 3], make_roles(is_pseudo=[False, True, True]))
    items, _ = FITTED.recommend(behind, k=5)
    assert set(items[0]) == {20, 30, 40, 50, 60}


@pytest.mark.parametrize("block_bytes", [0, 4 * len(ITEM_IDS) * 2])
def test_blocks_have_the_candidates_of_their_rows(monkeypatch, block_bytes):
    rows = [[], [10], [UNKNOWN], [20, 30], [60]]
    candidates = [[10], [20, 30], [], [40], [60, 50]]
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(blocks, "MIN_BLOCK_ROWS", 1)
    items, scores = FITTED.recommend(rows, 2, candidates=candidates)
    expected = recommended_by_hand(rows, 2, True, candidates)
    np.testing.assert_array_equal(items, expected[0])
    np.testing.assert_array_equal(scores, expected[1])


@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (0, ValueError, "k == 0, must be >= 1"),
        (1.5, TypeError, "k must be an instance"),
    ],
)
@pytest.mark.parametrize(
    "method", [FITTED.recommend, MarkovRecommender().similar_items]
)
def test_k_must_be_a_positive_integer(method, k, error, message):
    with pytest.raises(error, match=message):
        method([[10]], k=k)


@pytest.mark.parametrize("name", ["unknown_candidates", "response_method"])
def test_choices_are_checked(name):
    with pytest.raises(ValueError, match=f"{name} must be '.*' or '.*', got 'raise'"):
        FITTED.recommend([[10]], **{name: "raise"})


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([20, 7], "^candidates has the item 7, which was not in training; pass unk"),
        ([[20], [30, 7]], "^Row 1 of candidates has the item 7, which was not in"),
        ([[20]], "candidates has 1 rows, and X has 2; pass one list"),
    ],
)
def test_candidates_must_be_known_and_fit(candidates, message):
    with pytest.raises(ValueError, match=message):
        FITTED.recommend([[10], [20]], candidates=candidates)


@pytest.mark.parametrize("unknown_candidates", ["error", "ignore"])
def test_candidates_of_the_other_type_are_never_taken_for_unknown(unknown_candidates):
    with pytest.raises(TypeError, match="The candidates are of type str"):
        FITTED.recommend(
            [[10]], candidates=["20"], unknown_candidates=unknown_candidates
        )


@pytest.mark.parametrize(
    ("candidates", "error", "message"),
    [
        ([10, [20]], ValueError, r"Row 1 of candidates is \[20\]"),
        ([[10], 20], TypeError, "row 1 is 20"),
        ([10, "20"], TypeError, "Row 1 of candidates is '20'"),
        ([10, True], TypeError, "Row 1 of candidates is True"),
        ([10, float("nan")], ValueError, "Row 1 of candidates is nan"),
        ([10.0], TypeError, "Row 0 of candidates is 10.0"),
        ([[10, 20.0]], TypeError, "Item 1 in row 0 of candidates is 20.0"),
        ("10", TypeError, "candidates must be a sequence of ids, got '10'"),
        (10, TypeError, "candidates must be a sequence of ids, got 10"),
    ],
)
def test_candidates_are_never_cast(candidates, error, message):
    with pytest.raises(error, match=message):
        FITTED.recommend([[30], [30]], k=1, candidates=candidates)


@pytest.mark.parametrize("convert", [tuple, np.array, iter])
def test_candidates_may_be_any_sequence(convert):
    items, _ = FITTED.recommend([[30], [30]], k=2, candidates=convert([20, 10]))
    assert set(items[0].tolist()) == {10, 20}
    items, _ = FITTED.recommend([[30], [30]], k=1, candidates=convert([[20], [10]]))
    assert items.tolist() == [[20], [10]]


def test_candidates_for_each_row_may_be_a_column():
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    lists = [[20, 40], [10], []]
    expected = [[20, 40], [10, -1], [-1, -1]]
    columns = (
        pandas.Series(lists),
        polars.Series(lists),
        pyarrow.array(lists),
        Sequences.from_iterable(lists),
    )
    for column in columns:
        items, _ = FITTED.recommend([[30]] * 3, 2, candidates=column)
        assert np.sort(items).tolist() == np.sort(expected).tolist()


# Tables


@pytest.mark.parametrize("library", ["default", "pandas", "polars"])
def test_a_table_has_the_rows_that_are_not_padded(library):
    pytest.importorskip("polars" if library == "polars" else "pandas")
    rows = [[10, 20], [UNKNOWN], [], [30], ITEM_IDS]
    users = ["ann", "bob", "cat", "dan", "eve"]
    X = Sequences.from_iterable(rows, user_ids=users)
    with config_context(transform_output=library):
        table = FITTED.recommend(X, 5, as_frame=True)
    items, scores = FITTED.recommend(rows, 5)
    expected = [
        (user, item, rank, score, not known_items(row))
        for user, row, own, own_scores in zip(users, rows, items, scores, strict=True)
        for rank, (item, score) in enumerate(zip(own, own_scores, strict=True), start=1)
        if score > -np.inf
    ]
    assert "eve" not in {row[0] for row in expected}
    assert type(table).__module__.startswith("polars" if library == "polars" else "pan")
    names = ["user", "item", "rank", "score", "is_fallback"]
    assert list(table.columns) == names
    found = list(zip(*(table[name].to_list() for name in names), strict=True))
    assert found == expected


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_table_without_rows_has_the_types_of_one_with_rows(library):
    pytest.importorskip(library)
    recommender = MarkovRecommender().fit([["b", "a"], ["b"]])
    recommender.set_output(transform=library)
    filled = recommender.recommend([["b"]], as_frame=True)
    empty = recommender.recommend([["a", "b"]], as_frame=True)
    assert (len(filled), len(empty)) == (1, 0)
    assert list(empty.dtypes) == list(filled.dtypes)


def test_set_output_goes_before_the_configuration():
    polars = pytest.importorskip("polars")
    recommender = clone(FITTED).fit([["b", "a"], ["b"]]).set_output(transform="polars")
    assert recommender.set_output() is recommender
    table = recommender.recommend([["b"], ["x"]], 1, as_frame=True)
    assert isinstance(table, polars.DataFrame)
    assert table["user"].to_list() == [0, 1]
    assert table["item"].to_list() == ["a", "b"]
    assert isinstance(
        clone(recommender).fit([[1]]).recommend([[2]], as_frame=True), polars.DataFrame
    )
    copy = pickle.loads(pickle.dumps(recommender))
    assert isinstance(copy.recommend([["b"]], as_frame=True), polars.DataFrame)
    with pytest.raises(ValueError, match="output config must be in"):
        recommender.set_output(transform="arrow").recommend([["b"]], as_frame=True)


def test_a_model_file_has_no_settings_of_tables(tmp_path):
    pytest.importorskip("safetensors")
    pandas = pytest.importorskip("pandas")
    recommender = MarkovRecommender().fit([["b", "a"]]).set_output(transform="polars")
    save(recommender, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert isinstance(loaded.recommend([["b"]], as_frame=True), pandas.DataFrame)


def test_made_up_items_do_not_hide_a_fallback():
    pytest.importorskip("pandas")
    X = Sequences.from_iterable([[10], [UNKNOWN], []]).prepend([[20], [20], [20]])
    table = FITTED.recommend(X, 1, as_frame=True)
    assert table["is_fallback"].tolist() == [False, True, True]


# Pipelines

STEPS = [("aug", RandomAugmenter(2, random_state=0)), ("rec", MarkovRecommender())]
ROWS_OF_STRINGS = [["a", "b", "c"], ["b", "c"], ["c", "a", "b"], ["a", "d"]] * 3


def _searched():
    search = GridSearchCV(Pipeline(STEPS), {"rec__smoothing": [2.0]}, cv=LeaveLastOut())
    X = Sequences.from_iterable(ROWS_OF_STRINGS)
    search.fit(X.drop_last(), X.last())
    return search, search.best_estimator_


def _frozen():
    pipeline = clone(Pipeline(STEPS)).fit(ROWS_OF_STRINGS)
    return FrozenEstimator(pipeline), pipeline


@pytest.mark.parametrize("make", [_frozen, _searched])
def test_a_pipeline_recommends_as_its_steps_do(make):
    model, pipeline = make()
    X = ROWS_OF_STRINGS[:3]
    augmented = pipeline[:-1].transform(X)
    items, scores = pipeline[-1].recommend(augmented, 2, candidates=["a", "b"])
    for each in (model, pipeline):
        found = recommend(each, X, 2, candidates=["a", "b"])
        np.testing.assert_array_equal(found[0], items)
        np.testing.assert_array_equal(found[1], scores)


def test_one_call_recommends_with_a_recommender_alone_and_with_one_step():
    expected = FITTED.recommend([[10], [20]], 2)
    for model in (FITTED, Pipeline([("rec", FITTED)])):
        items, scores = recommend(model, [[10], [20]], 2)
        np.testing.assert_array_equal(items, expected[0])
        np.testing.assert_array_equal(scores, expected[1])


def test_what_cannot_recommend_is_refused():
    augmenter = SlidingWindowAugmenter().fit([[1, 2]])
    with pytest.raises(TypeError, match="WindowAugmenter has no recommend; pass"):
        recommend(augmenter, [[1]])


# Similar items


def cosine(first, second):
    norms = np.linalg.norm(first) * np.linalg.norm(second)
    return first @ second / norms if norms else 0.0


def most_similar_by_hand(vectors, code, k):
    cosines = [cosine(vectors[code], vector) for vector in vectors.astype(float)]
    others = [other for other in range(len(vectors)) if other != code]
    best = sorted(others, key=lambda other: -cosines[other])[:k]
    return best, [cosines[other] for other in best]


SASREC = SASRecEstimator(4, n_layers=1, max_epochs=2, device="cpu", random_state=0)
CHAIN = [list(row) for row in np.random.default_rng(0).integers(9, size=(30, 6))]


@pytest.mark.parametrize(
    "recommender",
    [SASREC, DistilledRecommender(SASREC, MarkovRecommender(), n_labels=3)],
    ids=lambda recommender: type(recommender).__name__,
)
def test_networks_compare_embeddings(recommender):
    recommender = clone(recommender).fit(CHAIN)
    network = getattr(recommender, "student_", recommender)
    items, cosines = recommender.similar_items([3, 0], k=4)
    for row, item in enumerate([3, 0]):
        best, expected = most_similar_by_hand(network.item_embeddings_, item, 4)
        assert items[row].tolist() == best
        np.testing.assert_allclose(cosines[row], expected, rtol=1e-4, atol=1e-6)


def test_markov_chains_compare_neighbours():
    recommender = MarkovRecommender().fit(CHAIN)
    counts = np.zeros((9, 9))
    for row in CHAIN:
        for first, second in pairwise(row):
            counts[first, second] += 1
    vectors = np.hstack([counts, counts.T])
    items, cosines = recommender.similar_items(np.arange(9), k=8)
    for item in range(9):
        best, expected = most_similar_by_hand(vectors, item, 8)
        np.testing.assert_allclose(cosines[item], expected, rtol=1e-5)
        assert set(items[item]) == set(best)


def test_an_ensemble_averages_the_members_that_know_likeness():
    markov = MarkovRecommender().fit(CHAIN)
    smaller = MarkovRecommender().fit([[1, 2, 3], [4, 2, 1], [3, 1]])
    members = [
        ("markov", FrozenEstimator(markov)),
        ("smaller", FrozenEstimator(smaller)),
        ("popular", PopularityRecommender()),
    ]
    ensemble = EnsembleRecommender(members, weights=[3, 1, 2]).fit(CHAIN)
    items, cosines = ensemble.similar_items([2, 8], k=8)
    for row, item in enumerate([2, 8]):
        total = np.zeros(9)
        for weight, member in ((0.75, markov), (0.25, smaller)):
            known = member.item_ids_.tolist()
            if item in known:
                counts = member.transition_counts_.toarray()
                vectors = np.hstack([counts, counts.T])
                for code, other in enumerate(known):
                    own = vectors[known.index(item)]
                    total[other] += weight * cosine(own, vectors[code])
        expected = np.delete(total, item)
        np.testing.assert_allclose(cosines[row], -np.sort(-expected), rtol=1e-5)
        np.testing.assert_allclose(total[items[row]], cosines[row], rtol=1e-5)


def test_similar_items_are_padded():
    recommender = MarkovRecommender().fit([["a", "b"], ["b", "c"]])
    items, cosines = recommender.similar_items(["a", "unknown"], k=3)
    assert sorted(items[0, :2]) == ["b", "c"]
    assert items[0, 2] is None
    assert items[1].tolist() == [None] * 3
    assert np.isneginf(cosines[1]).all()
    strict = MarkovRecommender(unknown_items="error").fit([["a", "b"]])
    with pytest.raises(ValueError, match="items has 'unknown', which was not in"):
        strict.similar_items(["a", "unknown"])
    with pytest.raises(TypeError, match="items are of type int"):
        strict.similar_items([1])


@pytest.mark.parametrize(
    "recommender",
    [
        PopularityRecommender(),
        TableRecommender(),
        EnsembleRecommender([("popular", PopularityRecommender())]),
    ],
    ids=lambda recommender: type(recommender).__name__,
)
def test_without_likeness_there_are_no_similar_items(recommender):
    recommender = recommender.fit([[1, 2], [2, 3]])
    name = type(recommender).__name__
    with pytest.raises(NotImplementedError, match=f"^{name} has no similar items"):
        recommender.similar_items([1])


def test_popularity_speaks_for_unknown_users_whatever_an_augmenter_adds():
    X = [[1, 2, 3], [2, 3], [3, 1], [3, 2]]
    pipeline = make_pipeline(RandomAugmenter(2, random_state=0), MarkovRecommender())
    table = recommend(pipeline.fit(X), [[99], [98], [97], [1]], k=3, as_frame=True)
    popular, _ = PopularityRecommender().fit(X).recommend([[99]], k=3)
    assert table["is_fallback"].tolist() == [True] * 9 + [False] * (len(table) - 9)
    assert table["item"].tolist()[:9] == popular[0].tolist() * 3
