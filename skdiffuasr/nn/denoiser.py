"""The trained part of DiffuASR: item embeddings and the network that denoises them."""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.losses import full_cross_entropy


class Denoiser(nn.Module):
    r"""Item embeddings of norm :math:`\sqrt{d}` and a noise model over blocks of them.

    Parameters
    ----------
    n_items : int
        Size of the catalogue.
    n_pseudo_items : int
        Number M of items of a block.
    embedding_dim : int
        Width d of an item embedding.
    build_network : callable(n_pseudo_items, embedding_dim) -> nn.Module
        Builds the network that predicts velocities; see `BaseDenoiser.build` in
        `skdiffuasr.augmentation.diffusion`.
    """

    def __init__(
        self,
        n_items: int,
        n_pseudo_items: int,
        embedding_dim: int,
        build_network: Callable[[int, int], nn.Module],
    ) -> None:
        super().__init__()
        self.item_embedding = nn.Embedding(n_items, embedding_dim)
        self.network = build_network(n_pseudo_items, embedding_dim)

    @property
    def null_condition(self) -> Tensor:
        """Learned vector (d,) that stands for "no condition"."""
        return cast(Tensor, self.network.null_condition)

    def embed(self, items: Tensor) -> Tensor:
        """Embed item codes of any shape as (..., d)."""
        return on_sphere(self.item_embedding(items))

    def catalogue(self) -> Tensor:
        """Embeddings (n_items, d) of all items."""
        return on_sphere(self.item_embedding.weight)

    def condition(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Average the item embeddings of each history, (batch, d).

        `items` (n_values,) are those of all histories, one after the other, of
        `lengths` (batch,). A history without items gets `null_condition`.
        """
        mean = self._sums(items, lengths) / lengths.clamp(min=1)[:, None]
        return torch.where(lengths[:, None] > 0, mean, self.null_condition)

    def suffix_condition(
        self,
        items: Tensor,
        segment_lengths: Tensor,
        first_segments: Tensor,
        end_segments: Tensor,
        lengths: Tensor,
    ) -> Tensor:
        """Return the condition (batch, d) of parts of histories that overlap.

        `items` (n_values,) are those of all segments, of `segment_lengths`; each part,
        of `lengths` (batch,), is the segments from the first to before the end
        (batch,). What several parts share is embedded and summed once.
        """
        sums = self._sums(items, segment_lengths)  # (n_segments, d)
        # In float64: a short part is the difference of two long sums.
        before = F.pad(sums.double().cumsum(0), (0, 0, 1, 0))
        totals = before[end_segments] - before[first_segments]
        return (totals / lengths[:, None]).to(sums.dtype)

    def _sums(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Sum the item embeddings of each row of ragged items, (n, d)."""
        if len(items) < self.item_embedding.num_embeddings:
            table = self.embed(items)
            items = torch.arange(len(items), device=items.device)
        else:  # more items than the catalogue has: scale each of those once
            table = self.catalogue()
        return F.embedding_bag(items, table, lengths.cumsum(0) - lengths, mode="sum")

    def predict_noise(
        self, x_t: Tensor, t: Tensor, condition: Tensor, *, diffusion: GaussianDiffusion
    ) -> Tensor:
        """Predict the noise in x_t (batch, M, d) at t (batch,), by way of the velocity.

        `GaussianDiffusion.velocity_to_noise` says why. `condition` is (batch, d).
        """
        velocity = self.network(x_t, t, condition)
        return diffusion.velocity_to_noise(x_t, t, velocity)


def denoising_loss(
    denoiser: Denoiser,
    windows: Tensor,
    condition: Tensor,
    *,
    diffusion: GaussianDiffusion,
    condition_dropout: float,
    rounding_weight: float,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return the mean squared error on the noise of windows (batch, M), at random t.

    A table of item embeddings that is trained by this error alone can make it small by
    collapsing to a point. The rounding term of Diffusion-LM (Li et al., NeurIPS 2022,
    arXiv:2205.14217) keeps its items apart: the cross-entropy of the true items given
    the estimate of x_0, with logits that fade with the share of signal in x_t and
    products in `dtype`. A weight of 0 leaves it out. `condition` is (batch, d).
    """
    x_0 = denoiser.embed(windows)  # (batch, M, d)
    t = torch.randint(diffusion.n_timesteps, (len(x_0),), device=x_0.device)
    noise = torch.randn_like(x_0)
    x_t = diffusion.q_sample(x_0, t, noise)
    condition = drop_condition(condition, denoiser.null_condition, condition_dropout)
    predicted = denoiser.predict_noise(x_t, t, condition, diffusion=diffusion)
    loss = F.mse_loss(predicted, noise)
    if rounding_weight == 0:
        return loss
    estimate = on_sphere(diffusion.predict_x0(x_t, t, predicted))
    signal = diffusion.signal_scale[t, None, None]  # the estimate's share of x_t
    rounding = full_cross_entropy(
        (signal * estimate).flatten(0, 1),
        denoiser.catalogue(),
        windows.flatten(),
        dtype,
    )
    return loss + rounding_weight * rounding


def drop_condition(
    condition: Tensor, null_condition: Tensor, probability: float
) -> Tensor:
    """Replace rows of the condition (batch, d) with the null condition (d,) at random.

    Algorithm 1 of Ho & Salimans, "Classifier-Free Diffusion Guidance",
    arXiv:2207.12598.
    """
    draw = torch.rand(len(condition), device=condition.device)
    dropped = draw < probability  # (batch,)
    return torch.where(dropped[:, None], null_condition, condition)


def on_sphere(embeddings: Tensor) -> Tensor:
    """Scale vectors of width d to the norm sqrt(d)."""
    return F.normalize(embeddings, dim=-1) * embeddings.shape[-1] ** 0.5
