"""The reverse process: from pure noise back to item embeddings, by DDIM or DDPM."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from skdiffuasr.nn.diffusion import GaussianDiffusion

NoisePredictor = Callable[[Tensor, Tensor], Tensor]
"""Maps x_t (batch, M, d) and t (batch,) to the predicted noise (batch, M, d)."""


def sampling_timesteps(n_timesteps: int, n_sampling_steps: int) -> list[int]:
    """Choose the timesteps that a sampler visits.

    They are evenly spaced and counted from the end, so the first one is T - 1.
    Sampling starts from pure noise, and T - 1 is where the network has seen
    (nearly) pure noise; a grid that counts from 0 would begin at, say, 800 of 1000
    and hand the network noise where it expects a trace of signal [1]_.

    Parameters
    ----------
    n_timesteps : int
        Number of timesteps T of the forward process.
    n_sampling_steps : int
        Number of steps to take, from 1 to T.

    Returns
    -------
    timesteps : list of int, of length n_sampling_steps
        Strictly descending from T - 1. The step after the last one leads to
        abar = 1, the clean embeddings.

    Raises
    ------
    ValueError
        If `n_sampling_steps` is not between 1 and `n_timesteps`.

    References
    ----------
    .. [1] Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed",
       WACV 2024, arXiv:2305.08891, table 2 ("trailing").

    Examples
    --------
    >>> sampling_timesteps(1000, 5)
    [999, 799, 599, 399, 199]
    """
    if not 1 <= n_sampling_steps <= n_timesteps:
        raise ValueError(
            f"n_sampling_steps must be between 1 and n_timesteps={n_timesteps}, "
            f"got {n_sampling_steps}."
        )
    stride = n_timesteps / n_sampling_steps
    return [round(step * stride) - 1 for step in range(n_sampling_steps, 0, -1)]


def ddim_step(
    x_t: Tensor,
    x_0: Tensor,
    abar_t: float,
    abar_s: float,
    *,
    eta: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    """Go from timestep t to an earlier timestep s by DDIM.

    Parameters
    ----------
    x_t : Tensor of shape (batch, M, d)
        Noisy embeddings at t.
    x_0 : Tensor of shape (batch, M, d)
        Clean embeddings predicted from `x_t`.
    abar_t, abar_s : float
        Cumulative alphas at t and at s; ``abar_s=1`` is the last step.
    eta : float, default=0.0
        Share of fresh noise: 0 is deterministic, 1 has the variance of DDPM.
    noise : Tensor of shape (batch, M, d) or None, default=None
        Standard normal numbers, read only if the step adds noise.

    Returns
    -------
    x_s : Tensor of shape (batch, M, d)
        Embeddings at s.

    Raises
    ------
    ValueError
        If `eta` is negative, or noise is needed and none is given.

    References
    ----------
    .. [1] Song et al., "Denoising Diffusion Implicit Models", ICLR 2021,
       arXiv:2010.02502, eq. 12 and 16.
    """
    if eta < 0:
        raise ValueError(f"eta must be at least 0, got {eta}.")
    # No more fresh noise than x_s holds in all, which a large eta would ask for.
    eta = min(eta, 1e100)  # whose square is finite
    variance = min(eta**2 * posterior_variance(abar_t, abar_s), 1 - abar_s)
    eps = (x_t - math.sqrt(abar_t) * x_0) / math.sqrt(1 - abar_t)
    x_s = math.sqrt(abar_s) * x_0 + math.sqrt(1 - abar_s - variance) * eps
    return _add_noise(x_s, variance, noise)


def ddpm_step(
    x_t: Tensor,
    x_0: Tensor,
    abar_t: float,
    abar_s: float,
    *,
    noise: Tensor | None = None,
) -> Tensor:
    """Go from timestep t to an earlier timestep s by DDPM: draw from q(x_s | x_t, x_0).

    The steps between t and s are merged into one with
    alpha = abar_t / abar_s, so any number of sampling steps will do.

    Parameters
    ----------
    x_t : Tensor of shape (batch, M, d)
        Noisy embeddings at t.
    x_0 : Tensor of shape (batch, M, d)
        Clean embeddings predicted from `x_t`.
    abar_t, abar_s : float
        Cumulative alphas at t and at s; ``abar_s=1`` is the last step.
    noise : Tensor of shape (batch, M, d) or None, default=None
        Standard normal numbers, read only if the step adds noise.

    Returns
    -------
    x_s : Tensor of shape (batch, M, d)
        Embeddings at s.

    Raises
    ------
    ValueError
        If noise is needed and none is given.

    References
    ----------
    .. [1] Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
       arXiv:2006.11239, eq. 6 and 7.
    """
    alpha = abar_t / abar_s
    x_0_weight = math.sqrt(abar_s) * (1 - alpha) / (1 - abar_t)
    x_t_weight = math.sqrt(alpha) * (1 - abar_s) / (1 - abar_t)
    mean = x_0_weight * x_0 + x_t_weight * x_t
    return _add_noise(mean, posterior_variance(abar_t, abar_s), noise)


def posterior_variance(abar_t: float, abar_s: float) -> float:
    """Variance of q(x_s | x_t, x_0) between two timesteps s < t.

    Parameters
    ----------
    abar_t, abar_s : float
        Cumulative alphas at t and at s.

    Returns
    -------
    variance : float
        Zero when s is the clean end, where ``abar_s=1``.

    References
    ----------
    .. [1] Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
       arXiv:2006.11239, eq. 7.

    Examples
    --------
    >>> posterior_variance(0.25, 1.0)
    0.0
    """
    return (1 - abar_t / abar_s) * (1 - abar_s) / (1 - abar_t)


@torch.no_grad()
def sample(
    predict_noise: NoisePredictor,
    x_T: Tensor,
    diffusion: GaussianDiffusion,
    *,
    sampler: str = "ddim",
    n_sampling_steps: int = 5,
    eta: float = 0.0,
    max_abs_x0: float | None = None,
    draw_noise: Callable[[int], Tensor] | None = None,
    on_step: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Run the reverse process.

    Parameters
    ----------
    predict_noise : callable
        ``predict_noise(x_t, t) -> eps`` on tensors of shape (batch, M, d) and
        (batch,); see `skdiffuasr.nn.guidance`.
    x_T : Tensor of shape (batch, M, d)
        Standard normal start.
    diffusion : GaussianDiffusion
        The forward process to reverse.
    sampler : {"ddim", "ddpm"}, default="ddim"
        How to take a step.
    n_sampling_steps : int, default=5
        Number of steps, from 1 to T, and of calls of `predict_noise`.
    eta : float, default=0.0
        Share of fresh noise in a step of DDIM; DDPM has no such choice.
    max_abs_x0 : float or None, default=None
        Clamp every estimate of x_0 to this range. Where next to no signal is left the
        estimate divides the network's error by sqrt(abar_t), which is 0.006 at
        the end of the linear schedule but 0.00005 at the end of the cosine one: set
        a bound with the latter, a little beyond the largest embedding coordinate.
    draw_noise : callable or None, default=None
        ``draw_noise(step_index) -> (batch, M, d)`` standard normal numbers for the
        step of that index (0 is the first one). Called only for steps that need
        noise. None draws from torch's global generator.
    on_step : callable or None, default=None
        ``on_step(x_0)`` is told the estimate of the clean embeddings of each step; the
        last one is what is returned.

    Returns
    -------
    x_0 : Tensor of shape (batch, M, d)
        Generated embeddings.

    Raises
    ------
    ValueError
        If `sampler` is unknown, or `n_sampling_steps` or `eta` is out of range.

    Examples
    --------
    >>> from skdiffuasr.nn.schedules import make_betas
    >>> diffusion = GaussianDiffusion(make_betas("linear"))
    >>> sample(lambda x_t, t: x_t, torch.ones(2, 3, 4), diffusion).shape
    torch.Size([2, 3, 4])
    """
    if sampler not in ("ddim", "ddpm"):
        raise ValueError(f"sampler must be 'ddim' or 'ddpm', got {sampler!r}.")
    timesteps = sampling_timesteps(diffusion.n_timesteps, n_sampling_steps)
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
        if abar_s < 1 and (sampler == "ddpm" or eta > 0):
            noise = (
                torch.randn_like(x_t) if draw_noise is None else draw_noise(step_index)
            )
        if sampler == "ddim":
            x_t = ddim_step(x_t, x_0, abar_t, abar_s, eta=eta, noise=noise)
        else:
            x_t = ddpm_step(x_t, x_0, abar_t, abar_s, noise=noise)
    return x_t


def _add_noise(mean: Tensor, variance: float, noise: Tensor | None) -> Tensor:
    if variance == 0:
        return mean
    if noise is None:
        raise ValueError(f"A step of variance {variance:.3g} needs noise, got None.")
    return mean + math.sqrt(variance) * noise
