"""What estimators share that are trained by gradient descent."""

import os
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import Weights
from skdiffuasr.training.checkpoints import Checkpoint
from skdiffuasr.training.result import TrainingResult

#: Parameters that do not change what is trained.
WITHOUT_EFFECT = {"checkpoint", "keep_interrupted", "verbose"}


@estimator_class
class TrainingParameters:
    """Parameters of a training run, and what it leaves behind.

    Put it behind the base class of the estimator, and its constraints into those of the
    estimator.

    Parameters
    ----------
    learning_rate : float, default=1e-3
        Learning rate of Adam, or of AdamW where there is weight decay.
    batch_size : int, default=128
        Number of histories, or of training pairs, in a batch.
    max_epochs : int, default=200
        Upper bound of the number of passes over the data.
    device : str, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:<index>"``.
    precision : {"auto", "float32"}, default="auto"
        Of the products with the whole catalogue in training: ``"auto"`` multiplies in
        bfloat16 where the device does so in hardware, and on a GPU all else in training
        too; ``"float32"`` nowhere. What a fitted estimator returns is as in float32.
    keep_interrupted : bool, default=False
        Whether Ctrl-C ends the training with a warning and keeps the best weights so
        far, instead of raising KeyboardInterrupt and leaving the estimator unfitted.
    checkpoint : str or path, default=None
        Folder where the state of the training is written after each epoch. The same
        call on the same data goes on from there after a crash, a kill or Ctrl-C, and
        ends with the same weights as a training that was never stopped; one that is
        done has its result at once. Estimators share a folder; delete it when nothing
        is to be gone on with. It takes an integer `random_state`.
    verbose : int, default=0
        Print a line every `verbose` epochs: epoch, loss, validation score and its best
        so far, seconds, and how long all `max_epochs` would still take; and a last one
        of what came of the training. Where `transform` takes longer, it says how many
        rows are done. A notebook shows a bar instead, if rich is installed. 0 prints
        nothing.

    Attributes
    ----------
    fixed_parameters_ : dict of str to object
        Parameters that cannot change any more, with their values in `fit`.
    weights_ : dict of str to ndarray
        The trained weights.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_scores_ : list of float
        Negative loss on what was set aside, after each epoch.
    best_epoch_ : int
        The epoch that the weights are from, counted from 1.
    n_iter_ : int
        Number of epochs that were run.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "precision": [StrOptions({"auto", "float32"})],
        "keep_interrupted": ["boolean"],
        "checkpoint": [str, os.PathLike, None],
        "verbose": ["verbose"],
    }

    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 200
    device: str = "auto"
    precision: str = "auto"
    keep_interrupted: bool = False
    checkpoint: str | os.PathLike[str] | None = None
    verbose: int = 0

    def _checkpoint(
        self, depends_on: Callable[[], tuple[Any, ...]]
    ) -> Checkpoint | None:
        """Return the file of a training run, called after what it depends on, if any.

        That is gathered only if there is to be a file.
        """
        if self.checkpoint is None:
            return None
        random_state = getattr(self, "random_state", None)
        if not isinstance(random_state, Integral):
            raise ValueError(
                "checkpoint takes an integer random_state, with which the same call is "
                f"the same training; got {random_state!r}."
            )
        return Checkpoint(self.checkpoint, type(self).__qualname__, *depends_on())

    def _decisive_parameters(self) -> dict[str, Any]:
        """Return the parameters that may change what is trained."""
        parameters = self.get_params(deep=False)  # type: ignore[attr-defined]
        names = parameters.keys() - WITHOUT_EFFECT
        return {name: parameters[name] for name in sorted(names)}

    def _store(self, result: TrainingResult) -> None:
        """Set the fitted attributes."""
        self.weights_: Weights = result.weights
        self.loss_curve_ = result.loss_curve
        self.validation_scores_ = result.validation_curve
        self.best_epoch_ = result.best_epoch
        self.n_iter_ = len(result.loss_curve)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are weights; the catalogue alone comes before them."""
        return hasattr(self, "weights_")
