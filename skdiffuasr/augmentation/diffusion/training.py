"""Training of the networks behind the diffusion augmenter.

Plain functions of arrays and parts, so that joblib can cache them.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import FloatArray, Weights
from skdiffuasr.augmentation.diffusion.denoisers import BaseDenoiser
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.augmentation.diffusion.schedules import BaseSchedule
from skdiffuasr.augmentation.diffusion.suffixes import SuffixMeans, share_suffixes
from skdiffuasr.augmentation.diffusion.training_pairs import Follow, TrainingPairs
from skdiffuasr.nn.denoiser import Denoiser, denoising_loss, on_sphere
from skdiffuasr.nn.precision import product_dtype
from skdiffuasr.training import (
    TrainingResult,
    resolve_device,
    seeded,
    seeded_build,
    train,
)

#: Parameters that do not change the result of a training run that is cached.
_WITHOUT_EFFECT = ("keep_interrupted", "on_epoch_end", "verbose")


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
class TrainingOptions:
    """What all networks of an augmenter are trained with; see its parameters."""

    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    device: str
    precision: str
    random_state: int


@dataclass(frozen=True)
class TrainingRun:
    """What all networks of an augmenter are trained on, and how.

    `pairs` are windows and what follows them in item codes, `validation` those of other
    histories for early stopping, or None, and `memory` is a `joblib.Memory`.
    """

    pairs: TrainingPairs
    validation: TrainingPairs | None
    schedule: BaseSchedule
    options: TrainingOptions
    memory: Any
    keep_interrupted: bool
    verbose: int

    def fit(
        self,
        function: Callable[..., TrainingResult],
        item_embeddings: FloatArray,
        **parameters: Any,
    ) -> TrainingResult:
        """Train a network, or look the result up in the cache.

        `function`, such as `fit_denoiser`, takes the pairs, the validation, the item
        embeddings (n_items, d), the keyword arguments below and the given ones; it
        calls `fit_network`. What a callback ended, or an interrupt with
        `keep_interrupted`, is not cached.
        """
        known = inspect.signature(function).parameters
        cached = self.memory.cache(
            function, ignore=[name for name in _WITHOUT_EFFECT if name in known]
        )
        try:
            result: TrainingResult = cached(
                self.pairs,
                self.validation,
                item_embeddings,
                schedule=self.schedule,
                options=self.options,
                keep_interrupted=self.keep_interrupted,
                verbose=self.verbose,
                **parameters,
            )
        except _EndedEarly as ended:
            result = ended.result
        return result


class _EndedEarly(Exception):
    """Takes what a training run reached past a cache that must not keep it."""

    def __init__(self, result: TrainingResult) -> None:
        super().__init__("A callback or an interrupt ended the training run.")
        self.result = result


def fit_denoiser(
    pairs: TrainingPairs,
    validation: TrainingPairs | None,
    item_embeddings: FloatArray,
    *,
    denoiser: BaseDenoiser,
    schedule: BaseSchedule,
    training: DenoiserTraining,
    rounding_weight: float | None,
    options: TrainingOptions,
    keep_interrupted: bool = False,
    verbose: int = 0,
    on_epoch_end: Callable[[nn.Module], bool] | None = None,
) -> TrainingResult:
    """Train a `Denoiser` on pairs of a window and what follows it.

    `item_embeddings` (n_items, d) stay as they are, or are the initial values if there
    is a `rounding_weight`; those of the result have norm sqrt(d).
    """
    is_frozen = rounding_weight is None
    device = resolve_device(options.device)
    dtype = product_dtype(device, options.precision)
    diffusion = schedule.diffusion().to(device)
    n_items, embedding_dim = item_embeddings.shape
    module = seeded_build(
        partial(Denoiser, n_items, pairs.n_pseudo_items, embedding_dim, denoiser.build),
        options.random_state,
    )
    module.item_embedding.weight.data.copy_(torch.from_numpy(item_embeddings))
    module.item_embedding.requires_grad_(not is_frozen)
    follow: Follow = partial(share_suffixes, pairs.values)
    if is_frozen:
        with torch.no_grad():
            follow = SuffixMeans(pairs.values, module.catalogue().numpy())

    def loss(module: Denoiser, windows: Tensor, *following: Tensor) -> Tensor:
        return denoising_loss(
            module,
            windows,
            following[0] if is_frozen else module.suffix_condition(*following),
            diffusion=diffusion,
            condition_dropout=training.condition_dropout,
            rounding_weight=rounding_weight or 0.0,
            dtype=dtype,
        )

    return fit_network(
        module,
        loss,
        pairs,
        validation,
        follow,
        options,
        finish=None if is_frozen else _put_on_sphere,
        ema_decay=training.ema_decay,
        on_epoch_end=on_epoch_end,
        keep_interrupted=keep_interrupted,
        verbose=verbose,
    )


def fit_network(
    module: nn.Module,
    loss: Callable[..., Tensor],
    pairs: TrainingPairs,
    validation: TrainingPairs | None,
    follow: Follow,
    options: TrainingOptions,
    *,
    finish: Callable[[Weights], None] | None = None,
    **parameters: Any,
) -> TrainingResult:
    """Train a network by a ``loss(module, *batch)`` of what `TrainingPairs.take` gives.

    `finish` changes the weights in place at the end; more parameters go to `train`. A
    run that something ended raises what `TrainingRun.fit` catches.
    """
    device = resolve_device(options.device)
    validate = None
    if validation is not None:
        validate = partial(
            _negative_loss, loss, validation, follow, options.batch_size, device
        )
    result = train(
        module,
        partial(pairs.batches, options.batch_size, options.random_state, follow),
        loss,
        max_epochs=options.max_epochs,
        learning_rate=options.learning_rate,
        validate=validate,
        patience=options.patience,
        device=device,
        dtype=product_dtype(device, options.precision),
        random_state=options.random_state,
        **parameters,
    )
    if finish is not None:
        finish(result.weights)
    if result.is_interrupted:
        raise _EndedEarly(result)
    return result


def _put_on_sphere(weights: Weights) -> None:
    """Scale the item table: the network reads directions, others the table itself."""
    table = torch.from_numpy(weights["item_embedding.weight"])
    weights["item_embedding.weight"] = on_sphere(table).numpy()


def _negative_loss(
    loss: Callable[..., Tensor],
    pairs: TrainingPairs,
    follow: Follow,
    batch_size: int,
    device: torch.device,
    module: nn.Module,
) -> float:
    """Negative loss on held-out pairs, with the same noise at every call."""
    total = 0.0
    with seeded(0, device):
        for start in range(0, len(pairs), batch_size):
            numbers = np.arange(start, min(start + batch_size, len(pairs)))
            batch = (tensor.to(device) for tensor in pairs.take(numbers, follow))
            total += float(loss(module, *batch)) * len(numbers)
    return -total / len(pairs)
