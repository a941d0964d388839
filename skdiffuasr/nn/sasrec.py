"""SASRec: causal self-attention over a history of items."""

import torch
from torch import Tensor, nn

from skdiffuasr.nn.dropout import Dropout
from skdiffuasr.nn.next_items import next_item_states
from skdiffuasr.nn.transformer import TransformerEncoder


class SASRec(nn.Module):
    """Predict the next item of a history after each of its items.

    Histories are right-padded: under causal attention no item sees the padding behind
    it, so no mask is needed. Positions are counted from the end of the history, so
    the most recent item always has position 0.

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
        self, items: Tensor, lengths: Tensor, is_wanted: Tensor | None = None
    ) -> Tensor:
        """Hidden state after each item, or after each one that is wanted.

        Parameters
        ----------
        items : int64 Tensor of shape (batch, length)
            Item codes, oldest first; any valid code behind a row's end.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each row.
        is_wanted : bool Tensor of shape (batch, length), default=None
            The items after which states are computed. None stands for all.

        Returns
        -------
        hidden : Tensor of shape (batch, length, d) or (wanted, d)
            Undefined behind a row's end.
        """
        return self.encode(self.item_embedding(items), lengths, is_wanted=is_wanted)

    def encode(
        self,
        embedded: Tensor,
        lengths: Tensor,
        attention_mask: Tensor | None = None,
        is_wanted: Tensor | None = None,
    ) -> Tensor:
        """`forward` for items that are embedded already, (batch, length, d).

        An attention mask, as `TransformerBlock` takes it, replaces the causal one.
        """
        columns = torch.arange(embedded.shape[1], device=embedded.device)
        from_end = (lengths[:, None] - 1 - columns).clamp(min=0)  # (batch, length)
        # Scaled as in SASRec, or the residual branches would drown the items.
        x = embedded * embedded.shape[2] ** 0.5 + self.position_embedding(from_end)
        return self.encoder(self.dropout(x), attention_mask, is_wanted)

    def next_item_states(
        self,
        items: Tensor,
        lengths: Tensor,
        is_target: Tensor,
        passed_over: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Hidden states (tokens, d) before the items to be learned, and these items."""
        hidden = self(items[:, :-1], lengths - 1)  # (batch, length - 1, d)
        return next_item_states(hidden, items, is_target, passed_over)

    def last_hidden(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Hidden state (batch, d) after the last item of each row."""
        columns = torch.arange(items.shape[1], device=items.device)
        return self(items, lengths, is_wanted=columns == lengths[:, None] - 1)
