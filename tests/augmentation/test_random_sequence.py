import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from skdiffuasr import RandomSequenceAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences


@pytest.fixture(scope="module")
def log():
    return make_sequences(n_users=400, n_items=30, random_state=0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=6), min_size=1),
    st.integers(1, 5),
    st.integers(0, 100),
)
def test_items_come_from_the_history_itself(rows, n_pseudo_items, seed):
    augmenter = RandomSequenceAugmenter(n_pseudo_items, random_state=seed)
    for row, augmented in zip(
        rows, augmenter.fit_transform(rows).to_lists(), strict=True
    ):
        assert augmented[n_pseudo_items:] == row
        assert set(augmented[:n_pseudo_items]) <= set(row)


def test_places_of_the_history_are_drawn_alike():
    # An item that stands twice in the history is drawn twice as often.
    X = Sequences.from_iterable([[5, 7, 5, 9]] * 2000, user_ids=np.arange(2000))
    drawn = RandomSequenceAugmenter(3, random_state=0).fit(X).generate(X).ravel()
    counts = [(drawn == item).sum() for item in (5, 7, 9)]
    assert chisquare(counts, [3000, 1500, 1500]).pvalue > 0.01


def test_draws_depend_on_the_row_alone(log):
    augmenter = RandomSequenceAugmenter(4, n_variants=2, random_state=0).fit(log.X)
    whole = augmenter.transform(log.X)
    assert augmenter.transform(log.X[50:60]) == whole[50:60]
    order = np.random.default_rng(0).permutation(len(log.X))
    assert augmenter.transform(log.X[order]) == whole[order]


def test_variants_are_independent_draws():
    X = Sequences.from_iterable([[1, 2, 3, 4]] * 3000, user_ids=np.arange(3000))
    augmenter = RandomSequenceAugmenter(1, n_variants=2, random_state=0)
    first, second = augmenter.fit_transform(X).variants
    np.testing.assert_array_equal(
        first.values[first.offsets[:-1]], augmenter.generate(X)[:, 0]
    )
    pairs = np.zeros((4, 4))
    places = first.values[first.offsets[:-1]], second.values[second.offsets[:-1]]
    np.add.at(pairs, (places[0] - 1, places[1] - 1), 1)
    assert chisquare(pairs.ravel()).pvalue > 0.01


def test_unknown_items_are_not_drawn(log):
    augmenter = RandomSequenceAugmenter(8, random_state=0).fit(log.X)
    drawn = augmenter.generate([[999, 3, 999, 4]])
    assert set(drawn[0].tolist()) == {3, 4}
    strict = augmenter.set_params(unknown_items="error")
    with pytest.raises(ValueError, match="999"):
        strict.generate([[999, 3]])


@pytest.mark.parametrize("row", [[], [999]], ids=["empty", "unknown"])
def test_without_known_items_the_catalogue_is_drawn_from(log, row):
    X = Sequences.from_iterable([row] * 1000, user_ids=np.arange(1000))
    augmenter = RandomSequenceAugmenter(6, random_state=0).fit(log.X)
    codes = np.searchsorted(augmenter.item_ids_, augmenter.generate(X).ravel())
    assert chisquare(np.bincount(codes, minlength=30)).pvalue > 0.01


def test_pseudo_items_are_not_drawn_from():
    X = Sequences.from_iterable([[1, 2], [3]])
    augmenter = RandomSequenceAugmenter(9, random_state=0).fit(X)
    with_pseudo = X.prepend(np.array([[3], [1]]))
    np.testing.assert_array_equal(
        augmenter.generate(with_pseudo), augmenter.generate(X)
    )


def test_histories_without_items_are_an_error():
    with pytest.raises(ValueError, match="Every history of X is empty"):
        RandomSequenceAugmenter().fit([[], []])
