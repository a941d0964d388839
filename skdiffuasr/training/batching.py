"""Batches of ragged rows, built by index arithmetic alone."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray

#: A batch of more places than this is split if most of them are padding.
MAX_PADDED_PLACES = 2**14

#: Places of such a batch for each of its items, at most.
MAX_PLACES_PER_ITEM = 4


def token_batches(
    lengths: IntArray, batch_size: int, rng: np.random.Generator | None = None
) -> Iterator[IntArray]:
    """Yield the row numbers of batches of similar length and equal work.

    Every batch holds about as many items as `batch_size` rows of average length: each
    item weighs the same in the mean loss of its batch. Rows that a far longer one would
    widen are a batch of their own. The generator shuffles rows of equal length and the
    batches; without one, both keep their order.
    """
    if len(lengths) == 0:
        return
    tie_breaker = np.arange(len(lengths)) if rng is None else rng.random(len(lengths))
    by_length = np.lexsort((tie_breaker, lengths))
    n_tokens = np.cumsum(np.maximum(lengths[by_length], 1))
    n_batches = -(-len(lengths) // batch_size)
    batch_of_row = (n_tokens - 1) * n_batches // n_tokens[-1]
    batches = [
        rows
        for wide in np.split(by_length, np.flatnonzero(np.diff(batch_of_row)) + 1)
        for rows in _without_wide_padding(wide, lengths[wide])
    ]
    order = range(len(batches)) if rng is None else rng.permutation(len(batches))
    for number in order:
        yield batches[number]


def _without_wide_padding(rows: IntArray, lengths: IntArray) -> Iterator[IntArray]:
    """Split rows, sorted by length, before those that would widen the others."""
    n_places = len(rows) * lengths[-1]
    if n_places > max(MAX_PADDED_PLACES, MAX_PLACES_PER_ITEM * lengths.sum()):
        n_short = np.searchsorted(lengths * MAX_PLACES_PER_ITEM, lengths[-1])
        yield from _without_wide_padding(rows[:n_short], lengths[:n_short])
        rows = rows[n_short:]
    yield rows


def pad_rows(
    values: Tensor, starts: Tensor, lengths: Tensor, pad_value: int = 0
) -> Tensor:
    """Gather ragged rows of values (n_values, ...) into one right-padded tensor.

    `starts` and `lengths` are (batch,), the result is (batch, max(lengths), ...).
    """
    width = int(lengths.max()) if len(lengths) else 0
    columns = torch.arange(width, device=values.device)
    is_within = columns < lengths[:, None]  # (batch, width)
    index = torch.where(is_within, starts[:, None] + columns, 0)
    is_within = is_within.view(*is_within.shape, *[1] * (values.ndim - 1))
    return torch.where(is_within, values[index], pad_value)
