"""The network of a fitted estimator: built when it is first used, then kept."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import nn

from skdiffuasr._typing import Weights
from skdiffuasr.training.weights import from_weights

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class _Kept(NamedTuple):
    module: nn.Module
    arrays: list[Any]
    device: torch.device


class NetworkMixin:
    """Keep networks until the weights they were built from are replaced.

    Put it before ``BaseEstimator`` among the bases: what is kept is not pickled.
    """

    def _network(
        self,
        build_module: Callable[[], ModuleT],
        weights: Weights,
        device: torch.device,
        name: str = "network",
    ) -> ModuleT:
        """Return the network with these weights, ready for inference.

        Parameters
        ----------
        build_module : callable() -> nn.Module
            Builds the architecture that the weights belong to.
        weights : dict of str to ndarray
            A fitted attribute. On the CPU the network shares its memory, so that what
            is written into an array has an effect.
        device : torch.device
            Where the network is placed.
        name : str, default="network"
            Tells the networks of an estimator apart.

        Returns
        -------
        module : nn.Module
            In evaluation mode, its parameters without gradients.
        """
        networks: dict[str, _Kept] = vars(self).setdefault("_networks", {})
        kept = networks.get(name)
        arrays = list(weights.values())
        if (
            kept is None
            or kept.device != device
            or len(kept.arrays) != len(arrays)
            or any(old is not new for old, new in zip(kept.arrays, arrays, strict=True))
        ):
            module = from_weights(build_module, weights, device, copy=False)
            kept = networks[name] = _Kept(module, arrays, device)
        return kept.module  # type: ignore[return-value]

    def __getstate__(self) -> dict[str, Any]:
        state = cast(dict[str, Any], super().__getstate__())
        return {name: state[name] for name in state if name != "_networks"}
