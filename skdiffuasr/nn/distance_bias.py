"""A learned bias of the attention by the distance of two items."""

import torch
from torch import Tensor, nn

#: What the attention of the first head loses with each item of distance at the start.
STEEPEST_SLOPE = 2.0


class DistanceBias(nn.Module):
    """What is added to the attention of two positions, for each distance between them.

    Each head has a bias for every distance, before and after; all layers share it [1]_.
    They start as a slope, steep in the first head and half as steep in each further
    one, so that an item attends to its neighbours [2]_.

    Parameters
    ----------
    n_heads : int
        Number of attention heads.
    max_length : int
        The longest sequence.

    References
    ----------
    .. [1] Raffel et al., "Exploring the Limits of Transfer Learning with a Unified
       Text-to-Text Transformer", JMLR 2020, arXiv:1910.10683, section 2.1.
    .. [2] Press et al., "Train Short, Test Long: Attention with Linear Biases Enables
       Input Length Extrapolation", ICLR 2022, arXiv:2108.12409.
    """

    def __init__(self, n_heads: int, max_length: int) -> None:
        super().__init__()
        distances = torch.arange(1 - max_length, max_length).abs()
        slopes = STEEPEST_SLOPE / 2 ** torch.arange(n_heads)
        self.bias = nn.Parameter(-slopes[:, None] * (distances - 1).clamp(min=0))

    def forward(self, length: int) -> Tensor:
        """Return biases (n_heads, length, length), from a row to a column."""
        positions = torch.arange(length, device=self.bias.device)
        zero = self.bias.shape[1] // 2
        return self.bias[:, positions - positions[:, None] + zero]
