"""Gated recurrent units in a form that torch can export."""

from typing import Any

from torch import Tensor, nn


class ScannedGRU(nn.Module):
    """A copy of an ``nn.GRU`` that torch can export for histories of any length.

    Parameters
    ----------
    gru : nn.GRU
        With ``batch_first=True``, in one direction, and without dropout from now on.
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.hidden_size = gru.hidden_size
        self.cells = nn.ModuleList()
        for weights in gru.all_weights:
            cell = nn.GRUCell(weights[0].shape[1], gru.hidden_size)
            for parameter, weight in zip(cell.parameters(), weights, strict=True):
                parameter.data = weight.data
            self.cells.append(cell.requires_grad_(False))

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Return the states (batch, length, hidden_dim) after each step, and None."""
        from torch._higher_order_ops import scan  # newer than the oldest torch

        x = x.transpose(0, 1)
        for cell in self.cells:

            def step(state: Tensor, x: Tensor, cell: nn.Module = cell) -> Any:
                state = cell(x, state)
                return state, state.clone()

            initial = x.new_zeros(x.shape[1], self.hidden_size)
            _, x = scan(step, initial, x)
        return x.transpose(0, 1), None
