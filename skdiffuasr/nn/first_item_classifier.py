"""The classifier of classifier guidance: it predicts which item follows a block."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr.nn.timestep_embedding import conditioning_mlp, timestep_embedding
from skdiffuasr.nn.transformer import TransformerEncoder

TIME_DIM = 64


class FirstItemClassifier(nn.Module):
    """p(v_1 | x): the first observed item, given the M embeddings before it.

    A transformer reads the block and the timestep; the logit of an item is the cosine
    of its embedding and the output, times a learned scale.

    Parameters
    ----------
    n_pseudo_items : int
        Number M of items of a block.
    embedding_dim : int
        Width d of an item embedding.
    n_layers : int, default=2
        Number of transformer blocks.
    dropout : float, default=0.2
        Dropout of the input and of the transformer.
    """

    def __init__(
        self,
        n_pseudo_items: int,
        embedding_dim: int,
        *,
        n_layers: int = 2,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.position_embedding = nn.Parameter(
            0.02 * torch.randn(n_pseudo_items, embedding_dim)
        )
        self.time_mlp = conditioning_mlp(TIME_DIM, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        self.encoder = TransformerEncoder(embedding_dim, n_layers, 1, dropout)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Read blocks x (batch, M, d) at timesteps t (batch,), 0 for clean embeddings.

        Return queries (batch, d), whose inner products with embeddings of norm sqrt(d)
        are the logits.
        """
        time = self.time_mlp(timestep_embedding(t, TIME_DIM))  # (batch, d)
        x = self.dropout(x + self.position_embedding + time[:, None])
        is_last = torch.arange(x.shape[1], device=x.device) == x.shape[1] - 1
        last = self.encoder(x, is_wanted=is_last.expand(x.shape[:2]))  # (batch, d)
        return F.normalize(last, dim=-1) * self.log_scale.exp()
