"""The training loop: it knows batches and a loss, not which model it trains."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from skdiffuasr._progress import track
from skdiffuasr.nn.precision import without_tf32
from skdiffuasr.training.checkpoints import Checkpoint, TrainingState
from skdiffuasr.training.early_stopping import EarlyStopping
from skdiffuasr.training.ema import averaged_model
from skdiffuasr.training.optimizers import make_optimizers
from skdiffuasr.training.result import TrainingResult
from skdiffuasr.training.seeding import seeded
from skdiffuasr.training.weights import to_weights


def train(
    module: nn.Module,
    batches: Callable[[int], Iterable[tuple[Tensor, ...]]],
    loss: Callable[..., Tensor],
    *,
    max_epochs: int,
    learning_rate: float,
    device: torch.device,
    random_state: int,
    dtype: torch.dtype | None = None,
    weight_decay: float = 0.0,
    ema_decay: float | None = None,
    validate: Callable[[nn.Module], float] | None = None,
    patience: int | None = None,
    on_epoch_end: Callable[[nn.Module], bool] | None = None,
    keep_interrupted: bool = False,
    checkpoint: Checkpoint | None = None,
    name: str = "training",
    score_name: str = "validation score",
    verbose: int = 0,
) -> TrainingResult:
    """Minimise a loss over epochs of batches with AdamW.

    Parameters
    ----------
    module : nn.Module
        Trained in place, on `device`.
    batches : callable(epoch) -> iterable of tuple of Tensor
        The batches of an epoch, counted from 0, on any device.
    loss : ``callable(module, *batch)`` -> Tensor of shape ()
        The mean loss of a batch.
    max_epochs : int
        Upper bound of the number of passes over the data.
    learning_rate, weight_decay : float
        AdamW's; it is Adam when the decay is 0.
    device : torch.device
        Where to train.
    random_state : int
        Seeds dropout and whatever else the loss draws from torch's generator, whose
        state is restored afterwards.
    dtype : torch.dtype, default=None
        bfloat16 computes the loss under autocast on CUDA, any other and None do not;
        see `product_dtype`.
    ema_decay : float, default=None
        Decay of the exponential moving average of the weights, which is then what is
        validated and returned. None trains without.
    validate : callable(module) -> float, default=None
        Score after each epoch, higher is better; called in evaluation mode, without
        gradients.
    patience : int, default=None
        Epochs without a better score before training stops.
    on_epoch_end : callable(module) -> bool, default=None
        Called with the weights after each epoch; True stops the training run.
    keep_interrupted : bool, default=False
        Whether a keyboard interrupt ends the training run with a ConvergenceWarning and
        what it reached, instead of raising.
    checkpoint : Checkpoint, default=None
        Where the state is written after each epoch, and read from at the start: a run
        that was stopped goes on, and one that was not has its result at once.
    name, score_name : str
        What the lines and bars of `track` call the training run and its score.
    verbose : int, default=0
        Print a line every `verbose` epochs, if nothing around shows them.

    Returns
    -------
    result : TrainingResult

    Raises
    ------
    ValueError
        If the loss, the weights or the validation score become NaN or infinite.
    """
    module.to(device)
    optimizers = make_optimizers(module, learning_rate, weight_decay)
    averaged = None if ema_decay is None else averaged_model(module, ema_decay)
    current = module if averaged is None else averaged.module
    stopping = EarlyStopping(patience)
    result = TrainingResult()
    state = TrainingState(module, averaged, optimizers, stopping, result, device)

    def check_finite(is_finite: bool, what: str) -> None:
        if not is_finite:
            raise ValueError(
                f"The {what} in epoch {epoch}; try a lower learning_rate (now "
                f"{learning_rate})."
            )

    interruptible = _interruptible(result, keep_interrupted)
    with (
        track(name, "epoch", max_epochs, verbose=verbose) as progress,
        seeded(random_state, device),
        without_tf32(device),
        checkpoint.locked() if checkpoint else nullcontext(),
        interruptible,
    ):
        saved = checkpoint.read() if checkpoint else None
        if saved is not None:
            state.restore(saved)
            progress.skip(len(result.loss_curve))
            progress.summary = _summary(result, score_name)
        for epoch in range(len(result.loss_curve) + 1, max_epochs + 1):
            if stopping.is_over(epoch - 1):
                break
            mean_loss = _train_epoch(
                module, averaged, batches(epoch - 1), loss, optimizers, device, dtype
            )
            check_finite(math.isfinite(mean_loss), f"training loss became {mean_loss}")
            # The loss is from before the last step.
            is_finite = all(
                bool(weight.isfinite().all()) for weight in module.parameters()
            )
            check_finite(is_finite, "weights became NaN or infinite")
            result.loss_curve.append(mean_loss)
            with _evaluating(current):
                if validate is not None:
                    score = validate(current)
                    check_finite(
                        math.isfinite(score), f"validation score became {score}"
                    )
                    result.validation_curve.append(score)
                    stopping.update(epoch, score, current)
                if on_epoch_end is not None:
                    result.is_interrupted = on_epoch_end(current)
            if checkpoint is not None:
                checkpoint.write(state.save())
            stop = stopping.is_over(epoch) or result.is_interrupted
            result.best_epoch = stopping.best_epoch or epoch
            progress.advance(_epoch_text(result, score_name), is_last=stop)
            progress.summary = _summary(result, score_name)
            if stop:
                break

    result.weights = stopping.best_weights or to_weights(current)
    result.best_epoch = stopping.best_epoch or len(result.loss_curve)
    return result


def _train_epoch(
    module: nn.Module,
    averaged: torch.optim.swa_utils.AveragedModel | None,
    batches: Iterable[tuple[Tensor, ...]],
    loss: Callable[..., Tensor],
    optimizers: list[torch.optim.Optimizer],
    device: torch.device,
    dtype: torch.dtype | None,
) -> float:
    """Go through the batches once, and return the mean of their losses."""
    use_bfloat16 = device.type == "cuda" and dtype == torch.bfloat16
    module.train()
    total = torch.zeros((), device=device)
    n_batches = 0
    for batch in batches:
        batch = tuple(tensor.to(device, non_blocking=True) for tensor in batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bfloat16):
            batch_loss = loss(module, *batch)
        module.zero_grad(set_to_none=True)
        batch_loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        if averaged is not None:
            averaged.update_parameters(module)
        total += batch_loss.detach()
        n_batches += 1
    return float(total) / max(n_batches, 1)


def _epoch_text(result: TrainingResult, score_name: str) -> str:
    """Say what the last epoch brought."""
    text = f"loss {result.loss_curve[-1]:#.4g}"
    if result.validation_curve:
        best = result.validation_curve[result.best_epoch - 1]
        text += (
            f", {score_name} {result.validation_curve[-1]:.4f} (best {best:.4f} at "
            f"epoch {result.best_epoch})"
        )
    return text


def _summary(result: TrainingResult, score_name: str) -> str:
    """Say what the training run has come to."""
    text = f"{len(result.loss_curve)} epochs, best epoch {result.best_epoch}"
    if result.validation_curve:
        best = result.validation_curve[result.best_epoch - 1]
        return f"{text}, {score_name} {best:.4f}"
    return f"{text}, loss {result.loss_curve[-1]:#.4g}"


@contextmanager
def _interruptible(result: TrainingResult, keep_interrupted: bool) -> Iterator[None]:
    """End a training run on a keyboard interrupt, with a warning, if asked."""
    try:
        yield
    except KeyboardInterrupt:
        if not keep_interrupted:
            raise
        result.is_interrupted = True
        warnings.warn(
            f"Training interrupted by the user after {len(result.loss_curve)} "
            f"epochs; keep_interrupted=True keeps the weights reached so far.",
            ConvergenceWarning,
            stacklevel=4,
        )


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Switch to evaluation mode without gradients, and back."""
    module.eval()
    with torch.no_grad():
        yield
    module.train()
