from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from skdiffuasr.augmentation import RepeatedPaddingAugmenter
from skdiffuasr.sequences import Sequences, SequenceVariants, make_roles
from skdiffuasr.training.histories import (
    HistoryBatches,
    has_target,
    next_items,
    tokens,
    without_first_target,
)
from tests.training.histories import histories, quick, rows_of


@st.composite
def histories_with_roles(draw):
    """Rows with pseudo items anywhere, whose roles say what is learned and read."""
    X = draw(histories())
    n = len(X.values)
    mask = st.none() | st.lists(st.booleans(), min_size=n, max_size=n)
    names = ("is_pseudo", "is_target", "is_context")
    roles = make_roles(**{name: draw(mask) for name in names})
    return Sequences(X.values, X.offsets, roles)


def naive_rows(X):
    """For each row, what is read, which of it are targets, and its labels."""
    for start, stop in zip(X.offsets, X.offsets[1:], strict=False):
        # The last item is read, whatever its role.
        read = [p for p in range(start, stop) if X.is_context[p] or p == stop - 1]
        labels = []
        for place, following in pairwise(read):
            if X.is_target[place + 1]:
                labels.append(X.values[place + 1].item())
            elif X.is_target[following]:
                labels.append(X.values[following].item())
            else:
                labels.append(-1)
        yield (
            X.values[read].tolist(),
            X.is_target[read].tolist(),
            [*labels, -1][: len(read)],
        )


def cut(row, max_length):
    return row[-max_length:] if max_length else row


def check_padding(lengths, *columns):
    """Check what is behind the rows' ends, and return the rows without it."""
    *columns, pads = columns
    rows = []
    for row, length in enumerate(lengths.tolist()):
        for column, pad in zip(columns, pads, strict=True):
            assert column.shape[:2] == (len(lengths), lengths.max())
            assert (column[row, length:] == pad).all()
        rows.append([column[row, :length].tolist() for column in columns])
    return rows


MAX_LENGTHS = st.none() | st.integers(1, 8)


@quick
@given(histories_with_roles(), MAX_LENGTHS)
def test_labels_are_what_a_naive_loop_learns_after_each_item(X, max_length):
    batches = HistoryBatches(X, 1, max_length=max_length)
    items, lengths, labels = batches.pad(np.arange(len(X)))
    expected = [
        [cut(read[:-1], max_length), cut(labels[:-1], max_length)]
        for read, _, labels in naive_rows(X)
    ]
    assert check_padding(lengths, items, labels, (0, -1)) == expected
    is_usable = [any(label >= 0 for label in labels) for _, labels in expected]
    assert len(batches) == sum(is_usable)
    if max_length is None:
        assert has_target(X).tolist() == is_usable


@quick
@given(histories_with_roles(), MAX_LENGTHS)
def test_a_cloze_model_reads_all_and_may_mask_the_targets(X, max_length):
    batches = HistoryBatches(X, 1, max_length=max_length, cloze=True)
    items, lengths, labels = batches.pad(np.arange(len(X)))
    assert labels.dtype == torch.bool
    expected = [
        [cut(read, max_length), cut(is_target, max_length)]
        for read, is_target, _ in naive_rows(X)
    ]
    assert check_padding(lengths, items, labels, (0, False)) == expected
    assert len(batches) == sum(any(is_target) for _, is_target in expected)


@quick
@given(histories_with_roles(), MAX_LENGTHS, st.integers(1, 3))
def test_soft_labels_come_with_the_items_that_they_follow(X, max_length, k):
    """Those of the last item, too, which is read for their sake."""
    n = len(X.values)
    codes = np.arange(n * k).reshape(n, k)
    probabilities = (codes / 100).astype(np.float32)
    batches = HistoryBatches(
        X, 1, max_length=max_length, soft_labels=(codes, probabilities)
    )
    items, lengths, labels, soft_codes, soft = batches.pad(np.arange(len(X)))
    assert soft.shape == soft_codes.shape == (*items.shape, k)
    assert soft.dtype == torch.float32
    expected = [
        [cut(read, max_length), cut(labels, max_length)]
        for read, _, labels in naive_rows(X)
    ]
    rows = check_padding(lengths, items, labels, soft_codes, soft, (0, -1, 0, 0))
    assert [row[:2] for row in rows] == expected
    positions = Sequences(np.arange(n), X.offsets, X.roles)
    for row, (read, _, _) in zip(rows, naive_rows(positions), strict=True):
        read = cut(read, max_length)
        assert row[2] == codes[read].tolist()
        np.testing.assert_array_equal(np.reshape(row[3], (-1, k)), probabilities[read])
    assert len(batches) == sum(len(read) > 0 for read, _ in expected)


def test_soft_labels_must_fit_the_items():
    soft_labels = np.zeros((3, 2), dtype=np.int64), np.ones((4, 2), dtype=np.float32)
    X = Sequences.from_iterable([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="each of the 4 items of all variants, got 3"):
        HistoryBatches(X, 1, soft_labels=soft_labels)


def steps_of(X):
    """Each label with all that is read before it."""
    items, lengths, labels = HistoryBatches(X, 1).pad(np.arange(len(X)))
    for row, row_labels, n in zip(items, labels, lengths, strict=True):
        for place in range(n):
            if row_labels[place] >= 0:
                yield (*row[: place + 1].tolist(), row_labels[place].item())


def naive_steps(X):
    """Each target with all that is read before it, its neighbour at the latest."""
    for row in range(len(X)):
        one = X[row : row + 1]
        is_read, is_target = one.is_context, one.is_target
        is_read[-1:] = True
        for place in range(1, len(is_target)):
            read = one.values[:place][is_read[:place]].tolist()
            if is_target[place] and read and (is_read[place] or is_read[place - 1]):
                yield (*read, one.values[place].item())


@quick
@given(histories(), st.booleans(), st.booleans(), st.integers(1, 12))
def test_repeated_histories_lose_no_step(X, separator, read_last_item, max_length):
    """No item of a copy is skipped before another one to be learned."""
    assume(not X.is_pseudo.all())
    augmented = RepeatedPaddingAugmenter(
        max_length,
        repetitions="max",
        separator=separator,
        read_last_item=read_last_item,
        n_variants=1,
    ).fit_transform(X)
    assert list(steps_of(augmented)) == list(naive_steps(augmented))


@quick
@given(histories(), st.integers(1, 5), st.integers(0, 3))
def test_an_epoch_holds_every_history_with_a_target_once(X, batch_size, epoch):
    found = []
    for items, lengths, labels in HistoryBatches(X, batch_size)(epoch):
        for row, row_labels in check_padding(lengths, items, labels, (0, -1)):
            m = row_labels.count(-1) + 1
            assert all(label >= 0 for label in row_labels[m - 1 :])
            found.append(([row[0], *row[1:m], *row_labels[m - 1 :]], m))
    expected = [(row, max(m, 1)) for row, m in rows_of(X) if len(row) > max(m, 1)]
    assert sorted(found) == sorted(expected)


def test_rows_are_padded_in_the_order_asked_for():
    X = Sequences.from_iterable([[5], [6, 7, 8], [9, 4]]).prepend([[], [1], []])
    items, lengths, labels = HistoryBatches(X, 2).pad(np.array([2, 1]))
    assert items.tolist() == [[9, 0, 0], [1, 6, 7]]
    assert lengths.tolist() == [1, 3]
    assert labels.tolist() == [[4, -1, -1], [6, 7, 8]]


def test_a_variant_without_labels_gives_way_to_the_first():
    first = Sequences.from_iterable([[1, 2], [3]])
    variants = SequenceVariants([first, first.tail(1)])
    batches = HistoryBatches(variants, 1)
    assert len(batches) == 1
    for epoch in range(9):
        ((items, _, labels),) = batches(epoch)
        assert (items.tolist(), labels.tolist()) == ([[1]], [[2]])


@pytest.mark.parametrize("n_variants", [2, 3])
def test_each_epoch_draws_a_variant_of_every_row(n_variants):
    rows = range(0, 400, 10)
    batches = HistoryBatches(
        SequenceVariants(
            Sequences.from_iterable([[row + variant, 0] for row in rows])
            for variant in range(n_variants)
        ),
        8,
    )
    epochs = [
        sorted(torch.cat([items[:, 0] for items, _, _ in batches(epoch)]).tolist())
        for epoch in (0, 0, 1)
    ]
    assert epochs[0] == epochs[1] != epochs[2]
    for read in epochs:
        assert [item // 10 * 10 for item in read] == list(rows)
        assert {item % 10 for item in read} == set(range(n_variants))


def test_an_item_that_is_not_read_is_learned_in_place_of_the_next():
    X = Sequences([1, 2, 3], [0, 3], make_roles(is_context=[True, False, True]))
    assert next_items(X).tolist() == [2, -1, -1]


def order(epoch, random_state):
    X = Sequences.from_iterable([[item, 0] for item in range(50)])
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
@given(X=histories_with_roles())
def test_tokens_are_codes_with_an_offset_for_generated_items(X):
    """Pseudo items of a row that learns some of them are copies."""
    expected = X.values.tolist()
    for start, stop in pairwise(X.offsets.tolist()):
        if not (X.is_pseudo & X.is_target)[start:stop].any():
            for p in range(start, stop):
                expected[p] += 10 * int(X.is_pseudo[p])
    assert tokens(X, 10).tolist() == expected
    assert tokens(X, 0).tolist() == X.values.tolist()


@quick
@given(X=histories_with_roles())
def test_the_first_observed_item_is_not_learned_behind_a_generated_one(X):
    expected = X.is_target
    for start, stop in pairwise(X.offsets.tolist()):
        observed = [p for p in range(start, stop) if not X.is_pseudo[p]]
        has_copies = (X.is_pseudo & X.is_target)[start:stop].any()
        if observed and observed[0] > start and not has_copies:
            expected[observed[0]] = False
    actual = without_first_target(X)
    assert actual.is_target.tolist() == expected.tolist()
    assert actual.is_context.tolist() == X.is_context.tolist()
    assert actual.is_pseudo.tolist() == X.is_pseudo.tolist()


@pytest.mark.parametrize("cloze", [False, True])
def test_batches_have_tokens_to_read_and_codes_to_learn(cloze):
    X = Sequences.from_iterable([[1, 2, 3]]).prepend([[4, 5]])
    items, lengths, labels = HistoryBatches(X, 1, cloze=cloze, pseudo_offset=10).pad(
        np.arange(1)
    )
    if cloze:
        assert items.tolist() == [[14, 15, 1, 2, 3]]
        assert labels.tolist() == [[False, False, False, True, True]]
    else:
        assert items.tolist() == [[14, 15, 1, 2]]
        assert labels.tolist() == [[-1, -1, 2, 3]]
    assert lengths.tolist() == [items.shape[1]]


def test_a_prefix_that_is_told_apart_changes_no_batch():
    X = Sequences.from_iterable([[row] * (2 + row % 7) for row in range(50)])
    prefixed = X.prepend(np.full((50, 3), 60))
    expected = [items[:, 0].tolist() for items, *_ in HistoryBatches(X, 8)(0)]
    batches = HistoryBatches(prefixed, 8, pseudo_offset=100)(0)
    assert [items[:, 3].tolist() for items, *_ in batches] == expected
