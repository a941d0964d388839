import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, SequenceVariants, make_roles
from skdiffuasr.training.histories import has_masks, has_target
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


@pytest.mark.parametrize("learned", ["pseudo items", "a part", "all but one read"])
def test_with_roles_a_history_drawn_is_not_trained_on(learned):
    """What is held out may be a pseudo item or the context of another one."""
    roles = make_roles(
        is_pseudo=[True, False, False, False] * 4,
        is_target=[learned == "pseudo items", learned != "a part", True, True] * 4,
        is_context=[True, learned != "all but one read", True, True] * 4,
    )
    rows = [[90 + row, 10 * row, 10 * row + 1, 10 * row + 2] for row in range(4)]
    X = Sequences([item for row in rows for item in row], range(0, 17, 4), roles)
    assert has_masks(X)
    training, validation = hold_out(X, 0.5, random_state=0)
    drawn = [row // 10 for row, *_ in validation.to_lists()]
    assert len(drawn) == 2
    assert validation.to_lists() == [rows[row][1:] for row in drawn]
    assert training == X[[row for row in range(4) if row not in drawn]]


def test_a_history_stays_if_all_variants_have_its_observed_items():
    rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 5, 9]]
    other = [[1, 2, 3], [4, 6, 6], [7, 8, 9], [5, 9]]
    observed = Sequences.from_iterable(rows)
    variants = [
        observed.prepend([[8], [], [6, 7], []]),
        Sequences.from_iterable(other).prepend([[], [9], [4], [3]]),
        observed,
    ]
    training, validation = hold_out(SequenceVariants(variants), 1.0, random_state=0)
    assert validation == variants[0]
    assert [variant.to_lists() for variant in training.variants] == [
        [[8, 1, 2], [6, 7, 7, 8]],
        [[1, 2], [4, 7, 8]],
        [[1, 2], [7, 8]],
    ]
