"""SASRec: causal self-attention over a history of items."""

import torch
from torch import Tensor, nn

from skdiffuasr.nn.causal import CausalNetwork, Wanted
from skdiffuasr.nn.dropout import Dropout
from skdiffuasr.nn.pseudo_items import PseudoItemReader
from skdiffuasr.nn.transformer import TransformerEncoder


class SASRec(PseudoItemReader, CausalNetwork):
    """Predict the next item of a history after each of its items.

    Positions are counted from the end of the history, so the most recent item always
    has position 0.

    Parameters
    ----------
    n_items : int
        Size of the catalogue.
    embedding_dim : int, default=64
        Width d of the item embeddings and the hidden states.
    n_layers, n_heads : int
        Size of the transformer.
    max_length : int, default=200
        The longest history.
    dropout : float, default=0.5
        Dropout of the embedded items and of the transformer.
    sparse : bool, default=False
        Whether the gradient of the item embeddings has the rows of a batch only.

    References
    ----------
    Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018,
    arXiv:1808.09781.
    """

    def __init__(
        self,
        n_items: int,
        embedding_dim: int = 64,
        *,
        n_layers: int = 2,
        n_heads: int = 1,
        max_length: int = 200,
        dropout: float = 0.5,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        self.item_embedding = nn.Embedding(n_items, embedding_dim, sparse=sparse)
        self.position_embedding = nn.Embedding(max_length, embedding_dim)
        self.dropout = Dropout(dropout)
        self.encoder = TransformerEncoder(embedding_dim, n_layers, n_heads, dropout)
        for embedding in (self.item_embedding, self.position_embedding):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(
        self, items: Tensor, lengths: Tensor, is_wanted: Wanted | None = None
    ) -> Tensor:
        """Return the hidden state after each item; see `CausalNetwork`."""
        embedded, is_pseudo = self.embed(items)
        return self.encode(embedded, lengths, is_pseudo, is_wanted=is_wanted)

    @property
    def n_layers(self) -> int:
        """Number of transformer blocks."""
        return len(self.encoder.blocks)

    def encode(
        self,
        embedded: Tensor,
        lengths: Tensor,
        is_pseudo: Tensor | None = None,
        attention_mask: Tensor | None = None,
        is_wanted: Wanted | None = None,
    ) -> Tensor:
        """Return what `forward` does, for what `embed` returned.

        An attention mask, as `TransformerBlock` takes it, replaces the causal one.
        """
        columns = torch.arange(embedded.shape[1], device=embedded.device)
        from_end = (lengths[:, None] - 1 - columns).clamp(min=0)  # (batch, length)
        # Scaled as in SASRec, or the residual branches would drown the items.
        x = embedded * embedded.shape[2] ** 0.5 + self.position_embedding(from_end)
        biases = self.item_biases(is_pseudo)
        return self.encoder(self.dropout(x), attention_mask, is_wanted, biases)
