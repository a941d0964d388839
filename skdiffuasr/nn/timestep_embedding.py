"""Embeddings of what a denoiser is told besides x_t: timestep and condition."""

import math

import torch
from torch import Tensor, nn


def timestep_embedding(t: Tensor, embedding_dim: int) -> Tensor:
    """Embed timesteps (batch,) as sines and cosines, (batch, embedding_dim).

    The width is even. Wavelengths run from 2 pi to about 10,000 * 2 pi timesteps, as in
    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.5.
    """
    if embedding_dim % 2:
        raise ValueError(f"embedding_dim must be even, got {embedding_dim}.")
    half = embedding_dim // 2
    exponent = torch.arange(half, dtype=torch.float32, device=t.device) / half
    frequencies = torch.exp(-math.log(10_000) * exponent)  # (half,)
    angles = t[:, None].float() * frequencies  # (batch, half)
    return torch.cat([angles.sin(), angles.cos()], dim=1)  # (batch, embedding_dim)


def conditioning_mlp(n_in: int, n_hidden: int) -> nn.Sequential:
    """Build the two layers that read an embedded timestep or a condition."""
    return nn.Sequential(
        nn.Linear(n_in, n_hidden), nn.SiLU(), nn.Linear(n_hidden, n_hidden)
    )
