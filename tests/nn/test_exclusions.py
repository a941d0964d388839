import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.nn.exclusions import Exclusions

N_ITEMS = 7
ROWS = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=9), max_size=6)


def exclusions(rows):
    codes = torch.tensor([code for row in rows for code in row], dtype=torch.int64)
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    return Exclusions.from_ragged(codes, lengths, N_ITEMS)


def as_sets(excluded):
    """What is excluded from each row, asked item by item."""
    shape = excluded.n_rows, N_ITEMS
    rows = torch.arange(excluded.n_rows)[:, None].expand(shape)
    inside = excluded.contain(rows, torch.arange(N_ITEMS).expand(shape))
    return [set(row.nonzero()[:, 0].tolist()) for row in inside]


@given(rows=ROWS)
def test_items_of_a_row_are_excluded_once(rows):
    excluded = exclusions(rows)
    assert as_sets(excluded) == [set(row) for row in rows]
    assert excluded.counts().tolist() == [len(set(row)) for row in rows]


@given(rows=ROWS, start=st.integers(0, 6), size=st.integers(0, 6))
def test_slices_are_those_of_the_rows(rows, start, size):
    start = min(start, len(rows))
    part = exclusions(rows).slice(start, start + size)
    assert as_sets(part) == [set(row) for row in rows[start : start + size]]


@given(rows=ROWS)
def test_pairs_come_in_the_order_of_the_codes(rows):
    row, code = exclusions(rows).by_code()
    expected = sorted((code, i) for i, codes in enumerate(rows) for code in set(codes))
    assert list(zip(code.tolist(), row.tolist(), strict=True)) == expected


@given(rows=ROWS, data=st.data())
def test_taken_rows_may_exclude_more(rows, data):
    rows = [[code for code in row if code < 5] for row in rows]
    taken = data.draw(st.lists(st.integers(0, len(rows) - 1)) if rows else st.just([]))
    more = torch.tensor([[5, 6]] * len(taken), dtype=torch.int64).view(-1, 2)
    excluded = exclusions(rows).take(torch.tensor(taken, dtype=torch.int64), more)
    assert as_sets(excluded) == [{*rows[row], 5, 6} for row in taken]
