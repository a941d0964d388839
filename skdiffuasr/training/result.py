"""What a training run left behind."""

from dataclasses import dataclass, field

from skdiffuasr._typing import Weights


@dataclass
class TrainingResult:
    """What a training run left behind.

    Attributes
    ----------
    weights : dict of str to ndarray
        The best weights if there was a validation, else the last; averaged if there
        was an EMA.
    loss_curve : list of float
        Mean training loss of each epoch.
    validation_curve : list of float
        Validation score after each epoch; empty without validation.
    best_epoch : int
        The epoch that `weights` are from, counted from 1.
    is_interrupted : bool
        Whether a callback, or a keyboard interrupt, ended the training run.
    """

    weights: Weights = field(default_factory=dict)
    loss_curve: list[float] = field(default_factory=list)
    validation_curve: list[float] = field(default_factory=list)
    best_epoch: int = 0
    is_interrupted: bool = False
