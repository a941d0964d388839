"""DDIM: few steps, deterministic by default."""

import math
from numbers import Real

from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.augmentation.diffusion.samplers.base import (
    BaseSampler,
    posterior_variance,
)


@estimator_class
class DDIM(BaseSampler):
    """Sampler of denoising diffusion implicit models [1]_.

    Parameters
    ----------
    eta : float, default=0.0
        Share of fresh noise in a step: 0 is deterministic, 1 has the variance of
        `DDPM`.

    References
    ----------
    .. [1] Song et al., "Denoising Diffusion Implicit Models", ICLR 2021,
       arXiv:2010.02502, eq. 12 and 16.
    """

    name = "ddim"
    _parameter_constraints = {
        **BaseSampler._parameter_constraints,
        "eta": [Interval(Real, 0, None, closed="left")],
    }

    eta: float = 0.0

    def step(
        self, x_t: Tensor, x_0: Tensor, abar_t: float, abar_s: float
    ) -> tuple[Tensor, float]:
        """Go from timestep t to an earlier timestep s; see `BaseSampler.step`."""
        # No more fresh noise than x_s holds in all, which a large eta would ask for.
        eta = min(self.eta, 1e100)  # whose square is finite
        variance = min(eta**2 * posterior_variance(abar_t, abar_s), 1 - abar_s)
        eps = (x_t - math.sqrt(abar_t) * x_0) / math.sqrt(1 - abar_t)
        mean = math.sqrt(abar_s) * x_0 + math.sqrt(1 - abar_s - variance) * eps
        return mean, variance
