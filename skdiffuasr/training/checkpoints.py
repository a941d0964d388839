"""What a training run has come to, on disk: the same run goes on from there."""

import hashlib
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import torch
from filelock import FileLock, Timeout  # torch depends on it
from torch import Tensor, nn

from skdiffuasr._files import replaced
from skdiffuasr.training.early_stopping import EarlyStopping
from skdiffuasr.training.result import TrainingResult


class Checkpoint:
    """The file of a training run in a folder.

    It is called after the hash of all that the run depends on: the training runs of a
    search or an ensemble share a folder, and none goes on from another. The file begins
    with its own hash, and the one before it is kept until the next, in case that a
    machine without power left one torn.
    """

    def __init__(self, folder: str | os.PathLike[str], *depends_on: Any) -> None:
        self.path = Path(folder) / f"{joblib.hash(depends_on)}.pt"
        self._previous = self.path.with_suffix(".previous.pt")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out, which would train the same twice."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BlockingIOError(
                f"Another process is training the same with {self.path}; wait for it, "
                "or choose another folder for checkpoints."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def write(self, state: dict[str, Any]) -> None:
        """Replace what the file holds."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        if self.path.exists():
            self.path.replace(self._previous)
        with replaced(self.path) as temporary:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)

    def read(self) -> dict[str, Any] | None:
        """Return the last state that is whole; None if there is none."""
        for path in (self.path, self._previous):
            if not path.exists():
                continue
            content = path.read_bytes()
            digest, content = content[:32], content[32:]
            if hashlib.sha256(content).digest() == digest:
                state: dict[str, Any] = torch.load(
                    io.BytesIO(content), map_location="cpu", weights_only=True
                )
                return state
            warnings.warn(
                f"{path} is damaged; training goes on from the epoch before, if that "
                "was kept, else it starts anew.",
                UserWarning,
                stacklevel=2,
            )
        return None


@dataclass
class TrainingState:
    """All that changes while a network is trained."""

    module: nn.Module
    averaged: nn.Module | None
    optimizers: list[torch.optim.Optimizer]
    stopping: EarlyStopping
    result: TrainingResult
    device: torch.device

    def save(self) -> dict[str, Any]:
        """Return it as tensors, numbers and containers of them."""
        generators = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            generators["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "module": _tensors(self.module),
            "averaged": self.averaged and _tensors(self.averaged),
            "optimizers": [each.state_dict() for each in self.optimizers],
            "generators": generators,
            "best_score": self.stopping.best_score,
            "best_epoch": self.stopping.best_epoch,
            "best_weights": {
                name: torch.from_numpy(array)
                for name, array in self.stopping.best_weights.items()
            },
            "loss_curve": self.result.loss_curve,
            "validation_curve": self.result.validation_curve,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go back to what `save` returned."""
        _copy(saved["module"], self.module)
        if self.averaged is not None:
            _copy(saved["averaged"], self.averaged)
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        torch.set_rng_state(saved["generators"]["cpu"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(saved["generators"]["cuda"], self.device)
        self.stopping.best_score = saved["best_score"]
        self.stopping.best_epoch = saved["best_epoch"]
        self.stopping.best_weights = {
            name: tensor.numpy() for name, tensor in saved["best_weights"].items()
        }
        self.result.loss_curve[:] = saved["loss_curve"]
        self.result.validation_curve[:] = saved["validation_curve"]
        self.result.best_epoch = saved["best_epoch"] or len(saved["loss_curve"])


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers as they are; a state_dict may have sums of them."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: tensor.detach() for name, tensor in named.items()}


def _copy(saved: dict[str, Tensor], module: nn.Module) -> None:
    for name, tensor in _tensors(module).items():
        tensor.copy_(saved[name])
