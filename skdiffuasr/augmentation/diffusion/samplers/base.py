"""What every sampler of the reverse process can do."""

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

    A subclass implements `step`, and sets `draws_noise` if its steps add noise. One
    that needs more than the last estimate overrides `sample`.

    Parameters
    ----------
    n_steps : int, default=5
        Number of steps, and of calls of the network; at most the schedule's
        `n_timesteps`.
    """

    _parameter_constraints = {"n_steps": [Interval(Integral, 1, None, closed="left")]}

    n_steps: int = 5

    @property
    def draws_noise(self) -> bool:
        """Whether `step` is given noise; there is none in the last step."""
        return False

    @abstractmethod
    def step(
        self,
        x_t: Tensor,
        x_0: Tensor,
        abar_t: float,
        abar_s: float,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Go from timestep t to an earlier timestep s.

        Parameters
        ----------
        x_t : Tensor of shape (batch, M, d)
            Noisy embeddings at t.
        x_0 : Tensor of shape (batch, M, d)
            Clean embeddings predicted from `x_t`.
        abar_t, abar_s : float
            Shares of the signal's variance that are left at t and at s; ``abar_s=1``
            is the last step.
        noise : Tensor of shape (batch, M, d), default=None
            Standard normal numbers, if the sampler draws noise.

        Returns
        -------
        x_s : Tensor of shape (batch, M, d)
            Embeddings at s.
        """

    def timesteps(self, n_timesteps: int) -> list[int]:
        """Choose the timesteps that are visited.

        They are evenly spaced and counted from the end. Sampling starts from pure
        noise, and T - 1 is where the network has seen (nearly) pure noise; a grid that
        counts from 0 would begin at, say, 800 of 1000 and hand the network noise where
        it expects a trace of signal [1]_.

        Parameters
        ----------
        n_timesteps : int
            Number T of timesteps of the forward process.

        Returns
        -------
        timesteps : list of int, of length n_steps
            Strictly descending from T - 1. The step after the last one leads to
            abar = 1, the clean embeddings.

        Raises
        ------
        ValueError
            If `n_steps` is larger than `n_timesteps`.

        References
        ----------
        .. [1] Lin et al., "Common Diffusion Noise Schedules and Sample Steps are
           Flawed", WACV 2024, arXiv:2305.08891, table 2 ("trailing").

        Examples
        --------
        >>> from skdiffuasr.augmentation.diffusion import DDIM
        >>> DDIM(n_steps=5).timesteps(1000)
        [999, 799, 599, 399, 199]
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
        predict_noise : callable
            ``predict_noise(x_t, t) -> eps`` on tensors of shape (batch, M, d) and
            (batch,).
        x_T : Tensor of shape (batch, M, d)
            Standard normal start.
        diffusion : GaussianDiffusion
            The forward process to reverse.
        max_abs_x0 : float, default=None
            Clamp every estimate of x_0 to this range. Where next to no signal is left
            the estimate divides the network's error by sqrt(abar_t), which is 0.006 at
            the end of the linear schedule but 0.00005 at the end of the cosine one: set
            a bound with the latter, a little beyond the largest embedding coordinate.
        draw_noise : callable, default=None
            ``draw_noise(step_index) -> (batch, M, d)`` standard normal numbers for the
            step of that index (0 is the first one). Called only for steps that need
            noise. None draws from torch's global generator.
        on_step : callable, default=None
            ``on_step(x_0)`` is told the estimate of the clean embeddings of each step;
            the last one is what is returned.

        Returns
        -------
        x_0 : Tensor of shape (batch, M, d)
            Generated embeddings.

        Raises
        ------
        ValueError
            If a parameter of the sampler is out of range.

        Examples
        --------
        >>> import torch
        >>> from skdiffuasr.augmentation.diffusion import DDIM, LinearSchedule
        >>> diffusion = LinearSchedule().diffusion()
        >>> DDIM().sample(lambda x_t, t: x_t, torch.ones(2, 3, 4), diffusion).shape
        torch.Size([2, 3, 4])
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
            noise = None
            if self.draws_noise and abar_s < 1:
                noise = draw_noise(step_index) if draw_noise else torch.randn_like(x_t)
            x_t = self.step(x_t, x_0, abar_t, abar_s, noise)
        return x_t


def posterior_variance(abar_t: float, abar_s: float) -> float:
    """Return the variance of q(x_s | x_t, x_0), s < t; 0 where ``abar_s=1``.

    Eq. 7 of Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020.
    """
    return (1 - abar_t / abar_s) * (1 - abar_s) / (1 - abar_t)


def add_noise(mean: Tensor, variance: float, noise: Tensor | None) -> Tensor:
    """Draw from N(mean, variance); raise if that takes noise and there is none."""
    if variance == 0:
        return mean
    if noise is None:
        raise ValueError(f"A step of variance {variance:.3g} needs noise, got None.")
    return mean + math.sqrt(variance) * noise
