"""Training of the networks behind the diffusion augmenter.

Plain functions of arrays and numbers, so that joblib can cache them.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skdiffuasr._typing import FloatArray
from skdiffuasr.augmentation.suffixes import SuffixMeans, first_items, share_suffixes
from skdiffuasr.augmentation.training_pairs import Follow, TrainingPairs
from skdiffuasr.nn.denoiser import Denoiser, denoising_loss, on_sphere
from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.nn.losses import full_cross_entropy
from skdiffuasr.nn.precision import product_dtype
from skdiffuasr.nn.schedules import make_betas
from skdiffuasr.training import (
    TrainingResult,
    resolve_device,
    seeded,
    seeded_build,
    train,
)

#: Parameters that do not change the result of a training that is cached.
_WITHOUT_EFFECT = ("keep_interrupted", "on_epoch_end", "verbose")


class _EndedEarly(Exception):
    """Takes what a training reached past a cache that must not keep it."""

    def __init__(self, result: TrainingResult) -> None:
        super().__init__("A callback or an interrupt ended the training.")
        self.result = result


def cached_fit(
    memory: Any, fit: Callable[..., TrainingResult]
) -> Callable[..., TrainingResult]:
    """Cache the results of training runs that nothing cut short.

    Parameters
    ----------
    memory : joblib.Memory
        The cache.
    fit : callable
        `fit_denoiser` or `fit_first_item_classifier`.

    Returns
    -------
    fit : callable
        Takes the same. What a training reached that a callback ended, or an interrupt
        with `keep_interrupted`, is returned and not cached.
    """
    parameters = inspect.signature(fit).parameters
    ignore = [name for name in _WITHOUT_EFFECT if name in parameters]
    cached = memory.cache(fit, ignore=ignore)

    def fit_or_look_up(*args: Any, **kwargs: Any) -> TrainingResult:
        try:
            result: TrainingResult = cached(*args, **kwargs)
        except _EndedEarly as ended:
            result = ended.result
        return result

    return fit_or_look_up


def fit_denoiser(
    pairs: TrainingPairs,
    validation: TrainingPairs | None,
    item_embeddings: FloatArray,
    *,
    freeze_item_embeddings: bool,
    base_channels: int | None,
    n_res_blocks: int,
    dropout: float,
    schedule: str,
    n_timesteps: int,
    condition_dropout: float,
    rounding_weight: float,
    learning_rate: float,
    batch_size: int,
    max_epochs: int,
    patience: int,
    ema_decay: float,
    device: str,
    precision: str,
    random_state: int,
    keep_interrupted: bool = False,
    verbose: int = 0,
    on_epoch_end: Callable[[nn.Module], bool] | None = None,
) -> TrainingResult:
    """Train a denoiser on pairs of a window and what follows it.

    Parameters
    ----------
    pairs : TrainingPairs
        What is trained on.
    validation : TrainingPairs or None
        Pairs of other histories, for early stopping.
    item_embeddings : ndarray of float32 of shape (n_items, d)
        The item table, or its initial values.
    freeze_item_embeddings : bool
        Whether the table stays as it is.
    **parameters
        As in `DiffusionSequenceAugmenter`.
    on_epoch_end : callable(module) -> bool, default=None
        See `train`.

    Returns
    -------
    result : TrainingResult
        Averaged weights of a `Denoiser`, with item embeddings of norm sqrt(d).

    Raises
    ------
    _EndedEarly
        If the training is not to be cached; see `cached_fit`.
    """
    torch_device = resolve_device(device)
    dtype = product_dtype(torch_device, precision)
    diffusion = GaussianDiffusion(make_betas(schedule, n_timesteps)).to(torch_device)
    denoiser = seeded_build(
        partial(
            Denoiser,
            len(item_embeddings),
            pairs.n_pseudo_items,
            item_embeddings.shape[1],
            base_channels=base_channels,
            n_res_blocks=n_res_blocks,
            dropout=dropout,
        ),
        random_state,
    )
    denoiser.item_embedding.weight.data.copy_(torch.from_numpy(item_embeddings))
    denoiser.item_embedding.requires_grad_(not freeze_item_embeddings)
    follow: Follow = partial(share_suffixes, pairs.values)
    if freeze_item_embeddings:
        with torch.no_grad():
            follow = SuffixMeans(pairs.values, denoiser.catalogue().numpy())

    def loss(module: Denoiser, windows: Tensor, *following: Tensor) -> Tensor:
        return denoising_loss(
            module,
            windows,
            following[0]
            if freeze_item_embeddings
            else module.suffix_condition(*following),
            diffusion=diffusion,
            condition_dropout=condition_dropout,
            rounding_weight=0.0 if freeze_item_embeddings else rounding_weight,
            dtype=dtype,
        )

    result = train(
        denoiser,
        partial(pairs.batches, batch_size, random_state, follow),
        loss,
        max_epochs=max_epochs,
        learning_rate=learning_rate,
        ema_decay=ema_decay,
        validate=_validation(validation, follow, loss, batch_size, torch_device),
        patience=patience,
        on_epoch_end=on_epoch_end,
        device=torch_device,
        dtype=dtype,
        random_state=random_state,
        keep_interrupted=keep_interrupted,
        verbose=verbose,
    )
    if not freeze_item_embeddings:
        # The network only reads their directions; the others read them as they are.
        table = torch.from_numpy(result.weights["item_embedding.weight"])
        result.weights["item_embedding.weight"] = on_sphere(table).numpy()
    return _to_be_cached(result)


def fit_first_item_classifier(
    pairs: TrainingPairs,
    validation: TrainingPairs | None,
    item_embeddings: FloatArray,
    *,
    classifier_input: str,
    schedule: str,
    n_timesteps: int,
    learning_rate: float,
    batch_size: int,
    max_epochs: int,
    patience: int,
    device: str,
    precision: str,
    random_state: int,
    keep_interrupted: bool = False,
    verbose: int = 0,
) -> TrainingResult:
    """Train the classifier of classifier guidance on the same pairs.

    Parameters
    ----------
    pairs, validation : TrainingPairs
        See `fit_denoiser`.
    item_embeddings : ndarray of float32 of shape (n_items, d)
        The denoiser's item table; it stays as it is.
    classifier_input : {"x0", "noisy"}
        Whether it reads clean windows or windows at a random timestep.
    **parameters
        As in `DiffusionSequenceAugmenter`.

    Returns
    -------
    result : TrainingResult
        Weights of a `FirstItemClassifier`.

    Raises
    ------
    _EndedEarly
        If the training is not to be cached; see `cached_fit`.
    """
    torch_device = resolve_device(device)
    dtype = product_dtype(torch_device, precision)
    diffusion = GaussianDiffusion(make_betas(schedule, n_timesteps)).to(torch_device)
    table = torch.tensor(item_embeddings, device=torch_device)
    module = seeded_build(
        partial(FirstItemClassifier, pairs.n_pseudo_items, table.shape[1]),
        random_state,
    )

    def loss(module: nn.Module, windows: Tensor, following: Tensor) -> Tensor:
        x = table[windows]  # (batch, M, d)
        t = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        if classifier_input == "noisy":
            t = torch.randint(n_timesteps, (len(x),), device=x.device)
            x = diffusion.q_sample(x, t, torch.randn_like(x))
        return full_cross_entropy(module(x, t), table, following, dtype)

    follow = partial(first_items, pairs.values)
    result = train(
        module,
        partial(pairs.batches, batch_size, random_state, follow),
        loss,
        max_epochs=max_epochs,
        learning_rate=learning_rate,
        validate=_validation(validation, follow, loss, batch_size, torch_device),
        patience=patience,
        device=torch_device,
        dtype=dtype,
        random_state=random_state,
        keep_interrupted=keep_interrupted,
        verbose=verbose,
    )
    return _to_be_cached(result)


def _to_be_cached(result: TrainingResult) -> TrainingResult:
    """Return the result, unless something has ended the training."""
    if result.is_interrupted:
        raise _EndedEarly(result)
    return result


def _validation(
    pairs: TrainingPairs | None,
    follow: Follow,
    loss: Callable[..., Tensor],
    batch_size: int,
    device: torch.device,
) -> Callable[[nn.Module], float] | None:
    """Negative loss on held-out pairs, with the same noise at every call."""
    if pairs is None:
        return None

    def validate(module: nn.Module) -> float:
        total = 0.0
        with seeded(0, device):
            for start in range(0, len(pairs), batch_size):
                numbers = np.arange(start, min(start + batch_size, len(pairs)))
                batch = (tensor.to(device) for tensor in pairs.take(numbers, follow))
                total += float(loss(module, *batch)) * len(numbers)
        return -total / len(pairs)

    return validate
