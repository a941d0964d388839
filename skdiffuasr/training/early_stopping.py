"""Keeping the best weights and knowing when to stop."""

from torch import nn

from skdiffuasr._typing import Weights
from skdiffuasr.training.weights import to_weights


class EarlyStopping:
    """Remember the best weights seen and stop when they are no longer beaten.

    Parameters
    ----------
    patience : int or None
        Number of epochs in a row without a new best score after which to stop. None
        never stops, but still keeps the best weights.

    Attributes
    ----------
    best_score : float
        The highest score so far.
    best_epoch : int
        The epoch it was reached in, counted from 1; 0 before the first.
    best_weights : dict of str to ndarray
        The weights at that epoch.
    """

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.best_score = -float("inf")
        self.best_epoch = 0
        self.best_weights: Weights = {}

    def update(self, epoch: int, score: float, module: nn.Module) -> bool:
        """Take note of an epoch's score (higher is better); True means stop."""
        if score > self.best_score or self.best_epoch == 0:
            self.best_score = score
            self.best_epoch = epoch
            self.best_weights = to_weights(module)
        return self.patience is not None and epoch - self.best_epoch >= self.patience
