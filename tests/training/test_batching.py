import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.training import pad_rows, token_batches

quick = settings(max_examples=60, deadline=None)

LENGTHS = st.lists(st.integers(0, 30), max_size=40)
BATCH_SIZES = st.integers(1, 12)
SEEDS = st.none() | st.integers(0, 100)


def batches_of(lengths, batch_size, seed=None):
    rng = None if seed is None else np.random.default_rng(seed)
    return list(token_batches(np.array(lengths, dtype=np.int64), batch_size, rng))


@quick
@given(LENGTHS, BATCH_SIZES, SEEDS)
def test_every_row_is_in_one_batch(lengths, batch_size, seed):
    batches = batches_of(lengths, batch_size, seed)
    assert all(len(rows) > 0 for rows in batches)
    rows = [row for batch in batches for row in batch.tolist()]
    assert sorted(rows) == list(range(len(lengths)))


@quick
@given(LENGTHS, BATCH_SIZES, SEEDS)
def test_no_more_batches_than_rows_of_average_length_fill(lengths, batch_size, seed):
    batches = batches_of(lengths, batch_size, seed)
    assert len(batches) <= np.ceil(len(lengths) / batch_size)


@quick
@given(st.lists(st.integers(1, 30), min_size=1), BATCH_SIZES, SEEDS)
def test_batches_differ_by_less_than_two_rows_of_work(lengths, batch_size, seed):
    lengths = np.array(lengths)
    share = lengths.sum() / np.ceil(len(lengths) / batch_size)
    for rows in batches_of(lengths, batch_size, seed):
        assert abs(lengths[rows].sum() - share) < 2 * lengths.max()


@quick
@given(LENGTHS, BATCH_SIZES)
def test_rows_of_similar_length_stand_together(lengths, batch_size):
    rows = [row for batch in batches_of(lengths, batch_size) for row in batch]
    assert [lengths[row] for row in rows] == sorted(lengths)


@quick
@given(
    st.lists(st.integers(0, 10) | st.integers(0, 5_000), min_size=1, max_size=300),
    BATCH_SIZES,
    SEEDS,
)
def test_a_long_row_widens_no_batch_of_short_ones(lengths, batch_size, seed):
    lengths = np.array(lengths)
    batches = batches_of(lengths, 30 * batch_size, seed)
    for rows in batches:
        n_places = len(rows) * lengths[rows].max()
        assert n_places <= max(2**14, 4 * lengths[rows].sum())
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))


def test_one_long_row_is_a_batch_of_its_own():
    batches = batches_of([10] * 500 + [200], 128)
    assert [len(rows) for rows in batches] == [130, 130, 130, 110, 1]
    smooth = list(range(1, 400))
    assert len(batches_of(smooth, 40)) == 10


def test_a_seed_fixes_the_order_and_another_one_changes_it():
    lengths = [3] * 50
    same = zip(batches_of(lengths, 8, 0), batches_of(lengths, 8, 0), strict=True)
    assert all(np.array_equal(a, b) for a, b in same)
    first, other = (np.concatenate(batches_of(lengths, 8, seed)) for seed in (0, 1))
    assert not np.array_equal(first, other)


def test_batches_of_short_and_long_rows_are_mixed():
    shortest = [rows.min() for rows in batches_of(range(1, 101), 5, seed=0)]
    assert shortest != sorted(shortest)


def test_a_batch_larger_than_the_data_holds_everything():
    assert [len(rows) for rows in batches_of([5, 1, 9], 100)] == [3]


@quick
@given(st.lists(st.lists(st.integers(1, 9), max_size=6)), st.integers(-1, 0))
def test_padding_agrees_with_lists(rows, pad_value):
    width = max(map(len, rows), default=0)
    expected = [row + [pad_value] * (width - len(row)) for row in rows]
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    values = torch.tensor([item for row in rows for item in row], dtype=torch.int64)
    padded = pad_rows(values, lengths.cumsum(0) - lengths, lengths, pad_value)
    assert padded.shape == (len(rows), width)
    assert padded.tolist() == expected


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
def test_padding_takes_any_rows_and_keeps_the_type(dtype):
    values = torch.arange(10, dtype=dtype)
    padded = pad_rows(values, torch.tensor([7, 0]), torch.tensor([2, 3]))
    assert padded.dtype == dtype
    assert padded.tolist() == [[7, 8, 0], [0, 1, 2]]
