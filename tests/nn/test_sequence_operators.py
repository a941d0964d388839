import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn.sequence_operators import crop, insert, mask, reorder, substitute

quick = settings(max_examples=60, deadline=None)

MASK = 1000


# The operators one row at a time, from the same draws.


def first_positions(draws, n, size):
    return sorted(range(n), key=lambda position: draws[position])[:size]


def start_of(draws, n, size):
    return min(int(draws[-1] * (n - size + 1)), n - size)


def naive_crop(row, ratio, draws):
    size = min(max(1, math.floor(ratio * len(row))), len(row))
    start = start_of(draws, len(row), size)
    return row[start : start + size]


def naive_mask(row, ratio, draws):
    drawn = first_positions(draws, len(row), math.floor(ratio * len(row)))
    return [MASK if i in drawn else item for i, item in enumerate(row)]


def naive_reorder(row, ratio, draws):
    size = math.floor(ratio * len(row))
    start = start_of(draws, len(row), size)
    places = range(start, start + size)
    shuffled = sorted(places, key=lambda position: draws[position])
    return row[:start] + [row[i] for i in shuffled] + row[start + size :]


def naive_insert(row, ratio, draws, new):
    drawn = first_positions(draws, len(row), max(1, math.floor(ratio * len(row))))
    result = []
    for i, item in enumerate(row):
        result += [new[i], item] if i in drawn else [item]
    return result


def naive_substitute(row, ratio, draws, new):
    drawn = first_positions(draws, len(row), max(1, math.floor(ratio * len(row))))
    return [new[i] if i in drawn else item for i, item in enumerate(row)]


# Each operator with its naive twin, and what it takes besides.
OPERATORS = {
    "crop": (crop, naive_crop, ()),
    "mask": (mask, naive_mask, ("mask_code",)),
    "reorder": (reorder, naive_reorder, ()),
    "insert": (insert, naive_insert, ("new_items",)),
    "substitute": (substitute, naive_substitute, ("new_items",)),
}
all_operators = pytest.mark.parametrize("name", OPERATORS)


def apply(name, rows, ratio, draws, new_items):
    """Run an operator on rows of any lengths; a list of rows comes back."""
    operator, _, extras = OPERATORS[name]
    width = draws.shape[1] - 1
    items = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    items = items.reshape(len(rows), width).long()
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    given_items, given_lengths = items.clone(), lengths.clone()
    values = {"mask_code": MASK, "new_items": new_items}
    result, new_lengths = operator(
        items, lengths, ratio, draws, *[values[extra] for extra in extras]
    )
    assert torch.equal(items, given_items)
    assert torch.equal(lengths, given_lengths)
    assert result.dtype == new_lengths.dtype == torch.int64
    behind = torch.arange(result.shape[1]) >= new_lengths[:, None]
    assert (result[behind] == 0).all()
    rows = zip(result.tolist(), new_lengths.tolist(), strict=True)
    return [row[:length] for row, length in rows]


@st.composite
def cases(draw, min_length=0):
    """Rows of codes from 1, a ratio, draws, and codes that are in no row."""
    items = st.integers(1, 20)
    rows = draw(st.lists(st.lists(items, min_size=min_length, max_size=9), min_size=1))
    width = max(map(len, rows)) + draw(st.integers(0, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    draws = rng.random((len(rows), width + 1))
    if draw(st.booleans()):
        draws = draws.astype(np.float32)
    new_items = torch.arange(100, 100 + len(rows) * width).reshape(len(rows), width)
    ratio = draw(st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.7, 1.0]) | st.floats(0, 1))
    return rows, ratio, torch.from_numpy(draws), new_items


@all_operators
@quick
@given(case=cases())
def test_same_as_one_row_at_a_time(name, case):
    rows, ratio, draws, new_items = case
    _, naive, extras = OPERATORS[name]
    for result, row, row_draws, new in zip(
        apply(name, *case), rows, draws.tolist(), new_items.tolist(), strict=True
    ):
        new = [new] if "new_items" in extras else []
        assert result == (naive(row, ratio, row_draws, *new) if row else [])


@all_operators
@quick
@given(case=cases())
def test_a_row_does_not_depend_on_the_others(name, case):
    rows, ratio, draws, new_items = case
    results = apply(name, *case)
    for i, row in enumerate(rows):
        n = len(row)
        alone_draws = torch.cat([draws[i, :n], draws[i, -1:]])[None]
        alone = apply(name, [row], ratio, alone_draws, new_items[i : i + 1, :n])
        assert alone == [results[i]]


@quick
@given(cases(min_length=1))
def test_crop_keeps_a_continuous_stretch(case):
    rows, ratio, *_ = case
    for row, kept in zip(rows, apply("crop", *case), strict=True):
        assert len(kept) == max(1, math.floor(ratio * len(row)))
        stretches = [row[i : i + len(kept)] for i in range(len(row))]
        assert kept in stretches


@quick
@given(cases())
def test_mask_leaves_all_but_a_share_alone(case):
    rows, ratio, *_ = case
    for row, masked in zip(rows, apply("mask", *case), strict=True):
        assert masked.count(MASK) == math.floor(ratio * len(row))
        pairs = zip(row, masked, strict=True)
        assert all(new in (item, MASK) for item, new in pairs)


@quick
@given(cases())
def test_reorder_preserves_the_items_and_all_but_a_stretch(case):
    rows, ratio, *_ = case
    for row, result in zip(rows, apply("reorder", *case), strict=True):
        assert Counter(result) == Counter(row)
        changed = [i for i in range(len(row)) if row[i] != result[i]]
        if changed:
            assert changed[-1] - changed[0] < math.floor(ratio * len(row))


@quick
@given(cases(min_length=1))
def test_insert_keeps_the_row_and_its_last_item(case):
    rows, ratio, _, _ = case
    for row, result in zip(rows, apply("insert", *case), strict=True):
        assert [item for item in result if item < 100] == row
        assert len(result) - len(row) == max(1, math.floor(ratio * len(row)))
        assert result[-1] == row[-1]


@quick
@given(cases(min_length=1))
def test_substitute_changes_as_many_items_as_it_should(case):
    rows, ratio, _, _ = case
    for row, result in zip(rows, apply("substitute", *case), strict=True):
        kept = [new for new in result if new < 100]
        assert len(row) - len(kept) == max(1, math.floor(ratio * len(row)))
        pairs = zip(row, result, strict=True)
        assert all(new >= 100 or new == item for item, new in pairs)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crop", [[], [7]]),
        ("mask", [[], [7]]),
        ("reorder", [[], [7]]),
        ("insert", [[], [100, 7]]),
        ("substitute", [[], [100]]),
    ],
)
def test_rows_without_and_with_one_item(name, expected):
    draws, new_items = torch.full((2, 2), 0.5), torch.full((2, 1), 100)
    assert apply(name, [[], [7]], 0.6, draws, new_items) == expected


@all_operators
def test_batches_without_items_or_rows(name):
    no_items = torch.zeros(2, 0, dtype=torch.int64)
    assert apply(name, [[], []], 0.6, torch.rand(2, 1), no_items) == [[], []]
    no_rows = torch.zeros(0, 3, dtype=torch.int64)
    assert apply(name, [], 0.6, torch.rand(0, 4), no_rows) == []


@all_operators
@pytest.mark.parametrize("number", [1 - 2.0**-53, 2.0**-60])
def test_extreme_draws_stay_inside_the_row(name, number):
    """The product of a number of places and the largest draw may round up to it."""
    row = list(range(1, 201))
    draws = torch.full((1, 201), number, dtype=torch.float64)
    new_items = torch.full((1, 200), 500)
    (result,) = apply(name, [row], 0.5, draws, new_items)
    assert set(result) <= {*row, MASK, 500}
    assert len(result) == {"crop": 100, "insert": 300}.get(name, 200)


def test_every_start_is_equally_likely():
    n = 20_000
    draws = torch.rand(n, 6, generator=torch.Generator().manual_seed(0))
    rows = apply("crop", [[1, 2, 3, 4, 5]] * n, 0.6, draws, None)
    starts = Counter(row[0] for row in rows)
    assert set(starts) == {1, 2, 3}
    assert all(abs(count / n - 1 / 3) < 0.02 for count in starts.values())


def test_every_order_of_a_stretch_is_equally_likely():
    n = 20_000
    draws = torch.rand(n, 4, generator=torch.Generator().manual_seed(0))
    rows = apply("reorder", [[1, 2, 3]] * n, 1.0, draws, None)
    orders = Counter(map(tuple, rows))
    assert len(orders) == 6
    assert all(abs(count / n - 1 / 6) < 0.02 for count in orders.values())


@pytest.mark.parametrize("name", ["mask", "insert", "substitute"])
def test_every_position_is_equally_likely(name):
    n = 20_000
    draws = torch.rand(n, 6, generator=torch.Generator().manual_seed(0))
    new_items = torch.arange(100, 105).repeat(n, 1)
    row = [1, 2, 3, 4, 5]
    results = torch.tensor(apply(name, [row] * n, 0.4, draws, new_items))
    if name == "mask":
        share = (results == MASK).double().mean(dim=0)
    else:
        share = torch.bincount(results.flatten(), minlength=105)[100:] / n
    torch.testing.assert_close(share, torch.full_like(share, 0.4), atol=0.02, rtol=0)
