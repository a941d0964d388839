import pickle

import joblib
import numpy as np
import pytest
from scipy.special import log_softmax

from skdiffuasr import (
    CropAugmenter,
    EnsembleRecommender,
    RandomAugmenter,
    RepeatedPaddingAugmenter,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.training.histories import HistoryBatches
from skdiffuasr.training.hold_out import hold_out

X = Sequences.from_iterable([[1, 2], [3, 4, 5], [2, 6]], user_ids=["a", "b", "c"])
VARIANTS = SequenceVariants([X.prepend(np.full((3, 1), item)) for item in (7, 8, 9)])


def each(batch):
    return [variant.to_lists() for variant in batch.variants]


@pytest.mark.parametrize("key", [slice(1, 3), [2, 0], np.array([True, False, True])])
def test_a_selection_has_all_variants(key):
    expected = [variant[key].to_lists() for variant in VARIANTS.variants]
    assert each(VARIANTS[key]) == expected
    assert VARIANTS[key].to_lists() == expected[0]


def test_rows_are_changed_in_all_variants():
    assert each(VARIANTS.drop_last()) == [
        [[item, 1], [item, 3, 4], [item, 2]] for item in (7, 8, 9)
    ]
    assert each(VARIANTS.tail(1)) == [[[2], [5], [6]]] * 3
    assert VARIANTS.strip_pseudo() == X


def test_equality_and_copies():
    assert pickle.loads(pickle.dumps(VARIANTS)) == VARIANTS
    assert joblib.hash(VARIANTS) == joblib.hash(VARIANTS[:])
    assert VARIANTS != VARIANTS.variants[0]
    assert VARIANTS != SequenceVariants(VARIANTS.variants[:2])


def test_codes_of_all_variants():
    codes = encode_sequences(VARIANTS, np.arange(1, 10))
    assert each(codes) == [[[i - 1 for i in row] for row in v] for v in each(VARIANTS)]


def test_variants_must_fit_together():
    with pytest.raises(ValueError, match="one variant at least"):
        SequenceVariants([])
    with pytest.raises(ValueError, match="Variant 1 has 2 rows, the first 3"):
        SequenceVariants([X, X[:2]])
    with pytest.raises(ValueError, match="Variant 1 has other user ids"):
        SequenceVariants([X, Sequences.from_iterable(X.to_lists())])


def test_every_epoch_draws_one_variant_of_each_row():
    seen = set()
    for epoch in range(30):
        rows = [
            row[:n].tolist()
            for items, lengths, _ in HistoryBatches(VARIANTS, 2, cloze=True)(epoch)
            for row, n in zip(items, lengths, strict=True)
        ]
        assert sorted(row[1:] for row in rows) == sorted(X.to_lists())
        seen |= {tuple(row) for row in rows}
    assert len(seen) == 9


def test_an_item_that_is_held_out_is_in_no_variant_of_training():
    training, validation = hold_out(VARIANTS, 0.4, random_state=0)
    is_held_out = np.isin(X.user_ids, validation.user_ids)
    assert is_held_out.sum() == 1
    assert training == VARIANTS.drop_last(is_held_out.astype(int))


@pytest.mark.parametrize(
    "others",
    [
        X.drop_last(),
        Sequences.from_iterable([[*row[:-1], 9, row[-1]] for row in X], X.user_ids),
    ],
)
def test_a_held_out_row_whose_variants_differ_is_not_trained_on(others):
    variants = SequenceVariants([X, others])
    training, validation = hold_out(variants, 0.4, random_state=0)
    assert training == variants[~np.isin(X.user_ids, validation.user_ids)]
    assert len(training) == 2


def test_learned_pseudo_items_are_not_validated_on():
    learned = Sequences([1, 1, 2, 3, 4, 5], [0, 3, 6], [7, 6, 6] * 2)
    training, validation = hold_out(learned, 0.5, random_state=0)
    assert len(training) == 1
    assert validation.lengths.tolist() == [2]


@pytest.mark.parametrize("is_member", [False, True])
def test_log_probabilities_are_averaged_over_variants(is_member):
    recommender = SASRecEstimator(4, n_layers=1, max_epochs=1, early_stopping=False)
    recommender.set_params(device="cpu", random_state=0)
    if is_member:
        recommender = EnsembleRecommender([("one", recommender)])
    recommender.fit(VARIANTS)
    of_variants = map(recommender.predict_log_proba, VARIANTS.variants)
    expected = log_softmax(np.mean(list(of_variants), axis=0), axis=1)
    for method in (recommender.predict_log_proba, recommender.decision_function):
        np.testing.assert_allclose(method(VARIANTS), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": [[1]]}, "given together"),
        ({"y_val": [1]}, "given together"),
        ({"X_val": [[1], [2]], "y_val": [1]}, "y_val must have one id"),
        ({"X_val": [[99]], "y_val": [1]}, "No history of X_val has an item"),
    ],
)
def test_bad_validation(validation, message):
    with pytest.raises(ValueError, match=message):
        SASRecEstimator(4, max_epochs=1, device="cpu").fit(X, **validation)


def test_variants_of_variants_are_all_variants():
    variants = [Sequences.from_iterable([[item], [5]]) for item in range(4)]
    nested = SequenceVariants(
        [SequenceVariants(variants[:2]), variants[2], SequenceVariants([variants[3]])]
    )
    assert nested.variants == tuple(variants)


@pytest.mark.parametrize(
    ("augmenter", "n_variants"),
    [
        (RandomAugmenter(2, random_state=0), 3),
        (RepeatedPaddingAugmenter(8, n_variants=2, random_state=0), 6),
        (CropAugmenter(n_variants=3, random_state=0), 5),
    ],
)
def test_augmenters_keep_the_variants_they_are_given(augmenter, n_variants):
    variants = [
        Sequences.from_iterable([[item, 7, 8, 9], [5, item]]) for item in range(3)
    ]
    augmented = augmenter.fit_transform(SequenceVariants(variants))
    assert len(augmented.variants) == n_variants
    kept = [variant.strip_pseudo() for variant in augmented.variants]
    assert all(variant in kept for variant in variants)
