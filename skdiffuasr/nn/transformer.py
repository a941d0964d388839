"""A pre-norm transformer encoder over right-padded sequences."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr.nn.causal import Wanted
from skdiffuasr.nn.dropout import Dropout

#: What is left of the random weights where attention starts as a mean.
RANDOM_SHARE = 0.3


class TransformerBlock(nn.Module):
    """Self-attention and a position-wise network, each behind a LayerNorm.

    Parameters
    ----------
    embedding_dim : int
        Width d of the input and the output.
    n_heads : int
        Number of attention heads; divides `embedding_dim`.
    dropout : float
        Probability of dropping a unit of either branch before it is added.
    """

    def __init__(self, embedding_dim: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attention_norm = nn.LayerNorm(embedding_dim)
        self.query_key_value = nn.Linear(embedding_dim, 3 * embedding_dim)
        self.attention_output = nn.Linear(embedding_dim, embedding_dim)
        self.feedforward_norm = nn.LayerNorm(embedding_dim)
        self.feedforward = nn.Sequential(
            nn.Linear(embedding_dim, 4 * embedding_dim),
            nn.GELU(),
            nn.Linear(4 * embedding_dim, embedding_dim),
        )
        self.dropout = Dropout(dropout)

    def start_as_mean(self) -> None:
        """Let attention start near the mean of what it attends to.

        The weights of values and outputs become the identity plus a share of what they
        were (Trockman and Kolter, "Mimetic Initialization of Self-Attention Layers",
        ICML 2023, arXiv:2305.09828).
        """
        with torch.no_grad():
            values = self.query_key_value.weight.chunk(3)[2]
            for weight in (values, self.attention_output.weight):
                weight.mul_(RANDOM_SHARE).add_(torch.eye(len(weight)))

    def forward(
        self,
        x: Tensor,
        attention_mask: Tensor | None = None,
        is_wanted: Wanted | None = None,
        key_bias: Tensor | None = None,
    ) -> Tensor:
        """Map each position of x (batch, length, d), or those wanted, to (wanted, d).

        The mask broadcasts to (batch, n_heads, length, length): a bool says what may be
        attended to, a float is added to the attention. None attends causally, to the
        position itself and those before it. A bias (batch, length) is added to all
        attention that a position gets.
        """
        batch, length, _ = x.shape
        query, key, value = (
            self.query_key_value(self.attention_norm(x))
            .view(batch, length, 3, self.n_heads, -1)
            .permute(2, 0, 3, 1, 4)
        )  # each (batch, heads, length, d / heads)
        scale = None
        if key_bias is not None:
            # One more dimension, which goes with any mask.
            scale = query.shape[3] ** -0.5
            query = F.pad(query, (0, 1), value=1.0)
            bias = key_bias[:, None, :, None].expand_as(key[..., :1])
            key = torch.cat([key, bias / scale], dim=3)
        attended = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attention_mask,
            is_causal=attention_mask is None,
            scale=scale,
        )
        attended = attended.transpose(1, 2).reshape(batch, length, -1)
        if is_wanted is not None:
            x, attended = x[is_wanted], attended[is_wanted]  # (wanted, d)
        x = x + self.dropout(self.attention_output(attended))
        return x + self.dropout(self.feedforward(self.feedforward_norm(x)))


class TransformerEncoder(nn.Module):
    """A stack of transformer blocks and a final LayerNorm.

    Parameters
    ----------
    embedding_dim : int
        Width d of the input and the output.
    n_layers : int
        Number of blocks.
    n_heads, dropout : int, float
        See `TransformerBlock`.
    starts_as_mean : bool, default=False
        Whether attention starts near the mean of what it attends to; see
        `TransformerBlock.start_as_mean`.
    """

    def __init__(
        self,
        embedding_dim: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        *,
        starts_as_mean: bool = False,
    ) -> None:
        super().__init__()
        if embedding_dim % n_heads:
            raise ValueError(
                f"n_heads={n_heads} does not divide embedding_dim={embedding_dim}."
            )
        blocks = [
            TransformerBlock(embedding_dim, n_heads, dropout) for _ in range(n_layers)
        ]
        if starts_as_mean:
            for block in blocks:
                block.start_as_mean()
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(embedding_dim)

    def forward(
        self,
        x: Tensor,
        attention_mask: Tensor | None = None,
        is_wanted: Wanted | None = None,
        key_biases: Tensor | None = None,
    ) -> Tensor:
        """Map each position; see `TransformerBlock.forward`.

        Only the last block leaves out positions that are not wanted: others attend to
        them. Each block has its own bias, of (n_layers, batch, length).
        """
        biases = [None] * len(self.blocks) if key_biases is None else list(key_biases)
        *blocks, last_block = self.blocks
        for block, bias in zip(blocks, biases, strict=False):
            x = block(x, attention_mask, key_bias=bias)
        return self.norm(last_block(x, attention_mask, is_wanted, biases[-1]))
