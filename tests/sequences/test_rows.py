import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences
from tests.sequences.tables import assert_is, build, quick, tables


@quick
@given(tables(), st.integers(-10, 10))
def test_integer_key_gives_the_row(table, key):
    rows, X = table[0], build(*table)
    if -len(rows) <= key < len(rows):
        assert X[key].tolist() == rows[key]
        assert X[np.int64(key), ...].tolist() == rows[key]
    else:
        with pytest.raises(IndexError, match=f"row {key} is out of bounds"):
            X[key]


@quick
@given(tables(), st.slices(8))
def test_slices_follow_lists(table, key):
    rows, roles, users = table
    expected = (rows[key], roles[key], users if users is None else users[key])
    assert_is(build(*table)[key], *expected)
    assert_is(build(*table)[key, ...], *expected)


@quick
@given(tables(min_rows=1), st.data())
def test_fancy_and_boolean_keys_follow_lists(table, data):
    rows, roles, users = table
    n = len(rows)
    key = data.draw(st.lists(st.integers(-n, n - 1), max_size=2 * n))
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    for numbers, keys in [
        (key, [key, np.array(key, dtype=np.intp)]),
        (np.flatnonzero(mask).tolist(), [mask, np.array(mask)]),
    ]:
        chosen_users = None if users is None else [users[i] for i in numbers]
        chosen = [rows[i] for i in numbers], [roles[i] for i in numbers]
        for each in keys:
            assert_is(build(*table)[each], *chosen, chosen_users)
            assert_is(build(*table)[each, ...], *chosen, chosen_users)


@pytest.mark.parametrize("rows", [[[1, 2], [3], [4]], [["longest"], ["a"], ["b"]]])
def test_slices_share_the_values(rows):
    X = Sequences.from_iterable(rows)
    assert np.shares_memory(X[1:].values, X.values)
    assert np.shares_memory(X[2], X.values)


@pytest.mark.parametrize(
    "key", [1.0, "a", None, True, [0.5], [[0]], (0, 1), ([0], slice(None)), [9], [True]]
)
def test_bad_keys_are_refused(X, key):
    with pytest.raises(IndexError):
        X[key]


def test_len_shape_and_iteration(X):
    assert len(X) == 7
    assert X.shape == (7,)
    assert [row.tolist() for row in X] == X.to_lists()


@quick
@given(tables(), st.integers(0, 7))
def test_drop_last_follows_lists(table, k):
    rows, roles, users = table
    kept, left = ([r[: max(len(r) - k, 0)] for r in lists] for lists in (rows, roles))
    assert_is(build(*table).drop_last(k), kept, left, users)


def test_drop_last_takes_one_number_per_row():
    X = build([[1, 2], [3, 4], [5]]).drop_last(np.array([0, 1, 2]))
    assert_is(X, [[1, 2], [3], []])


@quick
@given(tables(), st.integers(0, 7))
def test_tail_follows_lists(table, max_length):
    rows, roles, users = table
    kept, left = (
        [r[max(len(r) - max_length, 0) :] for r in lists] for lists in (rows, roles)
    )
    assert_is(build(*table).tail(max_length), kept, left, users)


@pytest.mark.parametrize(
    "call",
    [
        lambda X: X.tail(-1),
        lambda X: X.drop_last(-1),
        lambda X: X.drop_last(np.array([1, -1, 0, 0, 0, 0, 0])),
        lambda X: X.to_padded(-1),
    ],
)
def test_negative_counts_are_refused(X, call):
    with pytest.raises(ValueError, match="must not be negative"):
        call(X)


@quick
@given(tables(min_rows=1))
def test_last_follows_lists(table):
    rows, X = table[0], build(*table)
    if all(rows):
        assert X.last().tolist() == [row[-1] for row in rows]
    else:
        first = next(i for i, row in enumerate(rows) if not row)
        with pytest.raises(ValueError, match=f"Row {first} of X has 0 items"):
            X.last()


@quick
@given(tables(), st.data())
def test_items_are_kept_with_their_roles(table, data):
    rows, roles, users = table
    n = sum(map(len, rows))
    is_kept = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    flags = iter(is_kept)
    kept = [[next(flags) for _ in row] for row in rows]
    chosen = (
        [
            [x for x, k in zip(r, ks, strict=True) if k]
            for r, ks in zip(lists, kept, strict=True)
        ]
        for lists in (rows, roles)
    )
    found = build(*table)._where(np.array(is_kept, dtype=bool))
    assert_is(found, *chosen, users)


@quick
@given(tables(), st.data())
def test_selections_of_selections_store_what_a_checked_batch_stores(table, data):
    """Parts that are not checked again are what the constructor would make of them."""
    X = build(*table)
    steps = [
        lambda X: X[1:],
        lambda X: X[::-1],
        lambda X: X.tail(2),
        lambda X: X.drop_last(),
        lambda X: X.strip_pseudo(),
        lambda X: X.prepend(X),
    ]
    for step in data.draw(st.lists(st.sampled_from(steps), max_size=4)):
        X = step(X)
    checked = Sequences(*X._parts())
    assert X == checked
    for part, other in zip(X._parts(), checked._parts(), strict=True):
        if part is not None:
            assert (part.dtype, part.strides) == (other.dtype, other.strides)
            assert not part.flags.writeable


@quick
@given(tables())
def test_the_masks_are_the_bits_of_the_roles(table):
    X, roles = build(*table), table[1]
    flat = [flag for row in roles for flag in row]
    assert X.is_pseudo.tolist() == [flag in (1, 3, 5, 7) for flag in flat]
    assert X.is_target.tolist() == [flag in (2, 3, 6, 7) for flag in flat]
    assert X.is_context.tolist() == [flag in (4, 5, 6, 7) for flag in flat]
    assert X.n_pseudo.tolist() == [sum(flag % 2 for flag in row) for row in roles]
