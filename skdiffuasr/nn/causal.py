"""What every network that reads histories in their order has."""

from typing import TypeAlias

import torch
from torch import Tensor, nn

#: Positions of a batch: a bool Tensor (batch, length), or their rows and columns.
Wanted: TypeAlias = Tensor | tuple[Tensor, Tensor]


class CausalNetwork(nn.Module):
    """Base class of networks that predict the next item after each item of a history.

    A subclass implements `forward`. Histories are right-padded, and no state depends
    on what comes later in its row, so that no mask of the padding is needed.

    Attributes
    ----------
    item_embedding : nn.Embedding
        The catalogue: the next item is scored by the inner product of its embedding
        with a hidden state.
    """

    item_embedding: nn.Embedding

    def forward(
        self, items: Tensor, lengths: Tensor, is_wanted: Wanted | None = None
    ) -> Tensor:
        """Return the hidden state after each item, or after each one that is wanted.

        Parameters
        ----------
        items : int64 Tensor of shape (batch, length)
            Item codes, oldest first; any valid code behind a row's end.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each row.
        is_wanted : bool Tensor of shape (batch, length), or pair of int64 Tensors of \
shape (wanted,), default=None
            The items after which states are computed, by a mask or by their rows and
            columns; None for all.

        Returns
        -------
        hidden : Tensor of shape (batch, length, d) or (wanted, d)
            Undefined behind a row's end.
        """
        raise NotImplementedError

    def last_hidden(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden state (batch, d) after the last item of each row."""
        rows = torch.arange(items.shape[0], device=items.device)
        return self(items, lengths, is_wanted=(rows, lengths - 1))
