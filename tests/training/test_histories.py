import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training.histories import (
    HistoryBatches,
    context,
    has_target,
    hold_out,
)
from tests.sequences.tables import with_leading_pseudo

quick = settings(max_examples=60, deadline=None)


@st.composite
def histories(draw, only_with_target=False):
    """Rows of item codes, some of whose first items are pseudo items."""
    rows, n_pseudo = [], []
    for _ in range(draw(st.integers(1, 12))):
        m = draw(st.integers(0, 3))
        n_real = draw(st.integers(2 if only_with_target else 0, 4))
        rows.append(
            draw(st.lists(st.integers(0, 9), min_size=m + n_real, max_size=m + n_real))
        )
        n_pseudo.append(m)
    return with_leading_pseudo(Sequences.from_iterable(rows), n_pseudo)


def rows_of(X):
    return list(zip(X.to_lists(), X.n_pseudo.tolist(), strict=True))


@quick
@given(histories(), st.integers(1, 5), st.integers(0, 3))
def test_an_epoch_holds_every_history_once(X, batch_size, epoch):
    found = []
    for items, lengths, is_target in HistoryBatches(X, batch_size)(epoch):
        assert items.shape == is_target.shape == (len(lengths), lengths.max())
        for row, length, mask in zip(items, lengths, is_target, strict=True):
            assert not row[length:].any()
            assert not mask[length:].any()
            m = int(length - mask.sum())
            assert mask[m:length].all()
            found.append((row[:length].tolist(), m))
    assert sorted(found) == sorted(rows_of(X))


def test_rows_are_padded_in_the_order_asked_for():
    X = Sequences.from_iterable([[5], [6, 7, 8], [9, 4]]).prepend([[], [1], []])
    items, lengths, is_target = HistoryBatches(X, 2).pad(np.array([2, 1]))
    assert items.tolist() == [[9, 4, 0, 0], [1, 6, 7, 8]]
    assert lengths.tolist() == [2, 4]
    assert is_target.int().tolist() == [[1, 1, 0, 0], [0, 1, 1, 1]]


@st.composite
def masked_histories(draw):
    """Rows with pseudo items anywhere, whose roles say what is learned and read."""
    X = draw(histories())
    n = len(X.values)
    mask = st.none() | st.lists(st.booleans(), min_size=n, max_size=n)
    names = ("is_pseudo", "is_target", "is_context")
    roles = make_roles(**{name: draw(mask) for name in names})
    return Sequences(X.values, X.offsets, roles)


def naive_steps(X):
    """Each item that is learned, with all that is read before it, row by row."""
    is_target = X.is_target
    is_context = context(X)
    steps = []
    for start, stop in zip(X.offsets, X.offsets[1:], strict=False):
        steps.append([])
        for place in range(start + 1, stop):
            read = X.values[start:place][is_context[start:place]].tolist()
            # An item that is not read is learned after its neighbour alone.
            may_be_learned = is_context[place] or is_context[place - 1]
            if is_target[place] and may_be_learned and read:
                steps[-1].append((*read, X.values[place].item()))
    return steps


def steps_of(items, lengths, is_target, passed_over=None):
    for row, row_items in enumerate(items.tolist()):
        steps = []
        for place in range(lengths[row]):
            if place and is_target[row, place]:
                steps.append((*row_items[:place], row_items[place]))
            if passed_over is not None and passed_over[row, place] >= 0:
                steps.append((*row_items[: place + 1], passed_over[row, place].item()))
        yield steps


@quick
@given(masked_histories())
def test_masks_say_what_is_learned_from_what(X):
    expected = naive_steps(X)
    assert has_target(X).tolist() == [len(steps) > 0 for steps in expected]
    everything = np.arange(len(X))
    found = list(steps_of(*HistoryBatches(X, 1).pad(everything)))
    assert [sorted(s) for s in found] == [sorted(s) for s in expected]


@quick
@given(masked_histories())
def test_items_that_are_passed_over_may_be_left_out(X):
    expected = []
    for row in range(len(X)):
        batch = HistoryBatches(X, 1).pad(np.array([row]))
        expected.append(bool(batch[2][:, 1:].any()))
    assert has_target(X, learns_passed_over=False).tolist() == expected


def order(epoch, random_state):
    X = Sequences.from_iterable([[item] for item in range(50)])
    batches = HistoryBatches(X, 10, random_state)(epoch)
    return torch.cat([items for items, _, _ in batches])[:, 0].tolist()


def test_the_order_depends_on_seed_and_epoch():
    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(1, 0) != order(1, 1)


@quick
@given(histories())
def test_targets_are_real_items_with_an_item_before_them(X):
    expected = [
        any(position >= max(m, 1) for position in range(len(row)))
        for row, m in rows_of(X)
    ]
    assert has_target(X).tolist() == expected


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
