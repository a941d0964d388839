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
    """Build a module with seeded initial weights, on the CPU, in training mode.

    Parameters
    ----------
    build_module : callable() -> nn.Module
        Builds and initialises the architecture.
    random_state : int
        Seeds torch's generator, whose state is restored afterwards.

    Returns
    -------
    module : nn.Module
    """
    with seeded(random_state, torch.device("cpu")):
        return build_module()


def to_weights(module: nn.Module) -> Weights:
    """Copy the parameters and buffers of a module to numpy arrays.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    weights : dict of str to ndarray
        In the order of the module's ``state_dict()``.
    """
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
    """Build a module around stored weights, ready for inference.

    Parameters
    ----------
    build_module : callable() -> nn.Module
        Builds the architecture, without initialising it.
    weights : dict of str to ndarray
        What `to_weights` returned.
    device : torch.device
    copy : bool, default=True
        Whether the arrays are copied on the CPU, too. Read-only ones are in any case.

    Returns
    -------
    module : nn.Module
        In evaluation mode, its parameters without gradients.
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
