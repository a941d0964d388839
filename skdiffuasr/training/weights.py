"""A module's parameters as a plain dict of numpy arrays, and back.

Estimators keep their weights in this form: it hashes and pickles deterministically,
and what was trained on CUDA loads on a machine without it.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from skdiffuasr._typing import Weights
from skdiffuasr.training.seeding import seeded

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def seeded_build(build_module: Callable[[], ModuleT], random_state: int) -> ModuleT:
    """Build a module with seeded initial weights, on the CPU, in training mode."""
    with seeded(random_state, torch.device("cpu")):
        return build_module()


def to_weights(module: nn.Module) -> Weights:
    """Copy what a module's ``state_dict()`` holds to numpy arrays, in its order."""
    return {
        name: tensor.detach().cpu().numpy().copy()
        for name, tensor in module.state_dict().items()
    }


def from_weights(
    build_module: Callable[[], ModuleT],
    weights: Weights,
    device: torch.device,
    copy: bool = True,
) -> ModuleT:
    """Build a module around weights by `to_weights`, for inference on a device.

    No parameter has a gradient. Without `copy`, writable arrays share their memory with
    a module on the CPU.
    """
    with torch.device("meta"):
        module = build_module()
    state = {
        name: torch.tensor(array)
        if copy or not array.flags.writeable
        else torch.from_numpy(array)
        for name, array in weights.items()
    }
    module.load_state_dict(state, assign=True)
    return module.to(device).requires_grad_(False).eval()
