"""BERT4Rec: bidirectional self-attention over a history with masked items."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from skdiffuasr.nn.causal import Wanted
from skdiffuasr.nn.distance_bias import DistanceBias
from skdiffuasr.nn.dropout import Dropout
from skdiffuasr.nn.pseudo_items import PseudoItemReader
from skdiffuasr.nn.transformer import TransformerEncoder

#: Tasks of predicting the next item are padded to the longest of so many groups.
N_GROUPS = 4

#: Padding included, a group of these tasks has about so many items at most.
GROUP_SIZE = 2**16


class BERT4Rec(PseudoItemReader):
    """Predict masked items of a history from the items on both sides.

    Histories are right-padded. Positions are counted from the end of the history, as in
    `SASRec`. The next item is predicted at a mask behind the last item [1]_ (section
    3.6). The mask has an embedding of its own, so that `item_embedding` holds the
    catalogue and nothing else.

    The hidden states are compared with the item embeddings directly, without the layer
    and the item biases of the paper's equation 7. Attention starts near the mean of the
    items next to each, by `DistanceBias`: a causal model has the last item at hand
    where it predicts, but a mask has to learn to fetch it.

    Parameters
    ----------
    n_items : int
        Size of the catalogue.
    embedding_dim : int, default=64
        Width d of the item embeddings and the hidden states.
    n_layers, n_heads : int
        Size of the transformer.
    max_length : int, default=200
        The longest history; a mask counts like an item.
    dropout : float, default=0.5
        Dropout of the embedded items and of the transformer.

    References
    ----------
    .. [1] Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder
       Representations from Transformer", CIKM 2019, arXiv:1904.06690.
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
    ) -> None:
        super().__init__()
        self.max_length = max_length
        self.item_embedding = nn.Embedding(n_items, embedding_dim)
        self.mask_embedding = nn.Parameter(torch.empty(embedding_dim))
        self.position_embedding = nn.Embedding(max_length, embedding_dim)
        self.dropout = Dropout(dropout)
        self.encoder = TransformerEncoder(
            embedding_dim, n_layers, n_heads, dropout, starts_as_mean=True
        )
        self.distance_bias = DistanceBias(n_heads, max_length)
        for weight in (
            self.item_embedding.weight,
            self.mask_embedding,
            self.position_embedding.weight,
        ):
            nn.init.normal_(weight, std=0.02)

    def forward(
        self,
        items: Tensor,
        lengths: Tensor,
        is_masked: Tensor,
        is_wanted: Wanted | None = None,
    ) -> Tensor:
        """Return the hidden state (batch, length, d) at each item, or (wanted, d).

        Items (batch, length) that are masked, or behind a row's end, may be any code;
        `lengths` (batch,) are at least 1. States behind a row's end are undefined.
        """
        embedded, is_pseudo = self.embed(items)
        embedded = torch.where(
            is_masked[:, :, None], self.mask_embedding, embedded
        )  # (batch, length, d)
        columns = torch.arange(items.shape[1], device=items.device)
        from_end = (lengths[:, None] - 1 - columns).clamp(min=0)  # (batch, length)
        # Scaled as in SASRec, or the residual branches would drown the items. Positions
        # are scaled too: a mask knows by them alone which items are next to it.
        x = (embedded + self.position_embedding(from_end)) * embedded.shape[2] ** 0.5
        is_within = columns < lengths[:, None]  # (batch, length)
        bias = self.distance_bias(items.shape[1])[None].masked_fill(
            ~is_within[:, None, None, :], -torch.inf
        )  # (batch, heads, length, length)
        pseudo_biases = self.item_biases(is_pseudo)
        return self.encoder(self.dropout(x), bias, is_wanted, pseudo_biases)

    @property
    def n_layers(self) -> int:
        """Number of transformer blocks."""
        return len(self.encoder.blocks)

    def last_hidden(self, items: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden state (batch, d) at a mask behind the last item of each.

        The ``max_length - 1`` most recent items are read.
        """
        items, lengths = most_recent(items, lengths, self.max_length - 1)
        items = torch.cat([items, torch.zeros_like(items[:, :1])], dim=1)
        columns = torch.arange(items.shape[1], device=items.device)
        is_masked = columns == lengths[:, None]  # (batch, length)
        rows = torch.arange(items.shape[0], device=items.device)
        return self(items, lengths + 1, is_masked, is_wanted=(rows, lengths))


def most_recent(
    values: Tensor, lengths: Tensor, max_length: int
) -> tuple[Tensor, Tensor]:
    """Cut right-padded rows (batch, length) and their lengths to the last values.

    What is behind a row's end is undefined.
    """
    width = torch.sym_min(values.shape[1], max_length)
    first = (lengths - max_length).clamp(min=0)
    columns = first[:, None] + torch.arange(width, device=values.device)
    return values.gather(1, columns), lengths.clamp(max=max_length)


def draw_tasks(
    items: Tensor,
    lengths: Tensor,
    is_target: Tensor,
    *,
    mask_probability: float,
    n_masked_copies: int,
    n_next_items: int,
    may_be_next: Tensor | None = None,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Draw what is learned in one step from histories, and from items that are targets.

    Each history is a cloze task for each masked copy (`draw_masks`), and some of its
    targets, or of those that `may_be_next`, are the next items of what is before them
    (`draw_next_items`). Yields items (tasks, length), lengths (tasks,), and which items
    are masked and learned, the cloze tasks first.
    """
    repeated = is_target.repeat(n_masked_copies, 1)
    n_items = lengths.repeat(n_masked_copies)
    is_masked = draw_masks(n_items, repeated, mask_probability)
    yield items.repeat(n_masked_copies, 1), n_items, is_masked
    may_be_next = is_target if may_be_next is None else may_be_next
    rows, positions = draw_next_items(may_be_next, n_next_items)
    n_groups = max(N_GROUPS, -(-len(rows) * items.shape[1] // GROUP_SIZE))
    for group in positions.argsort().tensor_split(n_groups):
        if len(group):
            last = positions[group]
            columns = torch.arange(int(last.max()) + 1, device=items.device)
            task_items = items[rows[group], : len(columns)]
            yield task_items, last + 1, columns == last[:, None]


def draw_masks(lengths: Tensor, is_target: Tensor, mask_probability: float) -> Tensor:
    """Draw which items (batch, length) of each history a cloze task hides.

    Targets are masked with the given probability (BERT4Rec, section 3.6), but at least
    one where there is a target and another item, and never all items of a row.
    """
    columns = torch.arange(is_target.shape[1], device=is_target.device)
    is_within = columns < lengths[:, None]  # (batch, length)
    noise = torch.rand(is_target.shape, device=is_target.device)
    # The target with the least noise is always masked, and the item with the most never
    # is; that is not a target where another item is.
    noise = noise.masked_fill(~is_target, 2.0)
    least = noise.amin(dim=1, keepdim=True)
    most = noise.masked_fill(~is_within, -1.0).amax(dim=1, keepdim=True)
    is_masked = is_target & (noise <= least.clamp(min=mask_probability))
    return is_masked & (noise < most)


def draw_next_items(is_target: Tensor, n_next_items: int) -> tuple[Tensor, Tensor]:
    """Draw rows and positions (tasks,) of items to be learned as the next ones.

    They are up to `n_next_items` targets of each row, never its first item. The history
    is cut behind such an item, which alone is masked: the task of prediction.
    """
    columns = torch.arange(is_target.shape[1], device=is_target.device)
    may_be_next = is_target & (columns > 0)
    noise = torch.rand(is_target.shape, device=is_target.device)
    order = noise.masked_fill(~may_be_next, 2.0).argsort(dim=1)
    is_drawn = torch.zeros_like(is_target).scatter(1, order[:, :n_next_items], True)
    rows, positions = (may_be_next & is_drawn).nonzero(as_tuple=True)
    return rows, positions
