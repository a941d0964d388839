import numpy as np
import pytest
from scipy.stats import chisquare

from skdiffuasr import RandomAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences


@pytest.fixture(scope="module")
def log():
    return make_sequences(n_users=400, n_items=30, random_state=0)


def counts_of(values, item_ids):
    return np.bincount(np.searchsorted(item_ids, values), minlength=len(item_ids))


def test_pseudo_items_come_before_the_history(log):
    augmenter = RandomAugmenter(4, random_state=0)
    augmented = augmenter.fit_transform(log.X)
    assert (augmented.n_pseudo == 4).all()
    assert augmented.strip_pseudo() == log.X
    np.testing.assert_array_equal(augmented[7][:4], augmenter.generate(log.X)[7])


def test_uniform_items_are_drawn_alike(log):
    augmenter = RandomAugmenter(20, random_state=0).fit(log.X)
    drawn = counts_of(augmenter.generate(log.X).ravel(), augmenter.item_ids_)
    assert chisquare(drawn).pvalue > 0.01


def test_popular_items_are_drawn_in_proportion_to_their_counts(log):
    augmenter = RandomAugmenter(20, distribution="popularity", random_state=0)
    drawn = counts_of(augmenter.fit(log.X).generate(log.X).ravel(), augmenter.item_ids_)
    counts = counts_of(log.X.values, augmenter.item_ids_)
    np.testing.assert_array_equal(augmenter.item_counts_, counts)
    assert chisquare(drawn, drawn.sum() * counts / counts.sum()).pvalue > 0.01
    assert chisquare(drawn).pvalue < 1e-6


def test_distribution_can_be_changed_after_fit(log):
    augmenter = RandomAugmenter(4, random_state=0).fit(log.X)
    uniform = augmenter.generate(log.X)
    popular = augmenter.set_params(distribution="popularity").generate(log.X)
    fitted = RandomAugmenter(4, distribution="popularity", random_state=0).fit(log.X)
    np.testing.assert_array_equal(popular, fitted.generate(log.X))
    assert (popular != uniform).any()


def test_items_of_pseudo_items_do_not_count(log):
    augmenter = RandomAugmenter(3, random_state=0).fit(log.X)
    again = RandomAugmenter(3, random_state=0).fit(augmenter.transform(log.X))
    np.testing.assert_array_equal(again.item_counts_, augmenter.item_counts_)


def test_draws_depend_on_the_row_alone(log):
    augmenter = RandomAugmenter(4, n_variants=2, random_state=0).fit(log.X)
    whole = augmenter.transform(log.X)
    assert augmenter.transform(log.X[50:60]) == whole[50:60]
    order = np.random.default_rng(0).permutation(len(log.X))
    assert augmenter.transform(log.X[order]) == whole[order]


def test_variants_are_independent_draws(log):
    augmenter = RandomAugmenter(20, n_prediction_variants=3, random_state=0).fit(log.X)
    draws = [
        variant.drop_last(variant.lengths - variant.n_pseudo).values
        for variant in augmenter.transform(log.X).variants
    ]
    np.testing.assert_array_equal(draws[0], augmenter.generate(log.X).ravel())
    for first, second in ((0, 1), (0, 2), (1, 2)):
        # Independent draws of 30 items agree once in 30 times.
        agreements = (draws[first] == draws[second]).sum()
        n_draws = len(draws[0])
        expected = [n_draws / 30, n_draws * 29 / 30]
        assert chisquare([agreements, n_draws - agreements], expected).pvalue > 0.01


def test_only_short_histories_are_augmented_in_each_variant(log):
    augmenter = RandomAugmenter(2, n_variants=2, max_history_length=5, random_state=0)
    for variant in augmenter.fit_transform(log.X).variants:
        np.testing.assert_array_equal(variant.n_pseudo > 0, log.X.lengths <= 5)


def test_ids_of_another_type_are_refused(log):
    augmenter = RandomAugmenter(2, random_state=0).fit(log.X)
    with pytest.raises(TypeError, match="str"):
        augmenter.generate([["a"]])


def test_histories_without_items_are_an_error():
    with pytest.raises(ValueError, match="Every history of X is empty"):
        RandomAugmenter().fit([[], []])


def test_one_item_is_drawn_always():
    X = Sequences.from_iterable([["a"], []])
    augmented = RandomAugmenter(2, random_state=0).fit_transform(X)
    assert augmented.to_lists() == [["a", "a", "a"], ["a", "a"]]
