"""A transformer as a denoiser: the pseudo items of a block attend to each other."""

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
class TransformerDenoiser(BaseDenoiser):
    """Diffusion transformer over the M noisy embeddings [1]_.

    Every pseudo item is a token, and all attend to all. Timestep and condition are
    embedded and summed, and from the sum every block computes the scale, the shift and
    the gate of its two branches. The gates and the output start at zero: a new block is
    the identity, and a new network predicts zero.

    Parameters
    ----------
    n_layers : int, default=4
        Number of transformer blocks.
    n_heads : int, default=4
        Number of attention heads; divides `hidden_dim`.
    hidden_dim : int, default=64
        Width of a token, an even number.
    dropout : float, default=0.1
        Probability of dropping a unit of either branch in training.

    References
    ----------
    .. [1] Peebles and Xie, "Scalable Diffusion Models with Transformers", ICCV 2023,
       arXiv:2212.09748 (adaLN-Zero).
    """

    name = "transformer"
    fixed_by_fit = ("n_layers", "n_heads", "hidden_dim")
    _parameter_constraints = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "hidden_dim": [Interval(Integral, 2, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    n_layers: int = 4
    n_heads: int = 4
    hidden_dim: int = 64
    dropout: float = 0.1

    def check(self) -> None:
        """Raise a ValueError if a parameter is out of range."""
        super().check()
        if self.hidden_dim % self.n_heads or self.hidden_dim % 2:
            raise ValueError(
                f"hidden_dim must be even and a multiple of n_heads={self.n_heads}, "
                f"got {self.hidden_dim}."
            )

    def build(self, n_pseudo_items: int, embedding_dim: int) -> "DiffusionTransformer":
        """Build the network with random weights; see `BaseDenoiser.build`."""
        self.check()
        return DiffusionTransformer(n_pseudo_items, embedding_dim, **self.get_params())


class DiffusionTransformer(nn.Module):
    """The network that `TransformerDenoiser` describes."""

    def __init__(
        self,
        n_pseudo_items: int,
        embedding_dim: int,
        n_layers: int,
        n_heads: int,
        hidden_dim: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.null_condition = nn.Parameter(torch.randn(embedding_dim))
        self.to_tokens = nn.Linear(embedding_dim, hidden_dim)
        self.position_embedding = nn.Parameter(
            0.02 * torch.randn(n_pseudo_items, hidden_dim)
        )
        self.time_mlp = conditioning_mlp(hidden_dim, hidden_dim)
        self.condition_mlp = conditioning_mlp(embedding_dim, hidden_dim)
        self.blocks = nn.ModuleList(
            _Block(hidden_dim, n_heads, dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim, elementwise_affine=False)
        self.modulation = _zeros(nn.Linear(hidden_dim, 2 * hidden_dim))
        self.head = _zeros(nn.Linear(hidden_dim, embedding_dim))

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Predict the velocity (batch, M, d) of x (batch, M, d); see `BaseDenoiser`."""
        time = timestep_embedding(t, self.position_embedding.shape[1])
        context = F.silu(self.time_mlp(time) + self.condition_mlp(condition))
        h = self.to_tokens(x) + self.position_embedding  # (batch, M, hidden)
        for block in self.blocks:
            h = block(h, context)
        shift, scale = self.modulation(context)[:, None].chunk(2, dim=2)
        return self.head(self.norm(h) * (1 + scale) + shift)  # (batch, M, d)


class _Block(nn.Module):
    """Attention and a position-wise network, both modulated by the context."""

    def __init__(self, hidden_dim: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(hidden_dim, elementwise_affine=False)
        self.to_qkv = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.project = nn.Linear(hidden_dim, hidden_dim)
        self.feedforward = nn.Sequential(
            nn.Linear(hidden_dim, 4 * hidden_dim),
            nn.GELU(),
            nn.Linear(4 * hidden_dim, hidden_dim),
        )
        self.dropout = Dropout(dropout)
        self.modulation = _zeros(nn.Linear(hidden_dim, 6 * hidden_dim))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        modulation = self.modulation(context)[:, None].chunk(6, dim=2)
        shift, scale, gate = modulation[:3]  # each (batch, 1, hidden)
        x = x + gate * self.dropout(self._attend(self.norm(x) * (1 + scale) + shift))
        shift, scale, gate = modulation[3:]
        h = self.feedforward(self.norm(x) * (1 + scale) + shift)
        return x + gate * self.dropout(h)

    def _attend(self, x: Tensor) -> Tensor:
        heads = self.to_qkv(x).unflatten(2, (3, self.n_heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # (batch, heads, M, width)
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.project(attended.transpose(1, 2).flatten(2))  # (batch, M, hidden)


def _zeros(linear: nn.Linear) -> nn.Linear:
    """Let a layer start at zero."""
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
