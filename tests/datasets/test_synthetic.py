import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from scipy.stats import chisquare

from skdiffuasr.datasets import make_sequences


@pytest.fixture(scope="module")
def data():
    return make_sequences(n_users=2000, n_items=500, random_state=0)


def mean_per_row(X, item_factors):
    sums = np.add.reduceat(item_factors[X.values], X.offsets[:-1])
    return sums / X.lengths[:, None]


def full_histories(data):
    return data.X.prepend(data.hidden)


def test_the_same_seed_gives_the_same_data(data):
    again = make_sequences(n_users=2000, n_items=500, random_state=0)

    assert again.X == data.X
    assert again.hidden == data.hidden
    for name in ("item_factors", "item_popularity", "user_factors", "transition"):
        assert_array_equal(again[name], data[name])


def test_another_seed_gives_other_data(data):
    other = make_sequences(n_users=2000, n_items=500, random_state=1)

    assert other.X != data.X


def test_a_random_state_instance_is_advanced():
    rng = np.random.RandomState(0)
    first, second = (make_sequences(20, 50, random_state=rng) for _ in range(2))

    assert first.X != second.X


def test_rows_carry_user_ids(data):
    assert_array_equal(data.X.user_ids, np.arange(2000))
    assert_array_equal(data.hidden.user_ids, np.arange(2000))


def test_lengths_have_a_long_tail(data):
    lengths = data.X.lengths

    assert lengths.min() == 3
    assert 0.4 <= np.mean(lengths <= 5) <= 0.6
    assert np.mean(lengths > 10) >= 0.15
    assert 0.02 <= np.mean(lengths > 20) <= 0.1
    assert lengths.mean() == pytest.approx(8, rel=0.1)


def test_every_user_hides_the_same_number_of_items(data):
    assert set(data.hidden.lengths) == {15}
    assert not data.hidden.n_pseudo.any()


def test_nothing_is_hidden_on_request():
    data = make_sequences(30, 50, n_hidden_items=0, random_state=0)

    assert not data.hidden.lengths.any()
    assert data.X.lengths.min() >= 3


def test_no_item_repeats_in_a_history(data):
    assert all(len(set(row)) == len(row) for row in full_histories(data).to_lists())


def test_items_repeat_on_request():
    data = make_sequences(100, 20, allow_repeats=True, random_state=0)

    assert any(len(set(row)) < len(row) for row in data.X.to_lists())


def test_a_history_without_repeats_ends_with_the_catalogue():
    data = make_sequences(200, 20, n_hidden_items=10, random_state=0)

    assert full_histories(data).lengths.max() == 20


def test_factors_are_unit_vectors(data):
    assert_allclose(np.linalg.norm(data.item_factors, axis=1), 1, rtol=1e-5)
    assert_allclose(np.linalg.norm(data.user_factors, axis=1), 1, rtol=1e-5)


def test_transition_is_orthogonal(data):
    assert_allclose(data.transition @ data.transition.T, np.eye(8), atol=1e-5)


def test_popularity_follows_zipf():
    data = make_sequences(10, 40, popularity_exponent=1.5, random_state=0)
    zipf = np.arange(1, 41.0) ** -1.5

    assert_allclose(np.sort(data.item_popularity)[::-1], zipf / zipf.sum())


def test_choice_follows_popularity_where_nothing_else_counts():
    data = make_sequences(
        500,
        10,
        interest_strength=0,
        transition_strength=0,
        allow_repeats=True,
        random_state=0,
    )
    counts = np.bincount(data.X.values, minlength=10)

    assert chisquare(counts, data.item_popularity * counts.sum()).pvalue > 1e-3


def test_choice_follows_the_documented_probabilities():
    data = make_sequences(
        1000,
        4,
        n_factors=3,
        interest_strength=0,
        transition_strength=2.0,
        allow_repeats=True,
        random_state=0,
    )
    histories = full_histories(data)
    is_first = np.zeros(len(histories.values), dtype=bool)
    is_first[histories.offsets[:-1]] = True
    previous, chosen = histories.values[:-1], histories.values[1:]
    inside = ~is_first[1:]
    scores = 2.0 * data.item_factors @ data.transition.T @ data.item_factors.T
    expected = softmax(scores + np.log(data.item_popularity), axis=1)

    for item in range(4):
        counts = np.bincount(chosen[inside & (previous == item)], minlength=4)
        assert chisquare(counts, expected[item] * counts.sum()).pvalue > 1e-3


def test_interests_of_users_who_do_not_drift_explain_their_choices():
    data = make_sequences(
        1000,
        4,
        n_factors=3,
        interest_strength=2.0,
        transition_strength=0,
        drift=0,
        allow_repeats=True,
        random_state=0,
    )
    scores = 2.0 * data.user_factors @ data.item_factors.T
    expected = softmax(scores + np.log(data.item_popularity), axis=1)
    counts = np.bincount(data.X.values, minlength=4)

    assert chisquare(counts, data.X.lengths @ expected).pvalue > 1e-3


def test_the_next_item_is_predictable(data):
    n_items = len(data.item_ids)
    train, last = data.X.drop_last(), data.X.last()
    popularity = np.bincount(train.values, minlength=n_items).astype(float)
    follows = np.ones(len(train.values), dtype=bool)
    follows[train.offsets[:-1]] = False
    transitions = np.zeros((n_items, n_items))
    np.add.at(transitions, (train.values[:-1], train.values[1:]), follows[1:])
    markov = transitions[train.last()] + 1e-6 * popularity
    wanted = 10 * (
        mean_per_row(train, data.item_factors)
        + data.item_factors[train.last()] @ data.transition.T
    )
    latent = wanted @ data.item_factors.T + np.log(data.item_popularity)

    def hit_rate(scores):
        seen = np.repeat(np.arange(len(train)), train.lengths)
        scores = scores.copy()
        scores[seen, train.values] = -np.inf
        best = np.argpartition(-scores, 10, axis=1)[:, :10]
        return np.mean((best == last[:, None]).any(axis=1))

    by_popularity = hit_rate(np.tile(popularity, (len(train), 1)))
    assert hit_rate(markov) > 1.5 * by_popularity
    assert hit_rate(latent) > 3 * by_popularity


def test_hidden_items_are_predictable_from_visible_items(data):
    visible = mean_per_row(data.X, data.item_factors)
    hidden = mean_per_row(data.hidden, data.item_factors)
    of_same_user = np.mean(np.sum(visible * hidden, axis=1))
    of_another_user = np.mean(np.sum(visible * np.roll(hidden, 1, axis=0), axis=1))

    assert of_same_user > 0.4
    assert of_same_user > of_another_user + 0.3


def test_hidden_items_come_right_before_the_visible_ones(data):
    expected = data.item_factors[data.hidden.last()] @ data.transition.T
    first = data.item_factors[data.X.values[data.X.offsets[:-1]]]
    unrelated = np.roll(first, 1, axis=0)

    def mean_cosine(factors):
        return np.mean(np.sum(expected * factors, axis=1))

    assert mean_cosine(first) > mean_cosine(unrelated) + 0.2


@settings(max_examples=25, deadline=None)
@given(
    n_users=st.integers(1, 40),
    n_items=st.integers(12, 60),
    n_factors=st.integers(1, 5),
    n_hidden_items=st.integers(0, 8),
    min_length=st.integers(1, 4),
    allow_repeats=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
)
def test_shapes_and_ranges(
    n_users, n_items, n_factors, n_hidden_items, min_length, allow_repeats, seed
):
    data = make_sequences(
        n_users,
        n_items,
        n_factors=n_factors,
        n_hidden_items=n_hidden_items,
        min_length=min_length,
        allow_repeats=allow_repeats,
        random_state=seed,
    )

    assert data.X.shape == data.hidden.shape == (n_users,)
    assert data.X.lengths.min() >= min_length
    assert data.item_factors.shape == (n_items, n_factors)
    assert data.user_factors.shape == (n_users, n_factors)
    assert_array_equal(data.item_ids, np.arange(n_items))
    assert np.isin(full_histories(data).values, data.item_ids).all()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_users": 0}, ValueError, "n_users == 0"),
        ({"n_items": 10.5}, TypeError, "n_items must be an instance of"),
        ({"mean_length": 3}, ValueError, "mean_length == 3"),
        ({"drift": -0.1}, ValueError, "drift == -0.1"),
        ({"n_items": 17}, ValueError, "n_items=17 is too small .* 18 different"),
    ],
)
def test_bad_parameters_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        make_sequences(**parameters)
