"""Checks of the estimators that put pseudo items before histories or change them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import config_context

from skdiffuasr.sequences import Sequences
from skdiffuasr.utils._check_helpers import (
    UNKNOWN_ITEM,
    assert_same_state,
    fitted,
    has_parameter,
    is_operator,
    make_histories,
    prepared,
)


def check_augmented_rows(estimator: Any) -> None:
    """One row in, one row out: pseudo items in front, counted, and nothing lost."""
    if is_operator(estimator):
        return
    X = make_histories()
    rows = [[UNKNOWN_ITEM, *row] for row in X.to_lists()]
    X = Sequences.from_iterable(rows, user_ids=X.user_ids)
    estimator = fitted(estimator)
    augmented = estimator.transform(X)
    assert isinstance(augmented, Sequences), "transform must return Sequences"
    assert len(augmented) == len(X), "transform changes the number of rows"
    assert (augmented.n_pseudo > 0).any(), "transform does not count pseudo items"
    if has_parameter(estimator, "n_pseudo_items"):
        n_pseudo_items = estimator.n_pseudo_items
        np.testing.assert_array_equal(augmented.n_pseudo, n_pseudo_items)
    pseudo = augmented.drop_last(augmented.lengths - augmented.n_pseudo)
    known = [*estimator.item_ids_, *X.values]
    unknown = np.setdiff1d(pseudo.values, known)
    assert not len(unknown), f"pseudo items {unknown} are not in item_ids_"
    # Compares the observed items, their order and the user ids.
    assert augmented.strip_pseudo() == X, "transform changes the histories"


def check_generate(estimator: Any) -> None:
    """`generate` returns the items that `transform` puts in front."""
    if not hasattr(estimator, "generate"):
        return
    estimator, X = fitted(estimator), make_histories()
    generated = estimator.generate(X)
    assert generated.shape == (len(X), estimator.n_pseudo_items), generated.shape
    augmented = estimator.transform(X).variants[0]
    assert X.prepend(generated) == augmented, "transform differs"


def check_pseudo_items_accumulate(estimator: Any) -> None:
    """Histories that have pseudo items get the same ones again, in front."""
    estimator, X = fitted(estimator), make_histories()
    once = estimator.transform(X)
    twice = estimator.transform(once)
    assert twice.strip_pseudo() == X, "histories change"
    np.testing.assert_array_equal(
        twice.n_pseudo, 2 * once.n_pseudo, "pseudo items change how many there are"
    )
    if not hasattr(estimator, "generate"):
        return
    np.testing.assert_array_equal(
        estimator.generate(once), estimator.generate(X), "pseudo items are conditions"
    )


def check_pseudo_items_are_not_learned(estimator: Any) -> None:
    """Pseudo items in training have no influence."""
    X = make_histories()
    augmented = X.prepend(np.full((len(X), 2), UNKNOWN_ITEM))
    actual, expected = fitted(estimator, augmented), fitted(estimator, X)
    assert_same_state(actual, expected, "fit learns from pseudo items")


def check_inverse_transform(estimator: Any) -> None:
    """`inverse_transform` gives the histories back."""
    estimator, X = prepared(estimator), make_histories()
    inverted = estimator.inverse_transform(estimator.fit_transform(X))
    assert inverted == X, "inverse_transform does not invert fit_transform"


def check_fit_transform(estimator: Any) -> None:
    """`fit_transform` is `fit` and `transform`, but for the number of variants."""
    if is_operator(estimator):
        return
    X = make_histories()
    expected = fitted(estimator, X).transform(X).variants[0]
    actual = prepared(estimator).fit_transform(X, X.last()).variants[0]
    assert actual == expected, "fit_transform differs from fit and transform"


def check_augment_at_fit(estimator: Any) -> None:
    """With ``augment_at="fit"`` only training histories are augmented."""
    if is_operator(estimator):
        return
    X = make_histories()
    expected = prepared(estimator).fit_transform(X)
    estimator = prepared(estimator, augment_at="fit")
    assert estimator.fit_transform(X) == expected, "fit_transform does not augment"
    assert estimator.transform(X) == X, "transform augments"


def check_max_history_length(estimator: Any) -> None:
    """Only histories of at most `max_history_length` observed items are augmented."""
    if not has_parameter(estimator, "max_history_length"):
        return
    X = make_histories()
    limit = int(np.median(X.lengths))
    augmented = fitted(estimator, max_history_length=limit).transform(X)
    expected = fitted(estimator).transform(X)
    is_short = X.lengths <= limit
    assert augmented[is_short] == expected[is_short], "short histories differ"
    assert augmented[~is_short] == X[~is_short], "long histories are augmented"


def check_pandas_output(estimator: Any) -> None:
    """Scikit-learn's global ``transform_output`` does not break ragged output."""
    X = make_histories()
    expected = fitted(estimator, X).transform(X)
    expected_of_fit = prepared(estimator).fit_transform(X)
    with config_context(transform_output="pandas"):
        assert fitted(estimator, X).transform(X) == expected, "transform differs"
        actual = prepared(estimator).fit_transform(X)
    assert actual == expected_of_fit, "fit_transform differs"


def check_n_variants(estimator: Any) -> None:
    """Several variants keep the histories, and begin with the only one.

    `n_variants` acts in training, `n_prediction_variants` in `transform`. An estimator
    whose parameters leave nothing to draw may refuse them.
    """
    if is_operator(estimator) or not has_parameter(estimator, "n_variants"):
        return
    X = make_histories()
    _check_variants(
        lambda n: prepared(estimator, n_variants=n).fit_transform(X), "n_variants", X
    )
    name = "n_prediction_variants"
    if not has_parameter(estimator, name):
        return
    _check_variants(
        lambda n: fitted(estimator).set_params(**{name: n}).transform(X), name, X
    )


def _check_variants(
    augment: Callable[[int], Sequences], name: str, X: Sequences
) -> None:
    one = augment(1)
    try:
        three = augment(3)
    except ValueError as error:
        if name not in str(error):
            raise
        return
    assert len(one.variants) == 1, f"{name}=1 makes several"
    assert len(three.variants) == 3, f"{name}=3 does not make three"
    assert three.variants[0] == one, "the first variant differs from the only one"
    for variant in three.variants:
        assert variant.strip_pseudo() == X, "a variant changes the histories"


def check_operator(estimator: Any) -> None:
    """Without pseudo items, only training sees changes, in variants after the first."""
    if not is_operator(estimator):
        return
    X = make_histories()
    estimator = prepared(estimator)
    augmented = estimator.fit_transform(X)
    assert estimator.transform(X) == X, "transform changes histories"
    first, *others = augmented.variants
    assert first == X, "the first variant differs from the histories"
    assert len(others) == estimator.n_variants - 1, "not as many variants as asked for"
    for variant in others:
        assert (variant.n_pseudo == 0).all(), "a variant has pseudo items"
        assert (variant.lengths > 0).all(), "a variant loses a history"
        unknown = np.setdiff1d(variant.values, estimator.item_ids_)
        assert not len(unknown), f"items {unknown} are not in item_ids_"


def check_operator_rows(estimator: Any) -> None:
    """Change every row in the same way, whatever stands beside or before it."""
    if not is_operator(estimator):
        return
    X = make_histories()
    estimator = fitted(estimator)
    whole = estimator.fit_transform(X)
    part = estimator._transform(estimator._encode(X[3:9]), is_training=True)
    assert part == whole[3:9], "rows change with other rows"
    pseudo = np.full((len(X), 2), X.values[0])
    encoded = estimator._encode(X.prepend(pseudo))
    augmented = estimator._transform(encoded, is_training=True)
    assert augmented == whole.prepend(pseudo), "pseudo items change rows"
