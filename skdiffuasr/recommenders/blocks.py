"""Blocks of rows whose scores fit into a cache."""

from collections.abc import Iterator

from sklearn.utils import gen_batches

#: Memory that a block of (rows, items) scores may take, within a cache.
BLOCK_BYTES = 16 * 2**20

#: Fewer rows than this make a block slow: each block reads the whole item table.
MIN_BLOCK_ROWS = 64


def row_blocks(n_rows: int, n_items: int) -> Iterator[slice]:
    """Split rows into blocks whose scores, of all items, take up to `BLOCK_BYTES`."""
    size = max(MIN_BLOCK_ROWS, BLOCK_BYTES // (4 * n_items))
    return gen_batches(n_rows, size)
