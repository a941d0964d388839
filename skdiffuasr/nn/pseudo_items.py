"""Networks that know pseudo items apart from observed ones."""

import torch
from torch import Tensor, nn

#: Where a network starts: the gate and the mark leave embeddings as they are, and the
#: bias leaves a pseudo item about 2 % of the weight of an observed one.
INITIAL_GATE = 1.0
INITIAL_BIAS = -4.0


class PseudoItems(nn.Module):
    r"""What a network has learned about reading pseudo items.

    The embedding :math:`e` of a pseudo item is read as

    .. math:: \tilde e = g e + m,

    with a gate :math:`g`, a number, and a mark :math:`m`, a vector. In layer l, the
    bias :math:`b_l` changes the log-odds that anything is read from a pseudo item. In a
    transformer it is added to what a position i gives the position j of a pseudo item,

    .. math:: a_{ij} \propto \exp(q_i^\top k_j / \sqrt{d} + b_l),

    and in a recurrent layer it is subtracted from the update gate z of its step,

    .. math::

        h_t = z_t h_{t-1} + (1 - z_t) n_t, \quad
        z_t = \sigma(W x_t + U h_{t-1} - b_l).

    As the bias goes to minus infinity, the states of observed items become those of the
    history without pseudo items: positions are counted from the end of a history. It
    starts well below 0, so that a network begins with hardly reading pseudo items, and
    learns what they are good for.

    Parameters
    ----------
    embedding_dim : int
        Width d of the item embeddings.
    n_layers : int
        Number of layers that have a bias.

    Attributes
    ----------
    gate, mark, bias : nn.Parameter of shape (), (d,) and (n_layers,)
        They start as constants: no random number is drawn for them.
    """

    def __init__(self, embedding_dim: int, n_layers: int) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.tensor(INITIAL_GATE))
        self.mark = nn.Parameter(torch.zeros(embedding_dim))
        self.bias = nn.Parameter(torch.full((n_layers,), INITIAL_BIAS))

    def forward(self, embedded: Tensor, is_pseudo: Tensor) -> Tensor:
        """Gate and mark the pseudo items of embedded histories (batch, length, d)."""
        marked = embedded * self.gate + self.mark
        return torch.where(is_pseudo[:, :, None], marked, embedded)

    def biases(self, is_pseudo: Tensor) -> Tensor:
        """Return the bias of each item in each layer, (n_layers, batch, length)."""
        return self.bias[:, None, None] * is_pseudo


class PseudoItemReader(nn.Module):
    """Base class of networks that can tell pseudo items from observed ones.

    Once `tell_pseudo_items` was called, a network reads tokens: the code of an observed
    item, and ``code + pseudo_offset`` for a pseudo item. Before, it reads codes alone.

    Attributes
    ----------
    item_embedding : nn.Embedding
        The catalogue.
    n_layers : int
        Number of layers.
    pseudo_items : PseudoItems or None
        None as long as pseudo items are read like observed ones.
    pseudo_offset : int
        What is added to the code of a pseudo item; 0 as long as nothing is.
    """

    item_embedding: nn.Embedding

    def __init__(self) -> None:
        super().__init__()
        self.pseudo_items: PseudoItems | None = None
        self.pseudo_offset = 0

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        raise NotImplementedError

    def tell_pseudo_items(self, n_items: int) -> None:
        """Read tokens from now on, with a new `PseudoItems`.

        Parameters
        ----------
        n_items : int
            Size of the catalogue, which becomes the `pseudo_offset`.
        """
        embedding_dim = self.item_embedding.embedding_dim
        self.pseudo_items = PseudoItems(embedding_dim, self.n_layers)
        self.pseudo_offset = n_items

    def codes(self, items: Tensor) -> Tensor:
        """Return the item codes of tokens of any shape."""
        if self.pseudo_items is None:
            return items
        return items - self.pseudo_offset * (items >= self.pseudo_offset)

    def embed(self, items: Tensor) -> tuple[Tensor, Tensor | None]:
        """Embed tokens (batch, length); return which are pseudo items besides.

        That is None where nothing tells them.
        """
        if self.pseudo_items is None:
            return self.item_embedding(items), None
        is_pseudo = items >= self.pseudo_offset
        embedded = self.item_embedding(self.codes(items))
        return self.pseudo_items(embedded, is_pseudo), is_pseudo

    def item_biases(self, is_pseudo: Tensor | None) -> Tensor | None:
        """Return `PseudoItems.biases`, None where nothing tells pseudo items."""
        if self.pseudo_items is None or is_pseudo is None:
            return None
        return self.pseudo_items.biases(is_pseudo)
