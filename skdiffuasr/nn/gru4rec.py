"""GRU4Rec: a recurrent network over a history of items."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr.nn.causal import CausalNetwork, Wanted
from skdiffuasr.nn.dropout import Dropout
from skdiffuasr.nn.pseudo_items import PseudoItemReader


class GRU4Rec(PseudoItemReader, CausalNetwork):
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
        self, items: Tensor, lengths: Tensor, is_wanted: Wanted | None = None
    ) -> Tensor:
        """Return the hidden state after each item; see `CausalNetwork`."""
        # Scaled as in SASRec: the gates need inputs of the order of 1.
        embedded, is_pseudo = self.embed(items)
        x = self.dropout(embedded * self.item_embedding.embedding_dim**0.5)
        biases = self.item_biases(is_pseudo)
        if biases is None:
            states, _ = self.gru(x)  # (batch, length, hidden_dim)
        else:
            states = self._biased_states(x, biases)
        return self.output(states if is_wanted is None else states[is_wanted])

    @property
    def n_layers(self) -> int:
        """Number of recurrent layers."""
        return self.gru.num_layers

    def _biased_states(self, x: Tensor, biases: Tensor) -> Tensor:
        """Return the states where biases (n_layers, batch, length) lower each update.

        A bias comes in as one more input, of which the update gates alone read.
        """
        gru = self.gru
        reads_bias = x.new_tensor([0.0, -1.0, 0.0])  # reset, update and new gates
        column = reads_bias.repeat_interleave(gru.hidden_size)[:, None]
        initial = x.new_zeros(1, len(x), gru.hidden_size)
        for layer, bias in enumerate(biases):
            if layer > 0:
                x = F.dropout(x, gru.dropout, self.training)
            of_input, *others = gru.all_weights[layer]
            x, _ = torch.gru(
                torch.cat([x, bias[:, :, None]], dim=2),
                initial,
                [torch.cat([of_input, column], dim=1), *others],
                has_biases=True,
                num_layers=1,
                dropout=0.0,
                train=self.training,
                bidirectional=False,
                batch_first=True,
            )
        return x
