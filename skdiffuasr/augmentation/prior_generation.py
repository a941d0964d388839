"""Generation of prior items with a SASRec that reads histories backwards."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from skdiffuasr._progress import track_rows
from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform
from skdiffuasr.sequences.ragged import offsets_from_lengths, padded_blocks
from skdiffuasr.training.batching import pad_rows

#: Memory that a block of (rows, items) scores may take.
BLOCK_BYTES = 64 * 2**20

#: Rows that are generated for at a time at most: hidden states take memory as well.
BATCH_SIZE = 1024


def generate_prior_codes(
    module: SASRec,
    histories: Sequences,
    keys: UInt64Array,
    *,
    n_pseudo_items: int,
    max_length: int,
    temperature: float,
    unique: bool,
    verbose: int = 0,
) -> IntArray:
    """Continue reversed histories: codes (n, n_pseudo_items), oldest first.

    `histories` are those of n rows as codes, oldest first, and `module` was trained on
    reversed ones. An empty history begins with a random item, which is not returned.
    """
    n_items = len(module.item_embedding.weight)
    draws = keyed_uniform(keys, n_pseudo_items)
    first = (keyed_uniform(keys, 1, stream=1) * n_items).astype(np.int64)
    is_empty = (histories.lengths == 0).astype(np.int64)
    first_items = Sequences._unchecked(
        first[is_empty > 0].ravel(), offsets_from_lengths(is_empty)
    )
    backwards = turn_around(histories).tail(max_length).prepend(first_items)
    codes = np.empty((len(histories), n_pseudo_items), dtype=np.int64)
    n_rows = max(1, min(BATCH_SIZE, BLOCK_BYTES // (4 * n_items)))
    with track_rows("pseudo items", len(histories), verbose) as progress:
        for rows in padded_blocks(backwards.lengths, max_rows=n_rows):
            excluded = _seen(histories[rows], n_items) if unique else None
            codes[rows] = _continue(
                module, backwards[rows], draws[rows], excluded, max_length, temperature
            )
            progress.advance(n_steps=len(backwards[rows]))
    return codes


def turn_around(histories: Sequences) -> Sequences:
    """Reverse the order of the items of each row; roles and user ids are left out."""
    offsets = histories.offsets[-1] - histories.offsets[::-1]
    return Sequences._unchecked(histories.values[::-1], offsets)[::-1]


def _continue(
    module: SASRec,
    backwards: Sequences,
    draws: FloatArray,
    excluded: Tensor | None,
    max_length: int,
    temperature: float,
) -> IntArray:
    """Continue reversed histories by M items; the furthest comes first, (n, M)."""
    catalogue = module.item_embedding.weight
    device = catalogue.device
    n_pseudo_items = draws.shape[1]
    starts, lengths, values = (
        torch.tensor(array, device=device)
        for array in (backwards.offsets[:-1], backwards.lengths, backwards.values)
    )
    items = F.pad(pad_rows(values, starts, lengths), (0, n_pseudo_items))
    uniform = torch.tensor(draws, dtype=torch.float32, device=device)
    rows = torch.arange(len(items), device=device)
    excluded = None if excluded is None else excluded.to(device)
    generated = items.new_empty(len(items), n_pseudo_items)
    with torch.no_grad():
        for step in range(n_pseudo_items):
            n_read = lengths.clamp(max=max_length)
            starts = rows * items.shape[1] + lengths - n_read
            hidden = module.last_hidden(pad_rows(items.ravel(), starts, n_read), n_read)
            scores = hidden @ catalogue.T
            if excluded is not None:
                scores.masked_fill_(excluded, -torch.inf)
            chosen = _choose(scores, uniform[:, step], temperature)
            if excluded is not None:
                excluded[rows, chosen] = True
            items[rows, lengths] = chosen
            lengths = lengths + 1
            generated[:, -1 - step] = chosen
    return generated.cpu().numpy()


def _seen(histories: Sequences, n_items: int) -> Tensor:
    """Mask (n, n_items) of the items of each history."""
    seen = torch.zeros(len(histories), n_items, dtype=torch.bool)
    row_of_item = np.repeat(np.arange(len(histories)), histories.lengths)
    seen[torch.tensor(row_of_item), torch.tensor(histories.values)] = True
    return seen


def _choose(scores: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Best item of each row, or one drawn by the softmax of the scores."""
    if temperature == 0:
        return scores.argmax(dim=1)
    # Differences to the best, over a number that is neither 0 nor infinite in float32:
    # the quotients could be NaN otherwise.
    limits = torch.finfo(scores.dtype)
    divisor = min(max(temperature, limits.tiny), limits.max)
    behind = (scores - scores.amax(dim=1, keepdim=True)) / divisor
    cumulative = behind.softmax(dim=1).cumsum(dim=1)
    total = cumulative[:, -1:]
    # Strictly below the total, or rounding could choose an excluded item.
    wanted = torch.minimum(
        uniform[:, None] * total, torch.nextafter(total, torch.zeros_like(total))
    )
    return torch.searchsorted(cumulative, wanted, right=True)[:, 0]
