"""SU-Net, the denoiser of DiffuASR: a 2-D U-Net over reshaped item embeddings."""

import math
from itertools import pairwise
from numbers import Integral, Real

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.augmentation.diffusion.denoisers.base import BaseDenoiser
from skdiffuasr.nn.dropout import Dropout
from skdiffuasr.nn.timestep_embedding import conditioning_mlp, timestep_embedding


@estimator_class
class SUNet(BaseDenoiser):
    """Sequential U-Net [1]_.

    The d-vector of every pseudo item becomes an image of side sqrt(d), with the M
    positions as its channels. The timestep and the condition are embedded, summed, and
    added in every residual block. If d is not a square, a learned linear map takes
    every d-vector to the next square and another one takes it back.

    The side is halved (rounding up) from level to level until it is 2. There is no 1 x
    1 level, where convolutions see padding, attention has one position and a
    normalisation few values; only d = 1 leaves no choice.

    The last convolution starts at zero, and so does the prediction.

    Parameters
    ----------
    base_channels : int, default=None
        Channels of the stem and of the first level, a multiple of 8; the other levels
        have twice as many. None takes M rounded up to a multiple of 8, and at least 16:
        the first level then holds no fewer numbers than the M * d whose noise it has to
        tell apart. The published network has 8.
    n_res_blocks : int, default=2
        Residual blocks per level, on the way down and again on the way up.
    dropout : float, default=0.1
        Probability with which a residual block drops an activation in training.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (SU-Net).
    """

    name = "sunet"
    fixed_by_fit = ("base_channels", "n_res_blocks")
    _parameter_constraints = {
        "base_channels": [Interval(Integral, 8, None, closed="left"), None],
        "n_res_blocks": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    base_channels: int | None = None
    n_res_blocks: int = 2
    dropout: float = 0.1

    def check(self) -> None:
        """Raise a ValueError if a parameter is out of range."""
        super().check()
        if self.base_channels is not None and self.base_channels % 8:
            raise ValueError(
                f"base_channels must be a multiple of 8, got {self.base_channels}."
            )

    def build(self, n_pseudo_items: int, embedding_dim: int) -> "SequentialUNet":
        """Build the network with random weights; see `BaseDenoiser.build`."""
        self.check()
        return SequentialUNet(n_pseudo_items, embedding_dim, **self.get_params())


class SequentialUNet(nn.Module):
    """The network of `SUNet`; `sides` are those of the image at each level."""

    def __init__(
        self,
        n_pseudo_items: int,
        embedding_dim: int,
        base_channels: int | None,
        n_res_blocks: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if base_channels is None:
            base_channels = max(16, 8 * math.ceil(n_pseudo_items / 8))
        side = math.isqrt(embedding_dim - 1) + 1  # the smallest square that holds d
        self.sides = _level_sides(side)
        widths = [base_channels] + [2 * base_channels] * (len(self.sides) - 1)
        self.n_res_blocks = n_res_blocks

        self.to_square: nn.Module = nn.Identity()
        self.from_square: nn.Module = nn.Identity()
        if side * side != embedding_dim:
            self.to_square = nn.Linear(embedding_dim, side * side, bias=False)
            self.from_square = nn.Linear(side * side, embedding_dim, bias=False)

        self.time_dim = 4 * base_channels
        hidden_dim = max(self.time_dim, embedding_dim)
        self.time_mlp = conditioning_mlp(self.time_dim, hidden_dim)
        self.condition_mlp = conditioning_mlp(embedding_dim, hidden_dim)
        self.null_condition = nn.Parameter(torch.randn(embedding_dim))

        def blocks(n_in: int, width: int, side: int, n_blocks: int) -> list[nn.Module]:
            return [
                _ResidualBlock(n_in, width, hidden_dim, side, dropout)
                for _ in range(n_blocks)
            ]

        levels = list(zip(widths, self.sides, strict=True))
        self.stem = nn.Conv2d(n_pseudo_items, widths[0], 3, padding=1)
        self.encoder = nn.ModuleList()
        for width, side in levels:
            self.encoder.extend(blocks(width, width, side, n_res_blocks))
        self.downsample = nn.ModuleList(
            nn.Conv2d(width, deeper, 3, stride=2, padding=1)
            for width, deeper in pairwise(widths)
        )
        width, side = levels[-1]
        self.bottleneck_in, self.bottleneck_out = blocks(width, width, side, 2)
        self.attention = _SelfAttention(width, side)
        self.upsample = nn.ModuleList(
            nn.Conv2d(deeper, width, 3, padding=1) for width, deeper in pairwise(widths)
        )
        self.decoder = nn.ModuleList()
        for width, side in reversed(levels):
            self.decoder.extend(blocks(2 * width, width, side, n_res_blocks))
        self.norm = _group_norm(*levels[0])
        self.head = nn.Conv2d(widths[0], n_pseudo_items, 3, padding=1)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Predict the velocity (batch, M, d) of x (batch, M, d); see `BaseDenoiser`."""
        embedding = self.time_mlp(timestep_embedding(t, self.time_dim))
        embedding = F.silu(embedding + self.condition_mlp(condition))  # (batch, hidden)
        side = self.sides[0]
        image = self.to_square(x).unflatten(2, (side, side))  # (batch, M, side, side)
        h = self.stem(image)  # (batch, channels, side, side)

        skips = []
        blocks = iter(self.encoder)
        for level in range(len(self.sides)):
            if level > 0:
                h = self.downsample[level - 1](h)
            for _ in range(self.n_res_blocks):
                h = next(blocks)(h, embedding)
                skips.append(h)

        h = self.bottleneck_in(h, embedding)
        h = self.attention(h)
        h = self.bottleneck_out(h, embedding)

        blocks = iter(self.decoder)
        for level in reversed(range(len(self.sides))):
            for _ in range(self.n_res_blocks):
                h = next(blocks)(torch.cat([h, skips.pop()], dim=1), embedding)
            if level > 0:
                h = F.interpolate(h, size=self.sides[level - 1])
                h = self.upsample[level - 1](h)

        image = self.head(F.silu(self.norm(h)))  # (batch, M, side, side)
        return self.from_square(image.flatten(2))  # (batch, M, d)


class _ResidualBlock(nn.Module):
    """Two convolutions; time and condition shift the channels between them."""

    def __init__(
        self, n_in: int, n_out: int, n_hidden: int, side: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm_in = _group_norm(n_in, side)
        self.conv_in = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.to_shift = nn.Linear(n_hidden, n_out)
        self.norm_out = _group_norm(n_out, side)
        self.dropout = Dropout(dropout)
        self.conv_out = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.shortcut = nn.Conv2d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv_in(F.silu(self.norm_in(x)))  # (batch, n_out, side, side)
        h = h + self.to_shift(embedding)[:, :, None, None]
        h = self.conv_out(self.dropout(F.silu(self.norm_out(h))))
        return h + self.shortcut(x)


class _SelfAttention(nn.Module):
    """Residual single-head attention between the pixels of an image."""

    def __init__(self, n_channels: int, side: int) -> None:
        super().__init__()
        self.norm = _group_norm(n_channels, side)
        self.to_qkv = nn.Linear(n_channels, 3 * n_channels)
        self.project = nn.Linear(n_channels, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.norm(x).flatten(2).transpose(1, 2)  # (batch, side**2, channels)
        query, key, value = self.to_qkv(pixels).chunk(3, dim=2)
        attended = F.scaled_dot_product_attention(query, key, value)
        return x + self.project(attended).transpose(1, 2).reshape(x.shape)


def _level_sides(side: int) -> list[int]:
    """Halve, rounding up, and stop at 2: a smaller image is no image."""
    sides = [side]
    while sides[-1] > 2:
        sides.append((sides[-1] + 1) // 2)
    return sides


def _group_norm(n_channels: int, side: int) -> nn.GroupNorm:
    """Normalise in at most 8 groups of at least 16 values (8 if side is 1)."""
    n_groups = 8
    while n_groups > 1 and n_channels * side * side < 16 * n_groups:
        n_groups //= 2
    return nn.GroupNorm(n_groups, n_channels)
