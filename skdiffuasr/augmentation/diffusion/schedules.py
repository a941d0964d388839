"""Noise schedules: how fast the forward process drowns the items in noise.

A new schedule is one subclass of `BaseSchedule` here, and its name in `__all__`.
"""

import math
from abc import ABC, abstractmethod
from numbers import Integral

import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.nn.diffusion import GaussianDiffusion

__all__ = [
    "BaseSchedule",
    "CosineSchedule",
    "LinearSchedule",
    "QuadraticSchedule",
    "SigmoidSchedule",
]

#: Ceiling of every beta, so that no single step erases the signal entirely.
MAX_BETA = 0.999


@estimator_class
class BaseSchedule(Part, ABC):
    """Base class of the noise schedules.

    A subclass implements `betas`.

    Parameters
    ----------
    n_timesteps : int, default=1000
        Number T of timesteps of the forward process.
    """

    _parameter_constraints = {
        "n_timesteps": [Interval(Integral, 1, None, closed="left")]
    }

    n_timesteps: int = 1000

    @abstractmethod
    def betas(self) -> Tensor:
        """Make the noise variances.

        Returns
        -------
        betas : Tensor of shape (n_timesteps,), dtype float64
            Positive; those above 0.999 are lowered to it.
        """

    def diffusion(self) -> GaussianDiffusion:
        """Make the forward process, on the CPU."""
        self.check()
        return GaussianDiffusion(self.betas().clamp(max=MAX_BETA))

    def _ramp(self, start: float, end: float) -> Tensor:
        """Make T evenly spaced values that end exactly at `end`, even if T is 1."""
        return torch.linspace(end, start, self.n_timesteps, dtype=torch.float64).flip(0)

    def _range(self) -> tuple[float, float]:
        """Return 1e-4 and 2e-2, scaled so that any T reaches about the same noise."""
        return 1000 / self.n_timesteps * 1e-4, 1000 / self.n_timesteps * 2e-2


@estimator_class
class LinearSchedule(BaseSchedule):
    """Betas that grow linearly, from 1e-4 to 2e-2 at 1000 timesteps [1]_.

    References
    ----------
    .. [1] Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
       arXiv:2006.11239.
    """

    name = "linear"

    def betas(self) -> Tensor:
        """Make the noise variances (n_timesteps,)."""
        return self._ramp(*self._range())


@estimator_class
class QuadraticSchedule(BaseSchedule):
    """Betas whose roots grow linearly, over the range of `LinearSchedule`."""

    name = "quadratic"

    def betas(self) -> Tensor:
        """Make the noise variances (n_timesteps,)."""
        return self._ramp(*map(math.sqrt, self._range())) ** 2


@estimator_class
class SigmoidSchedule(BaseSchedule):
    """Betas that grow along a sigmoid, over the range of `LinearSchedule`."""

    name = "sigmoid"

    def betas(self) -> Tensor:
        """Make the noise variances (n_timesteps,)."""
        beta_min, beta_max = self._range()
        return beta_min + (beta_max - beta_min) * self._ramp(-6.0, 6.0).sigmoid()


@estimator_class
class CosineSchedule(BaseSchedule):
    """A share of signal that falls along a squared cosine [1]_.

    References
    ----------
    .. [1] Nichol & Dhariwal, "Improved Denoising Diffusion Probabilistic Models",
       ICML 2021, arXiv:2102.09672, eq. 17.
    """

    name = "cosine"

    def betas(self) -> Tensor:
        """Make the noise variances (n_timesteps,)."""
        time = torch.linspace(0, 1, self.n_timesteps + 1, dtype=torch.float64)
        alphas_cumprod = torch.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2
        return 1 - alphas_cumprod[1:] / alphas_cumprod[:-1]
