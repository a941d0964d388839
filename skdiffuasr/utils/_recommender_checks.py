"""Checks of the estimators that score the next item."""

from typing import Any

import numpy as np

from skdiffuasr.metrics import make_next_item_scorer
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.utils._check_helpers import (
    UNKNOWN_ITEM,
    fitted,
    make_histories,
    raises,
)


def check_decision_function(estimator: Any) -> None:
    """Scores are a finite float32 array with one column per item."""
    estimator, X = fitted(estimator), make_histories()
    X = Sequences.from_iterable([*X.to_lists(), [], [UNKNOWN_ITEM]])
    scores = estimator.decision_function(X)
    assert isinstance(scores, np.ndarray), "scores must be an ndarray"
    assert scores.shape == (len(X), len(estimator.item_ids_)), scores.shape
    assert scores.dtype == np.float32, f"scores are {scores.dtype}, not float32"
    assert np.isfinite(scores).all(), "scores are not finite"


def check_predict_log_proba(estimator: Any) -> None:
    """Probabilities sum to 1 and rank the items as the scores do."""
    estimator, X = fitted(estimator), make_histories()
    X = Sequences.from_iterable([*X.to_lists(), [], [UNKNOWN_ITEM]])
    log_probabilities = estimator.predict_log_proba(X)
    assert np.isfinite(log_probabilities).all(), "log-probabilities are not finite"
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(estimator.predict_proba(X), probabilities, rtol=1e-4)
    order = np.argsort(estimator.decision_function(X), axis=1)
    ordered = np.take_along_axis(log_probabilities, order, axis=1)
    assert (np.diff(ordered, axis=1) > -1e-4).all(), "probabilities rank otherwise"


def check_item_counts(estimator: Any) -> None:
    """`item_counts_` counts the observed items of training, not the pseudo items."""
    X = make_histories()
    item_ids, counts = np.unique(X.values, return_counts=True)
    augmented = X.prepend(np.full((len(X), 2), UNKNOWN_ITEM))
    estimator = fitted(estimator, augmented)
    np.testing.assert_array_equal(estimator.item_ids_, [*item_ids, UNKNOWN_ITEM])
    np.testing.assert_array_equal(estimator.item_counts_, [*counts, 0])


def check_predict(estimator: Any) -> None:
    """`predict` returns the id with the highest score."""
    estimator, X = fitted(estimator), make_histories()
    predicted = estimator.predict(X)
    assert predicted.dtype == estimator.item_ids_.dtype, "predict does not return ids"
    best = estimator.decision_function(X).argmax(axis=1)
    np.testing.assert_array_equal(predicted, estimator.item_ids_[best])


def check_recommend(estimator: Any) -> None:
    """Best items come first, once each, with the scores of their columns."""
    estimator, X = fitted(estimator), make_histories()
    scores = estimator.decision_function(X)
    items, item_scores = estimator.recommend(X, k=5, filter_seen=False)
    columns = encode_items(items, estimator.item_ids_)
    assert (columns >= 0).all(), "recommend does not return ids"
    np.testing.assert_allclose(
        item_scores, np.take_along_axis(scores, columns, axis=1), rtol=1e-4, atol=1e-5
    )
    highest = -np.sort(-scores, axis=1)[:, :5]
    np.testing.assert_allclose(item_scores, highest, rtol=1e-4, atol=1e-5)
    for row in columns:
        assert len(set(row.tolist())) == 5, "an item is recommended twice"


def check_recommend_log_probabilities(estimator: Any) -> None:
    """Log-probabilities are those of `predict_log_proba`, of unknown histories too."""
    estimator, X = fitted(estimator), make_histories()
    X = Sequences.from_iterable([*X.to_lists(), [], [UNKNOWN_ITEM]])
    items, found = estimator.recommend(
        X, k=5, filter_seen=False, response_method="predict_log_proba"
    )
    expected = np.take_along_axis(
        estimator.predict_log_proba(X), encode_items(items, estimator.item_ids_), axis=1
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def check_recommend_leaves_out_seen_items(estimator: Any) -> None:
    """Observed items are left out if asked; pseudo items are not observed."""
    estimator, X = fitted(estimator), make_histories()
    shortest = X[np.argsort(X.lengths)[:10]]
    pseudo = np.full((len(shortest), 1), estimator.item_ids_[0])
    seen = encode_sequences(shortest, estimator.item_ids_)
    for row, history in enumerate(seen):
        allowed = np.delete(estimator.item_ids_, history)
        augmented = shortest[row : row + 1].prepend(pseudo[row : row + 1])
        items, _ = estimator.recommend(augmented, k=len(allowed))
        np.testing.assert_array_equal(np.sort(items[0]), allowed)


def check_recommend_candidates(estimator: Any) -> None:
    """Only candidates are recommended; one that is unknown is an error."""
    estimator, X = fitted(estimator), make_histories()
    candidates = estimator.item_ids_[[5, 2, 9]]
    items, _ = estimator.recommend(X, k=3, filter_seen=False, candidates=candidates)
    np.testing.assert_array_equal(
        np.sort(items, axis=1), np.tile(np.sort(candidates), (len(X), 1))
    )
    with raises(ValueError, match=str(UNKNOWN_ITEM), given="an unknown candidate"):
        estimator.recommend(X, k=1, candidates=[UNKNOWN_ITEM])


def check_recommend_k(estimator: Any) -> None:
    """Where there are fewer than `k` items, rows are padded; `k` is not below 1."""
    estimator, X = fitted(estimator), make_histories()
    n_items = len(estimator.item_ids_)
    items, scores = estimator.recommend(X, k=n_items + 1, filter_seen=False)
    assert items.shape == scores.shape == (len(X), n_items + 1), items.shape
    np.testing.assert_array_equal(
        np.sort(items[:, :-1], axis=1), np.tile(estimator.item_ids_, (len(X), 1))
    )
    assert (items[:, -1] == -1).all(), "the padding is not -1"
    assert np.isneginf(scores[:, -1]).all(), "scores of the padding are not -inf"
    with raises(ValueError, match="k.*0", given="k=0"):
        estimator.recommend(X, k=0)


def check_score(estimator: Any) -> None:
    """`score` is the mean NDCG@10; an unknown target is a miss, weight 0 no row."""
    full = make_histories()
    X, y = full.drop_last(), full.last()
    estimator = fitted(estimator)
    score = estimator.score(X, y)
    assert 0 <= score <= 1, f"score is {score}, not in [0, 1]"
    np.testing.assert_allclose(score, make_next_item_scorer("ndcg@10")(estimator, X, y))
    assert estimator.score(X, np.full(len(X), UNKNOWN_ITEM)) == 0, "not a miss"
    weights = (np.arange(len(X)) < 10).astype(float)
    weighted = estimator.score(X, y, sample_weight=weights)
    np.testing.assert_allclose(weighted, estimator.score(X[:10], y[:10]), rtol=1e-5)
