"""Noise schedules: how fast the forward process drowns the items in noise."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

MAX_BETA = 0.999
"""Ceiling of every beta, so that no single step erases the signal entirely."""


def make_betas(schedule: str, n_timesteps: int = 1000) -> Tensor:
    """Make the noise variances of the forward process.

    The first three schedules run from 1e-4 to 2e-2 at 1000 timesteps. With fewer
    timesteps the range grows by ``1000 / n_timesteps``, so that about the same
    amount of noise is reached at the end.

    Parameters
    ----------
    schedule : {"linear", "quadratic", "sigmoid", "cosine"}
        Shape of the betas as a function of time.
    n_timesteps : int, default=1000
        Number of timesteps T, at least 1. A single timestep takes the largest beta.

    Returns
    -------
    betas : Tensor of shape (n_timesteps,), dtype float64
        Increasing variances in (0, 0.999].

    Raises
    ------
    ValueError
        If the schedule is unknown or `n_timesteps` is less than 1.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (the choice of four).
    .. [2] Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
       arXiv:2006.11239 (linear).
    .. [3] Nichol & Dhariwal, "Improved Denoising Diffusion Probabilistic Models",
       ICML 2021, arXiv:2102.09672, eq. 17 (cosine).

    Examples
    --------
    >>> make_betas("linear", 1000)[[0, -1]].tolist()
    [0.0001, 0.02]
    """
    if schedule not in _SCHEDULES:
        raise ValueError(
            f"schedule must be one of {sorted(_SCHEDULES)}, got {schedule!r}."
        )
    if n_timesteps < 1:
        raise ValueError(f"n_timesteps must be at least 1, got {n_timesteps}.")
    return _SCHEDULES[schedule](n_timesteps).clamp(max=MAX_BETA)


def _linear(n_timesteps: int) -> Tensor:
    beta_min, beta_max = _beta_range(n_timesteps)
    return _ramp(beta_min, beta_max, n_timesteps)


def _quadratic(n_timesteps: int) -> Tensor:
    beta_min, beta_max = _beta_range(n_timesteps)
    return _ramp(math.sqrt(beta_min), math.sqrt(beta_max), n_timesteps) ** 2


def _sigmoid(n_timesteps: int) -> Tensor:
    beta_min, beta_max = _beta_range(n_timesteps)
    return beta_min + (beta_max - beta_min) * _ramp(-6.0, 6.0, n_timesteps).sigmoid()


def _cosine(n_timesteps: int) -> Tensor:
    time = torch.linspace(0, 1, n_timesteps + 1, dtype=torch.float64)
    alphas_cumprod = torch.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2
    return 1 - alphas_cumprod[1:] / alphas_cumprod[:-1]


def _beta_range(n_timesteps: int) -> tuple[float, float]:
    scale = 1000 / n_timesteps
    return scale * 1e-4, scale * 2e-2


def _ramp(start: float, end: float, n_timesteps: int) -> Tensor:
    """Evenly spaced values that end exactly at `end`, even if there is only one."""
    return torch.linspace(end, start, n_timesteps, dtype=torch.float64).flip(0)


_SCHEDULES: dict[str, Callable[[int], Tensor]] = {
    "linear": _linear,
    "quadratic": _quadratic,
    "sigmoid": _sigmoid,
    "cosine": _cosine,
}
