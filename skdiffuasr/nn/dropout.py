"""Dropout whose masks are cheap to draw on a CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Number of different values of the 16 random bits that decide over one unit.
N_VALUES = 2**16


class Dropout(nn.Dropout):
    """Dropout that draws 16 random bits for a unit, four units from one number.

    torch draws a number for every unit, which takes a tenth of a training step of the
    SU-Net on a CPU. With 16 bits the probability is rounded to a multiple of 1 / 65536,
    and what is kept is scaled by the rounded probability: the expectation is exact. On
    other devices, where torch draws the masks in parallel, this is torch's dropout.

    Parameters
    ----------
    p : float, default=0.5
        Probability of dropping a unit, in [0, 1].
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def forward(self, x: Tensor) -> Tensor:
        """Drop units of a tensor of any shape, in training mode only."""
        n_dropped = round(self.p * N_VALUES)
        if not self.training or n_dropped == 0:
            return x
        if x.device.type != "cpu" or n_dropped == N_VALUES:
            return F.dropout(x, self.p)
        numbers = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
        bits = numbers.random_(-(2**63), None).view(torch.int16)[: x.numel()]
        is_kept = bits.view(x.shape) >= n_dropped - N_VALUES // 2
        return x * is_kept.to(x.dtype).mul_(N_VALUES / (N_VALUES - n_dropped))
