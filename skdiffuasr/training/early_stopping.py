"""Keeping the best weights and knowing when to stop."""

import inspect
from typing import Any

from torch import nn

from skdiffuasr._typing import Weights
from skdiffuasr.training.weights import to_weights


class EarlyStopping:
    """Remember the weights with the best score, and stop after `patience` worse epochs.

    Without a patience it never stops. `best_epoch` is 0 before the first, which is 1.
    """

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.best_score = -float("inf")
        self.best_epoch = 0
        self.best_weights: Weights = {}

    def update(self, epoch: int, score: float, module: nn.Module) -> None:
        """Record an epoch's score, higher is better."""
        if score > self.best_score or self.best_epoch == 0:
            self.best_score = score
            self.best_epoch = epoch
            self.best_weights = to_weights(module)

    def is_over(self, epoch: int) -> bool:
        """Whether training stops after this epoch."""
        if self.patience is None or self.best_epoch == 0:
            return False
        return epoch - self.best_epoch >= self.patience


def takes_validation(estimator: Any) -> bool:
    """Whether an estimator stops early by the `X_val` and `y_val` of its `fit`."""
    has_data = "X_val" in inspect.signature(estimator.fit).parameters
    return has_data and getattr(estimator, "early_stopping", True)
