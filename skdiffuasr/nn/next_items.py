"""The items that causal networks learn, and the states they learn them from."""

import torch
from torch import Tensor


def next_item_states(
    hidden: Tensor,
    items: Tensor,
    is_target: Tensor,
    passed_over: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Pair each item to be learned with the hidden state before it.

    Parameters
    ----------
    hidden : Tensor of shape (batch, length - 1, d)
        Hidden states after all items of a batch but the last column.
    items : int64 Tensor of shape (batch, length)
        Item codes, as `HistoryBatches` pads them.
    is_target : bool Tensor of shape (batch, length)
        Which items are learned; the first of a row has nothing before it and is not.
    passed_over : int64 Tensor of shape (batch, length), default=None
        Items learned after these without being read, or -1.

    Returns
    -------
    states : Tensor of shape (tokens, d)
        Hidden states.
    learned : int64 Tensor of shape (tokens,)
        The items that come next.
    """
    is_learned = is_target[:, 1:]
    states, learned = hidden[is_learned], items[:, 1:][is_learned]
    if passed_over is None:
        return states, learned
    is_last = passed_over[:, :-1] >= 0
    return (
        torch.cat([states, hidden[is_last]]),
        torch.cat([learned, passed_over[:, :-1][is_last]]),
    )
