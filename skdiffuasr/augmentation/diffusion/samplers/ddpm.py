"""DDPM: every step draws from the posterior of the forward process."""

import math

from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr.augmentation.diffusion.samplers.base import (
    BaseSampler,
    posterior_variance,
)


@estimator_class
class DDPM(BaseSampler):
    """Sampler of denoising diffusion probabilistic models [1]_.

    A step draws from q(x_s | x_t, x_0). The timesteps between t and s are merged into
    one with alpha = abar_t / abar_s, so any number of steps will do.

    References
    ----------
    .. [1] Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
       arXiv:2006.11239, eq. 6 and 7.
    """

    name = "ddpm"

    def step(
        self, x_t: Tensor, x_0: Tensor, abar_t: float, abar_s: float
    ) -> tuple[Tensor, float]:
        """Go from timestep t to an earlier timestep s; see `BaseSampler.step`."""
        alpha = abar_t / abar_s
        x_0_weight = math.sqrt(abar_s) * (1 - alpha) / (1 - abar_t)
        x_t_weight = math.sqrt(alpha) * (1 - abar_s) / (1 - abar_t)
        mean = x_0_weight * x_0 + x_t_weight * x_t
        return mean, posterior_variance(abar_t, abar_s)
