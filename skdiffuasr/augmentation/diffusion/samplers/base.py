"""Base class of the samplers of the reverse process."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from numbers import Integral

import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.nn.diffusion import GaussianDiffusion

#: Maps x_t (batch, M, d) and t (batch,) to the predicted noise (batch, M, d).
NoisePredictor = Callable[[Tensor, Tensor], Tensor]


@estimator_class
class BaseSampler(Part, ABC):
    """Base class of the samplers.

    A subclass implements `step`. One that needs more than the last estimate overrides
    `sample`.

    Parameters
    ----------
    n_steps : int, default=5
        Number of steps, and of calls of the network; at most the schedule's
        `n_timesteps`.
    """

    _parameter_constraints = {"n_steps": [Interval(Integral, 1, None, closed="left")]}

    n_steps: int = 5

    @abstractmethod
    def step(
        self, x_t: Tensor, x_0: Tensor, abar_t: float, abar_s: float
    ) -> tuple[Tensor, float]:
        """Go from timestep t to an earlier timestep s.

        Parameters
        ----------
        x_t : Tensor of shape (batch, M, d)
            Noisy embeddings at t.
        x_0 : Tensor of shape (batch, M, d)
            Clean embeddings predicted from `x_t`.
        abar_t, abar_s : float
            Shares of the signal's variance that are left at t and at s; ``abar_s=1``
            is the last step, which must not add noise.

        Returns
        -------
        mean : Tensor of shape (batch, M, d)
            Mean of the embeddings at s.
        variance : float
            Variance of the noise that `sample` adds to it; 0 draws none.
        """

    def timesteps(self, n_timesteps: int) -> list[int]:
        """Choose `n_steps` timesteps, strictly descending from ``n_timesteps - 1``.

        They are evenly spaced and counted from the end. Sampling starts from pure
        noise, and T - 1 is where the network has seen (nearly) pure noise; a grid that
        counts from 0 would begin at, say, 800 of 1000 and hand the network noise where
        it expects a trace of signal (Lin et al., "Common Diffusion Noise Schedules and
        Sample Steps are Flawed", WACV 2024, arXiv:2305.08891, table 2, "trailing").
        """
        if not 1 <= self.n_steps <= n_timesteps:
            raise ValueError(
                f"n_steps of the sampler must be between 1 and the schedule's "
                f"n_timesteps={n_timesteps}, got {self.n_steps}."
            )
        stride = n_timesteps / self.n_steps
        return [round(step * stride) - 1 for step in range(self.n_steps, 0, -1)]

    @torch.no_grad()
    def sample(
        self,
        predict_noise: NoisePredictor,
        x_T: Tensor,
        diffusion: GaussianDiffusion,
        *,
        max_abs_x0: float | None = None,
        draw_noise: Callable[[int], Tensor] | None = None,
        on_step: Callable[[Tensor], None] | None = None,
    ) -> Tensor:
        """Run the reverse process.

        Parameters
        ----------
        predict_noise : callable(x_t, t) -> eps
            On tensors of shape (batch, M, d) and (batch,).
        x_T : Tensor of shape (batch, M, d)
            Standard normal start.
        diffusion : GaussianDiffusion
            The forward process to reverse.
        max_abs_x0 : float, default=None
            Clamp every estimate of x_0 to this range. Where next to no signal is left
            the estimate divides the network's error by sqrt(abar_t), which is 0.006 at
            the end of the linear schedule but 0.00005 at the end of the cosine one: set
            a bound with the latter, a little beyond the largest embedding coordinate.
        draw_noise : callable(step_index) -> Tensor of shape (batch, M, d), default=None
            Standard normal numbers for a step, counted from 0, that adds noise. None
            draws from torch's global generator.
        on_step : callable(x_0), default=None
            Called with the estimate of the clean embeddings of each step; the last one
            is what is returned.

        Returns
        -------
        x_0 : Tensor of shape (batch, M, d)
            Generated embeddings.
        """
        self.check()
        timesteps = self.timesteps(diffusion.n_timesteps)
        abar = [float(diffusion.alphas_cumprod[t]) for t in timesteps] + [1.0]
        x_t = x_T
        for step_index, (abar_t, abar_s) in enumerate(pairwise(abar)):
            t = x_t.new_full((len(x_t),), timesteps[step_index], dtype=torch.int64)
            x_0 = diffusion.predict_x0(x_t, t, predict_noise(x_t, t))
            if max_abs_x0 is not None:
                x_0 = x_0.clamp(-max_abs_x0, max_abs_x0)
            if on_step is not None:
                on_step(x_0)
            x_t, variance = self.step(x_t, x_0, abar_t, abar_s)
            if variance > 0:
                noise = draw_noise(step_index) if draw_noise else torch.randn_like(x_t)
                x_t = x_t + math.sqrt(variance) * noise
        return x_t


def posterior_variance(abar_t: float, abar_s: float) -> float:
    """Return the variance of q(x_s | x_t, x_0), s < t; 0 where ``abar_s=1``.

    Eq. 7 of Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020.
    """
    return (1 - abar_t / abar_s) * (1 - abar_s) / (1 - abar_t)
