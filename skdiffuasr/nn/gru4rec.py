"""GRU4Rec: a recurrent network over a history of items."""

from torch import Tensor, nn

from skdiffuasr.nn.causal import CausalNetwork
from skdiffuasr.nn.dropout import Dropout


class GRU4Rec(CausalNetwork):
    """Predict the next item of a history after each of its items.

    Parameters
    ----------
    n_items : int
        Size of the catalogue.
    embedding_dim : int, default=64
        Width d of the item embeddings and the hidden states.
    hidden_dim : int, default=64
        Width of the recurrent state.
    n_layers : int, default=1
        Number of recurrent layers.
    dropout : float, default=0.5
        Dropout of the embedded items and of the states between two layers.

    References
    ----------
    Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR
    2016, arXiv:1511.06939.
    """

    def __init__(
        self,
        n_items: int,
        embedding_dim: int = 64,
        *,
        hidden_dim: int = 64,
        n_layers: int = 1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.item_embedding = nn.Embedding(n_items, embedding_dim)
        self.dropout = Dropout(dropout)
        self.gru = nn.GRU(
            embedding_dim,
            hidden_dim,
            n_layers,
            batch_first=True,
            # torch warns of a dropout that no layer comes after.
            dropout=dropout if n_layers > 1 else 0.0,
        )
        self.output = nn.Linear(hidden_dim, embedding_dim)
        nn.init.normal_(self.item_embedding.weight, std=0.02)

    def forward(
        self, items: Tensor, lengths: Tensor, is_wanted: Tensor | None = None
    ) -> Tensor:
        """Return the hidden state after each item; see `CausalNetwork`."""
        # Scaled as in SASRec: the gates need inputs of the order of 1.
        embedded = self.item_embedding(items) * self.item_embedding.embedding_dim**0.5
        states, _ = self.gru(self.dropout(embedded))  # (batch, length, hidden_dim)
        return self.output(states if is_wanted is None else states[is_wanted])
