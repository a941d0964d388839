import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.augmentation.diffusion.training_pairs import (
    check_training_pairs,
    find_training_pairs,
)
from skdiffuasr.sequences import Sequences

HISTORIES = st.lists(st.lists(st.integers(0, 50), max_size=12), min_size=1, max_size=8)


def naive_windows(histories, n_pseudo_items):
    return [
        (row[start : start + n_pseudo_items], row[start + n_pseudo_items :])
        for row in histories
        for start in range(len(row) - n_pseudo_items)
    ]


def bounds(starts, ends):
    return torch.from_numpy(starts), torch.from_numpy(ends)


def as_lists(pairs):
    windows, starts, ends = pairs.take(np.arange(len(pairs)), bounds)
    suffixes = [pairs.values[a:b].tolist() for a, b in zip(starts, ends, strict=True)]
    return list(zip(windows.tolist(), suffixes, strict=True))


@given(histories=HISTORIES, n_pseudo_items=st.integers(1, 6))
def test_windows_are_all_windows_that_something_follows(histories, n_pseudo_items):
    pairs = find_training_pairs(
        Sequences.from_iterable(histories), n_pseudo_items, "windows"
    )
    assert as_lists(pairs) == naive_windows(histories, n_pseudo_items)


@given(histories=HISTORIES, n_pseudo_items=st.integers(1, 6))
def test_heads_are_the_first_items_of_long_histories(histories, n_pseudo_items):
    pairs = find_training_pairs(
        Sequences.from_iterable(histories), n_pseudo_items, "heads"
    )
    assert as_lists(pairs) == [
        (row[:n_pseudo_items], row[n_pseudo_items:])
        for row in histories
        if len(row) > n_pseudo_items
    ]


def test_batches_hold_every_pair_once_and_repeat_for_a_seed():
    histories = Sequences.from_iterable(
        [range(100 * row, 100 * row + 9) for row in range(7)]
    )
    pairs = find_training_pairs(histories, 3, "windows")
    seen, again, other = (
        [windows for windows, _, _ in pairs.batches(5, 1, bounds, epoch)]
        for epoch in (0, 0, 1)
    )
    flat = np.concatenate(seen)
    assert sorted(flat.tolist()) == [window for window, _ in as_lists(pairs)]
    assert flat.tolist() == np.concatenate(again).tolist()
    assert flat.tolist() != np.concatenate(other).tolist()


def test_split_keeps_the_pairs_of_a_history_together():
    histories = Sequences.from_iterable(
        [range(100 * row, 100 * row + 9) for row in range(20)]
    )
    pairs = find_training_pairs(histories, 3, "windows")
    training, validation = pairs.split(0.25, random_state=0)
    assert len(training) + len(validation) == len(pairs)
    assert len(np.unique(validation.ends)) == 5
    assert not np.isin(validation.ends, training.ends).any()


def test_what_is_split_off_depends_on_the_seed():
    pairs = find_training_pairs(Sequences.from_iterable([range(5)] * 40), 2, "windows")
    drawn = [set(pairs.split(0.5, seed)[1].ends.tolist()) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(ends) for ends in drawn] == [20, 20, 20]


def test_one_history_may_be_split_off():
    pairs = find_training_pairs(Sequences.from_iterable([[1, 2]] * 4), 1, "windows")
    training, validation = pairs.split(0.25, random_state=0)
    assert (len(training), len(validation)) == (3, 1)


@pytest.mark.parametrize(("n_pairs", "warns"), [(1, True), (99, True), (100, False)])
def test_fewer_than_100_pairs_are_warned_of(recwarn, n_pairs, warns):
    histories = Sequences.from_iterable([[1, 2]] * n_pairs)
    pairs = find_training_pairs(histories, 1, "windows")
    check_training_pairs(pairs, histories, "windows")
    assert len(recwarn) == warns


@pytest.mark.parametrize("kind", ["windows", "heads"])
def test_more_pairs_are_a_remedy_for_heads_alone(kind):
    histories = Sequences.from_iterable([[1, 2, 3]])
    pairs = find_training_pairs(histories, 1, kind)
    with pytest.warns(UserWarning, match="Lower n_pseudo_items") as warned:
        check_training_pairs(pairs, histories, kind)
    has_remedy = "pairs='windows'" in str(warned[0].message)
    assert has_remedy == (kind == "heads")


def test_split_of_too_few_histories_leaves_no_validation():
    pairs = find_training_pairs(Sequences.from_iterable([[1, 2, 3]]), 1, "windows")
    training, validation = pairs.split(0.9, random_state=0)
    assert training is pairs
    assert validation is None


@pytest.mark.parametrize("kind", ["windows", "heads"])
def test_no_long_history_gives_no_pair(kind):
    assert len(find_training_pairs(Sequences.from_iterable([[1, 2], []]), 2, kind)) == 0
