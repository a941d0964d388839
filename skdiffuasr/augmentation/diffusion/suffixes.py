"""What follows the windows of a batch, at a cost linear in the length of a history.

A history of L items has about L windows, each followed by up to L items: gathered one
by one these are L²/2 items an epoch.
"""

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.sequences.ragged import gather, join_rows

#: Number of items between two of the sums that `SuffixMeans` keeps.
BLOCK_ITEMS = 32

#: Number of blocks that are summed at a time.
_CHUNK_BLOCKS = 2**12


class SuffixMeans:
    """Mean embedding of what follows a window, for item embeddings that stay.

    The embeddings of all items before every 32nd position are summed once: d / 4 bytes
    per item. A mean then takes the difference of two of these sums and fewer than 64
    items, however long the history is. `values` are the item codes of all histories,
    one after the other, and `item_embeddings` the float32 table (n_items, d).
    """

    def __init__(self, values: IntArray, item_embeddings: FloatArray) -> None:
        self._values = values
        self._table = item_embeddings
        n_blocks, d = len(values) // BLOCK_ITEMS, item_embeddings.shape[1]
        # In float64: a short suffix is the difference of two sums over a whole dataset.
        self._before = np.zeros((n_blocks + 1, d))  # before each block
        for start in range(0, n_blocks, _CHUNK_BLOCKS):
            stop = min(start + _CHUNK_BLOCKS, n_blocks)
            items = values[start * BLOCK_ITEMS : stop * BLOCK_ITEMS]
            self._before[start + 1 : stop + 1] = (
                item_embeddings[items]
                .reshape(-1, BLOCK_ITEMS, d)
                .sum(axis=1, dtype=np.float64)
            )
        np.cumsum(self._before, axis=0, out=self._before)

    def __call__(self, starts: IntArray, ends: IntArray) -> tuple[Tensor]:
        """Return the mean embeddings (batch, d) of pieces of the values, in a tuple.

        A piece has one item at least.
        """
        # A piece is a head up to the next block, whole blocks, and a tail.
        head_ends = np.minimum((starts // BLOCK_ITEMS + 1) * BLOCK_ITEMS, ends)
        tail_starts = np.maximum(ends // BLOCK_ITEMS * BLOCK_ITEMS, head_ends)
        head_lengths, tail_lengths = head_ends - starts, ends - tail_starts
        heads, _ = gather(self._values, starts, head_lengths)
        tails, _ = gather(self._values, tail_starts, tail_lengths)
        items, offsets, _ = join_rows(heads, head_lengths, tails, tail_lengths)
        sums = np.add.reduceat(
            self._table[items], offsets[:-1], axis=0, dtype=np.float64
        )
        sums += self._before[tail_starts // BLOCK_ITEMS]
        sums -= self._before[head_ends // BLOCK_ITEMS]
        means = sums / (ends - starts)[:, np.newaxis]
        return (torch.from_numpy(means.astype(np.float32)),)


def share_suffixes(
    values: IntArray, starts: IntArray, ends: IntArray
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Cut what follows the windows of a batch into segments that windows share.

    For item embeddings that are trained: each window begins a segment, which ends where
    the next window of the history begins one. Returns the arguments of
    `Denoiser.suffix_condition`.
    """
    order = np.lexsort((starts, ends))
    begin, row_end = starts[order], ends[order]
    is_last = np.append(row_end[1:] != row_end[:-1], True)
    segment_lengths = np.where(is_last, row_end, np.append(begin[1:], 0)) - begin
    items, _ = gather(values, begin, segment_lengths)
    numbers = np.arange(len(order))
    last = np.flatnonzero(is_last)
    first_segments, end_segments = np.empty_like(order), np.empty_like(order)
    first_segments[order] = numbers
    end_segments[order] = last[np.searchsorted(last, numbers)] + 1
    parts = items, segment_lengths, first_segments, end_segments, ends - starts
    a, b, c, d, e = map(torch.from_numpy, parts)
    return a, b, c, d, e


def first_items(values: IntArray, starts: IntArray, ends: IntArray) -> tuple[Tensor]:
    """Take the first item of what follows each window, (batch,)."""
    return (torch.from_numpy(values[starts]),)
