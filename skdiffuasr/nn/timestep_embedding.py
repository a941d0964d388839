"""Sinusoidal embedding of the diffusion timestep."""

import math

import torch
from torch import Tensor


def timestep_embedding(t: Tensor, embedding_dim: int) -> Tensor:
    """Embed timesteps as sines and cosines of geometrically spaced frequencies.

    Parameters
    ----------
    t : Tensor of shape (batch,), dtype int64
        Timesteps.
    embedding_dim : int
        Even width of the embedding: half sines, half cosines.

    Returns
    -------
    embedding : Tensor of shape (batch, embedding_dim), dtype float32
        Values in [-1, 1]; wavelengths run from 2 pi to about 10,000 * 2 pi timesteps.

    Raises
    ------
    ValueError
        If `embedding_dim` is odd.

    References
    ----------
    .. [1] Vaswani et al., "Attention Is All You Need", NeurIPS 2017,
       arXiv:1706.03762, section 3.5.

    Examples
    --------
    >>> timestep_embedding(torch.tensor([0]), 4)
    tensor([[0., 0., 1., 1.]])
    """
    if embedding_dim % 2:
        raise ValueError(f"embedding_dim must be even, got {embedding_dim}.")
    half = embedding_dim // 2
    exponent = torch.arange(half, dtype=torch.float32, device=t.device) / half
    frequencies = torch.exp(-math.log(10_000) * exponent)  # (half,)
    angles = t[:, None].float() * frequencies  # (batch, half)
    return torch.cat([angles.sin(), angles.cos()], dim=1)  # (batch, embedding_dim)
