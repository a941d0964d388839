"""Exponential moving average of the weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged_model(module: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of a module that averages its weights with a decay that warms up.

    Call ``update_parameters(module)`` after each step; ``.module`` has the averages,
    and shares the frozen parameters. After ``k`` updates the decay is ``min(decay, (1 +
    k) / (10 + k))``, or the random initial weights would dominate a short training run.
    """

    def update(
        averaged: Sequence[Tensor], current: Sequence[Tensor], n_averaged: Tensor | int
    ) -> None:
        n_updates = int(n_averaged)
        weight = 1.0 - min(decay, (1 + n_updates) / (10 + n_updates))
        pairs = zip(averaged, current, strict=True)
        trained = [pair for pair in pairs if pair[0].data_ptr() != pair[1].data_ptr()]
        torch._foreach_lerp_(
            [mean for mean, _ in trained], [value for _, value in trained], weight
        )

    averaged = AveragedModel(module, multi_avg_fn=update)
    for mean, value in zip(
        averaged.module.parameters(), module.parameters(), strict=True
    ):
        if not value.requires_grad:
            mean.data = value.data
    return averaged
