"""The network of a fitted estimator: built when it is first used, then kept."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn

from skdiffuasr._typing import Weights
from skdiffuasr.training.weights import from_weights

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class _Kept(NamedTuple):
    module: nn.Module
    arrays: list[Any]
    device: torch.device


#: Networks by estimator and name. They are not part of an estimator's state: using one
#: does not change it, and a pickle or a copy has the weights alone.
_networks: WeakKeyDictionary[Any, dict[str, _Kept]] = WeakKeyDictionary()


class NetworkMixin:
    """Keep networks until the weights they were built from are replaced."""

    def _network(
        self,
        build_module: Callable[[], ModuleT],
        weights: Weights,
        device: torch.device,
        name: str = "network",
    ) -> ModuleT:
        """Return the network with these weights on a device, ready for inference.

        On the CPU it shares the memory of the arrays. The name tells the networks of an
        estimator apart.
        """
        networks = _networks.setdefault(self, {})
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
