import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training.histories import has_target
from skdiffuasr.training.hold_out import hold_out
from tests.training.histories import histories, quick, rows_of


@quick
@given(histories(only_with_target=True), st.floats(0, 1, exclude_max=True))
def test_what_is_held_out_is_missing_from_training(X, fraction):
    training, validation = hold_out(X, fraction, random_state=0)
    assert len(validation) == int(fraction * len(X))
    assert has_target(training).all()
    before, held_out, left = rows_of(X), rows_of(validation), rows_of(training)
    for row, m in held_out:
        before.remove((row, m))
        if len(row) - 1 > max(m, 1):
            before.append((row[:-1], m))
    assert sorted(left) == sorted(before)


@pytest.mark.parametrize("n", [1, 5, 40])
def test_something_is_always_left_to_train_on(n):
    pairs = Sequences.from_iterable([[1, 2]] * n)
    training, validation = hold_out(pairs, 0.99, random_state=0)
    assert len(training) == n - len(validation) >= 1


def test_histories_that_end_in_a_pseudo_item_are_not_held_out():
    roles = make_roles(is_pseudo=[False, False, True, False, True, False])
    X = Sequences([1, 2, 3, 4, 5, 6], [0, 3, 6], roles)
    for seed in range(8):
        training, validation = hold_out(X, 0.5, seed)
        assert validation.to_lists() in ([], [[4, 5, 6]])
        n_items = [3, 3 - len(validation)]
        left = [n for n, kept in zip(n_items, has_target(X), strict=True) if kept]
        assert training.lengths.tolist() == [n for n in left if n > 2]


def test_held_out_rows_depend_on_the_seed():
    X = Sequences.from_iterable([[item, item + 1, item + 2] for item in range(50)])
    first, same, other = (hold_out(X, 0.3, seed)[1] for seed in (0, 0, 1))
    assert first == same
    assert first != other
