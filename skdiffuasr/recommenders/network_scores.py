"""Scores of the catalogue by a network, and by them that of early stopping."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray
from skdiffuasr.metrics import mask_seen, ndcg_at_k, target_ranks
from skdiffuasr.nn.precision import without_tf32
from skdiffuasr.recommenders.blocks import row_blocks
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import pad_rows, token_batches
from skdiffuasr.training.histories import tokens


def network_scorer(
    network: Any, codes: Sequences, max_length: int, batch_size: int
) -> Callable[[slice], Tensor]:
    """Score the catalogue after non-empty histories, a slice of rows at a time.

    Fresh memory can cost as much as the product that fills it, so a call overwrites
    the scores of the call before.
    """
    catalogue = network.item_embedding.weight.detach()
    hidden = _hidden_states(network, codes, max_length, batch_size)
    scores = hidden.new_empty(0, len(catalogue))

    def score(rows: slice) -> Tensor:
        nonlocal scores
        states = hidden[rows]
        if len(scores) < len(states):
            scores = hidden.new_empty(len(states), len(catalogue))
        return torch.mm(states, catalogue.T, out=scores[: len(states)])

    return score


def next_item_ndcg(
    score: Callable[[slice], Tensor],
    codes: Sequences,
    targets: IntArray,
    n_items: int,
    filter_seen: bool,
) -> float:
    """Return the mean NDCG@10 of the items that came next, given a `network_scorer`.

    It is NaN if a score is not finite.
    """
    values = []
    for rows in row_blocks(len(targets), n_items):
        scores = score(rows).cpu().numpy()
        if not np.isfinite(scores).all():
            return float("nan")
        if filter_seen:
            scores = mask_seen(scores, codes[rows], targets[rows])
        values.append(ndcg_at_k(target_ranks(scores, targets[rows]), 10))
    return float(np.concatenate(values).mean())


def _hidden_states(
    network: Any, codes: Sequences, max_length: int, batch_size: int
) -> Tensor:
    """Return the last hidden states (n, d) of non-empty histories."""
    weight = network.item_embedding.weight
    recent = codes.tail(max_length)
    values = torch.tensor(tokens(recent, getattr(network, "pseudo_offset", 0)))
    starts, lengths = map(torch.tensor, (recent.offsets[:-1], recent.lengths))
    hidden = weight.new_empty(len(recent), weight.shape[1])
    with torch.no_grad(), without_tf32(weight.device):
        for numbers in token_batches(recent.lengths, batch_size):
            rows = torch.from_numpy(numbers)
            items = pad_rows(values, starts[rows], lengths[rows])
            hidden[rows] = network.last_hidden(
                items.to(weight.device), lengths[rows].to(weight.device)
            )
    return hidden
