import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences.ragged import padded_blocks


@given(
    lengths=st.lists(st.integers(0, 5000), max_size=40),
    max_rows=st.none() | st.integers(1, 10),
    max_cells=st.none() | st.integers(1, 10_000),
)
def test_blocks_have_every_row_once_and_little_padding(lengths, max_rows, max_cells):
    lengths = np.array(lengths, dtype=np.int64)
    blocks = list(padded_blocks(lengths, max_rows=max_rows, max_cells=max_cells))
    flat = [row for block in blocks for row in block.tolist()]
    assert sorted(flat) == list(range(len(lengths)))
    for block in blocks:
        longest = lengths[block].max()
        assert longest < 2 * max(1, lengths[block].min())
        assert max_rows is None or len(block) <= max_rows
        if max_cells is not None:
            assert len(block) == 1 or len(block) * longest <= max_cells


def test_blocks_are_filled():
    lengths = np.full(1000, 10)
    blocks = list(padded_blocks(lengths, max_cells=1600))
    assert [len(block) for block in blocks] == [100] * 10
