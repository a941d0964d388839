import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_normal, keyed_uniform, row_keys

quick = settings(max_examples=60, deadline=None)

rows_of_ids = st.sampled_from(
    [st.integers(-(2**63), 2**63 - 1), st.integers(0, 3), st.text("ab", max_size=3)]
).flatmap(lambda item: st.lists(st.lists(item, max_size=5), min_size=1, max_size=8))


def sequence(n):
    """Keys as poor as keys can be: neighbours differ in the last bits only."""
    return np.arange(n, dtype=np.uint64)


GOLDEN = 0x9E3779B97F4A7C15


def mix(word):
    """The output function of SplitMix64 in Python's integers."""
    word %= 2**64
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


def test_reference_has_the_published_outputs_of_splitmix64():
    outputs = [mix(1234567 + i * GOLDEN) for i in (1, 2, 3)]
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


# Keys


@quick
@given(rows_of_ids, st.integers(-5, 2**32), st.data())
def test_a_key_depends_on_its_row_only(rows, seed, data):
    X = Sequences.from_iterable(rows)
    keys = row_keys(X, seed)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1)))
    assert keys.dtype == np.uint64
    assert keys.shape == (len(rows),)
    np.testing.assert_array_equal(row_keys(X[chosen], seed), keys[chosen])
    np.testing.assert_array_equal(row_keys(X[1:], seed), keys[1:])


@quick
@given(rows_of_ids)
def test_keys_are_equal_just_for_equal_rows(rows):
    keys = row_keys(Sequences.from_iterable(rows), seed=0).tolist()
    assert len(set(keys)) == len(set(map(tuple, rows)))


def test_keys_do_not_see_pseudo_items():
    X = Sequences.from_iterable([[1, 2], [], [3]])
    augmented = X.prepend(np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(row_keys(augmented, 0), row_keys(X, 0))


def test_keys_come_from_user_ids_where_there_are_any():
    X = Sequences.from_iterable([[1, 2], [3]], user_ids=["a", "b"])
    Y = Sequences.from_iterable([[4], [1, 2]], user_ids=["b", "a"])
    np.testing.assert_array_equal(row_keys(X, 0), row_keys(Y, 0)[::-1])


def test_keys_do_not_see_the_width_of_strings():
    wide = Sequences(np.array(["a", "bc"], "<U9"), [0, 2])
    np.testing.assert_array_equal(
        row_keys(wide, 0), row_keys(Sequences.from_iterable([["a", "bc"]]), 0)
    )


def test_keys_tell_types_borders_and_order_apart():
    batches = [[[1, 2]], [["1", "2"]], [["12"]], [["1", "2", ""]], [[2, 1]], [[]]]
    batches += [[["a\0b"]], [["ab"]], [[0]], [[0, 0]], [[""]]]
    keys = [row_keys(Sequences.from_iterable(rows), 0).item() for rows in batches]
    assert len(set(keys)) == len(batches)


def test_seeds_give_other_keys():
    X = Sequences.from_iterable([[1, 2], [3]])
    keys = np.concatenate([row_keys(X, seed) for seed in range(-500, 500)])
    assert len(np.unique(keys)) == 2000


def test_keys_are_the_same_on_every_platform():
    """Compare with the definition in Python's integers, which know no overflow."""

    def hash_id(item):
        if isinstance(item, int):
            return mix(item ^ 0x243F6A8885A308D3)
        word = 0x13198A2E03707344
        for letter in item:
            word = mix(word + ord(letter))
        return word

    def hash_row(row):
        terms = [mix(hash_id(item) + mix(i)) for i, item in enumerate(row)]
        return mix(sum(terms) + mix(len(row)))

    seed = 5
    salt = mix(0xA4093822299F31D0 + seed * GOLDEN)
    for rows in ([[1, -7], [], [2**62]], [["ü", "abc"], [], ["\N{GRINNING FACE}"]]):
        expected = [mix(hash_row(row) ^ salt) for row in rows]
        assert row_keys(Sequences.from_iterable(rows), seed).tolist() == expected
    X = Sequences.from_iterable([[1], [2]], user_ids=["me", "you"])
    expected = [mix(hash_id(user) ^ salt) for user in ("me", "you")]
    assert row_keys(X, seed).tolist() == expected


def test_distinct_rows_do_not_collide():
    n = 100_000
    pairs = np.stack(np.divmod(np.arange(n), 400), axis=1)
    ints = Sequences(pairs.ravel(), np.arange(n + 1) * 2)
    strings = Sequences(ints.values.astype(np.str_), ints.offsets)
    for X in (ints, strings):
        assert len(np.unique(row_keys(X, seed=0))) == n


def test_keys_of_similar_rows_look_random():
    X = Sequences.from_iterable([[i] for i in range(20_000)])
    bits = np.unpackbits(row_keys(X, 0).view(np.uint8).reshape(-1, 8), axis=1)
    ones = bits.mean(axis=0)
    changed = (bits[1:] ^ bits[:-1]).mean(axis=0)
    # Six standard errors of a fair coin.
    bound = 6 * 0.5 / np.sqrt(len(bits) - 1)
    assert np.abs(ones - 0.5).max() < bound
    assert np.abs(changed - 0.5).max() < bound


# Draws


@pytest.mark.parametrize("draw", [keyed_uniform, keyed_normal])
def test_draws_depend_on_the_key_only(draw):
    keys = sequence(50)
    draws = draw(keys, 7)
    assert draws.shape == (50, 7)
    np.testing.assert_array_equal(draw(keys[20:30], 7), draws[20:30])
    np.testing.assert_array_equal(draw(keys[::-1], 7), draws[::-1])
    np.testing.assert_array_equal(draw(keys, 3), draws[:, :3])


@pytest.mark.parametrize("draw", [keyed_uniform, keyed_normal])
def test_blocks_leave_no_seams(draw):
    keys = sequence(3)
    wide = draw(keys, 100_000)
    np.testing.assert_array_equal(draw(keys, 10), wide[:, :10])
    tall = draw(sequence(100_000), 1)
    np.testing.assert_array_equal(tall[99_999:], draw(sequence(100_000)[-1:], 1))


@pytest.mark.parametrize("draw", [keyed_uniform, keyed_normal])
@pytest.mark.parametrize(("n", "n_draws"), [(0, 3), (3, 0), (0, 0)])
def test_no_draws_are_fine(draw, n, n_draws):
    assert draw(sequence(n), n_draws).shape == (n, n_draws)


def test_dtypes():
    assert keyed_uniform(sequence(2), 2).dtype == np.float64
    assert keyed_normal(sequence(2), 2).dtype == np.float32


@pytest.mark.parametrize(
    ("draw", "distribution"), [(keyed_uniform, "uniform"), (keyed_normal, "norm")]
)
@pytest.mark.parametrize(("n", "n_draws"), [(200_000, 1), (1, 200_000), (450, 450)])
def test_draws_follow_their_distribution(draw, distribution, n, n_draws):
    draws = draw(sequence(n), n_draws, stream=1).ravel()
    assert stats.kstest(draws, distribution).pvalue > 1e-3


def test_uniform_draws_are_the_outputs_of_splitmix64():
    key, stream = 12345, 2
    start = mix(key ^ mix(0x082EFA98EC4E6C89 + stream * GOLDEN))
    expected = [((mix(start + i * GOLDEN) >> 12) + 0.5) / 2**52 for i in (1, 2, 3)]
    draws = keyed_uniform(np.array([key], dtype=np.uint64), 3, stream)
    assert draws[0].tolist() == expected


def test_normal_draws_are_the_quantiles_of_the_uniform_ones():
    keys = sequence(100)
    np.testing.assert_allclose(
        keyed_normal(keys, 50), stats.norm.ppf(keyed_uniform(keys, 50)), rtol=1e-6
    )


def test_uniform_draws_exclude_the_ends():
    draws = keyed_uniform(sequence(1000), 1000)
    assert draws.min() > 0
    assert draws.max() < 1
    assert np.isfinite(keyed_normal(sequence(1000), 1000)).all()


def test_neighbours_are_uncorrelated():
    keys = sequence(400)
    draws = keyed_normal(keys, 400)
    pairs = {
        "keys": (draws[1:], draws[:-1]),
        "draws": (draws[:, 1:], draws[:, :-1]),
        "streams": (draws, keyed_normal(keys, 400, stream=1)),
        "stream and key": (draws[1:], keyed_normal(keys, 400, stream=1)[:-1]),
        "transposed": (draws, draws.T),
    }
    for name, (first, second) in pairs.items():
        off_diagonal = ~np.eye(*first.shape, dtype=bool)
        first, second = first[off_diagonal], second[off_diagonal]
        # Five standard errors of the correlation of independent numbers.
        correlation = np.corrcoef(first, second)[0, 1]
        assert abs(correlation) < 5 / np.sqrt(first.size), name


def test_squares_of_neighbours_are_uncorrelated():
    draws = keyed_normal(sequence(400), 400) ** 2
    for first, second in [(draws[1:], draws[:-1]), (draws[:, 1:], draws[:, :-1])]:
        correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert abs(correlation) < 5 / np.sqrt(first.size)


def test_streams_do_not_repeat():
    keys = sequence(200)
    draws = [keyed_uniform(keys, 50, stream) for stream in range(-2, 18)]
    assert len(np.unique(draws)) == 20 * 200 * 50
