"""Training of the networks behind the diffusion augmenter, which joblib can cache."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import FloatArray
from skdiffuasr.augmentation.diffusion.denoisers import BaseDenoiser
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.augmentation.diffusion.schedules import BaseSchedule
from skdiffuasr.augmentation.diffusion.suffixes import SuffixMeans, share_suffixes
from skdiffuasr.augmentation.diffusion.training_pairs import Follow, TrainingPairs
from skdiffuasr.nn.denoiser import Denoiser, denoising_loss
from skdiffuasr.training import TrainingResult, seeded, seeded_build, train
from skdiffuasr.training.checkpoints import Checkpoint

#: Fields of a `TrainingRun` that do not change its result.
_WITHOUT_EFFECT = {
    "checkpoint",
    "keep_interrupted",
    "memory",
    "name",
    "on_epoch_end",
    "verbose",
}


@estimator_class
class DenoiserTraining(Part):
    """What the denoiser is trained on, and when its training stops.

    Parameters
    ----------
    pairs : {"windows", "heads"}, default="windows"
        ``"windows"`` trains on every M consecutive items that are followed by another;
        ``"heads"`` on the first M items of each history alone, as in [1]_.
    condition_dropout : float, default=0.1
        Share of training pairs whose history is hidden from the denoiser.
        Classifier-free guidance needs more than 0.
    validation_fraction : float, default=0.1
        Share of the histories whose pairs are set aside to choose the best weights.
    patience : int, default=20
        Number of epochs without improvement before training stops.
    ema_decay : float, default=0.999
        Decay of the moving average of the weights, with which everything is generated.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    """

    fixed_by_fit = ("condition_dropout",)
    _parameter_constraints = {
        "pairs": [StrOptions({"windows", "heads"})],
        "condition_dropout": [Interval(Real, 0, 1, closed="both")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
    }

    pairs: str = "windows"
    condition_dropout: float = 0.1
    validation_fraction: float = 0.1
    patience: int = 20
    ema_decay: float = 0.999


@dataclass(frozen=True)
class TrainingRun:
    """What all networks of an augmenter are trained on, and how; see its parameters.

    `pairs` are windows and what follows them in item codes, and `validation` those of
    other histories for early stopping, or None.
    """

    pairs: TrainingPairs
    validation: TrainingPairs | None
    schedule: BaseSchedule
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    device: torch.device
    dtype: torch.dtype
    random_state: int
    memory: Any
    keep_interrupted: bool = False
    verbose: int = 0
    checkpoint: Callable[..., Checkpoint | None] = lambda *_: None
    name: str = "training"
    on_epoch_end: Callable[[nn.Module], bool] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what the result depends on, by which the cache knows the run."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in _WITHOUT_EFFECT
        }

    def fit(
        self,
        function: Callable[..., TrainingResult],
        item_embeddings: FloatArray,
        **parameters: Any,
    ) -> TrainingResult:
        """Train a network, or look the result up in the cache.

        ``function(run, item_embeddings, **parameters)``, such as `fit_denoiser`, calls
        `train`. What a callback or an interrupt ended is not cached.
        """
        depends_on = function.__qualname__, self, item_embeddings, parameters
        run = replace(self, checkpoint=partial(self.checkpoint, lambda: depends_on))
        try:
            result: TrainingResult = self.memory.cache(function)(
                run, item_embeddings, **parameters
            )
        except _EndedEarly as ended:
            result = ended.result
        return result

    def train(
        self,
        module: nn.Module,
        loss: Callable[..., Tensor],
        follow: Follow,
        ema_decay: float | None = None,
    ) -> TrainingResult:
        """Train by ``loss(module, *batch)`` of what `TrainingPairs.take` returns.

        Raises what `fit` catches if something ended the run.
        """
        validate = None
        if self.validation is not None:
            validate = partial(self._negative_loss, self.validation, loss, follow)
        result = train(
            module,
            partial(self.pairs.batches, self.batch_size, self.random_state, follow),
            loss,
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            device=self.device,
            random_state=self.random_state,
            dtype=self.dtype,
            ema_decay=ema_decay,
            validate=validate,
            patience=self.patience,
            on_epoch_end=self.on_epoch_end,
            keep_interrupted=self.keep_interrupted,
            checkpoint=self.checkpoint(),
            name=self.name,
            verbose=self.verbose,
        )
        if result.is_interrupted:
            raise _EndedEarly(result)
        return result

    def _negative_loss(
        self,
        pairs: TrainingPairs,
        loss: Callable[..., Tensor],
        follow: Follow,
        module: nn.Module,
    ) -> float:
        """Measure the negative loss on pairs, with the same noise at every call."""
        total = 0.0
        with seeded(0, self.device):
            for start in range(0, len(pairs), self.batch_size):
                rows = np.arange(start, min(start + self.batch_size, len(pairs)))
                batch = (tensor.to(self.device) for tensor in pairs.take(rows, follow))
                total += float(loss(module, *batch)) * len(rows)
        return -total / len(pairs)


class _EndedEarly(Exception):
    """Takes what a training run reached past a cache that must not keep it."""

    def __init__(self, result: TrainingResult) -> None:
        super().__init__("A callback or an interrupt ended the training run.")
        self.result = result


def fit_denoiser(
    run: TrainingRun,
    item_embeddings: FloatArray,
    *,
    denoiser: BaseDenoiser,
    training: DenoiserTraining,
    rounding_weight: float | None,
) -> TrainingResult:
    """Train a `Denoiser` on pairs of a window and what follows it.

    `item_embeddings` (n_items, d) stay as they are, or are the initial values if there
    is a `rounding_weight`.
    """
    is_frozen = rounding_weight is None
    diffusion = run.schedule.diffusion().to(run.device)
    n_items, embedding_dim = item_embeddings.shape
    M = run.pairs.n_pseudo_items
    module = seeded_build(
        partial(Denoiser, n_items, M, embedding_dim, denoiser.build), run.random_state
    )
    module.item_embedding.weight.data.copy_(torch.from_numpy(item_embeddings))
    module.item_embedding.requires_grad_(not is_frozen)
    follow: Follow = partial(share_suffixes, run.pairs.values)
    if is_frozen:
        with torch.no_grad():
            follow = SuffixMeans(run.pairs.values, module.catalogue().numpy())

    def loss(module: Denoiser, windows: Tensor, *following: Tensor) -> Tensor:
        return denoising_loss(
            module,
            windows,
            following[0] if is_frozen else module.suffix_condition(*following),
            diffusion=diffusion,
            condition_dropout=training.condition_dropout,
            rounding_weight=rounding_weight or 0.0,
            dtype=run.dtype,
        )

    return run.train(module, loss, follow, training.ema_decay)
