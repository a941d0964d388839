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
        """Average the item embeddings of each history.

        A mean, not a sum, so that it does not grow with the history.

        Parameters
        ----------
        items : int64 Tensor of shape (n_values,)
            The items of all histories, one history after the other.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each history.

        Returns
        -------
        condition : Tensor of shape (batch, d)
            `null_condition` for a history without items.
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
        """Mean item embeddings of parts of histories that overlap.

        What several parts have in common is embedded and summed once.

        Parameters
        ----------
        items : int64 Tensor of shape (n_values,)
            The items of all segments, one segment after the other.
        segment_lengths : int64 Tensor of shape (n_segments,)
            Number of items of each segment.
        first_segments, end_segments : int64 Tensor of shape (batch,)
            Each part is the segments from the first to before the end.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each part, one at least.

        Returns
        -------
        condition : Tensor of shape (batch, d)
            As `condition` returns it.
        """
        sums = self._sums(items, segment_lengths)  # (n_segments, d)
        # In float64: a short part is the difference of two long sums.
        before = F.pad(sums.double().cumsum(0), (0, 0, 1, 0))
        totals = before[end_segments] - before[first_segments]
        return (totals / lengths[:, None]).to(sums.dtype)

    def _sums(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Sum of the item embeddings of each row (n, d) of ragged items."""
        if len(items) < self.item_embedding.num_embeddings:
            table = self.embed(items)
            items = torch.arange(len(items), device=items.device)
        else:  # more items than the catalogue has: scale each of those once
            table = self.catalogue()
        return F.embedding_bag(items, table, lengths.cumsum(0) - lengths, mode="sum")

    def predict_noise(
        self, x_t: Tensor, t: Tensor, condition: Tensor, *, diffusion: GaussianDiffusion
    ) -> Tensor:
        """Predict the noise in x_t, by way of the velocity.

        Parameters
        ----------
        x_t : Tensor of shape (batch, M, d)
            Noisy embeddings.
        t : int64 Tensor of shape (batch,)
            Timestep of each row.
        condition : Tensor of shape (batch, d)
            See `condition`.
        diffusion : GaussianDiffusion
            The forward process; its `velocity_to_noise` says why the velocity.

        Returns
        -------
        eps : Tensor of shape (batch, M, d)
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
    """Mean squared error on the noise, at a random timestep of each window (batch, M).

    Guidance has no part in it. A table of item embeddings that is trained by this error
    alone can make it small by collapsing to a point. The rounding term of Diffusion-LM
    (Li et al., NeurIPS 2022, arXiv:2205.14217) keeps its items apart: the cross-entropy
    of the true items given the estimate of x_0, with logits that fade with the share of
    signal in x_t and products in `dtype`. A weight of 0 leaves it out. `condition`
    (batch, d) is replaced by the null condition with the probability
    `condition_dropout`.
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

    As algorithm 1 of Ho & Salimans, "Classifier-Free Diffusion Guidance",
    arXiv:2207.12598.
    """
    draw = torch.rand(len(condition), device=condition.device)
    dropped = draw < probability  # (batch,)
    return torch.where(dropped[:, None], null_condition, condition)


def on_sphere(embeddings: Tensor) -> Tensor:
    """Scale vectors of width d to the norm sqrt(d)."""
    return F.normalize(embeddings, dim=-1) * embeddings.shape[-1] ** 0.5
