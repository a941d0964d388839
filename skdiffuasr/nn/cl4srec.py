"""CL4SRec and DuoRec: the network of SASRec, and the views it is contrasted by."""

import torch
from torch import Tensor, nn

from skdiffuasr.nn.causal import Wanted
from skdiffuasr.nn.pseudo_items import PseudoItemReader
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.nn.sequence_operators import crop, mask, reorder


class CL4SRec(SASRec):
    """A SASRec network that knows one code more: the mask.

    The mask has an embedding of its own, so that `item_embedding` holds the catalogue
    and nothing else.

    Parameters
    ----------
    network : SASRec
        Its layers become those of this network.

    Attributes
    ----------
    mask_code : int
        Stands for a masked item: -1, which is no token.

    References
    ----------
    Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
    arXiv:2010.14395.
    """

    def __init__(self, network: SASRec) -> None:
        # SASRec's own would draw weights that are there.
        PseudoItemReader.__init__(self)
        for name, layer in network.named_children():
            self.add_module(name, layer)
        self.mask_code = -1
        embedding_dim = network.item_embedding.embedding_dim
        self.mask_embedding = nn.Parameter(torch.empty(embedding_dim))
        nn.init.normal_(self.mask_embedding, std=0.02)

    def forward(
        self, items: Tensor, lengths: Tensor, is_wanted: Wanted | None = None
    ) -> Tensor:
        """Return the hidden state after each item or mask; see `CausalNetwork`."""
        is_masked = items == self.mask_code
        embedded, is_pseudo = self.embed(items.masked_fill(is_masked, 0))
        embedded = torch.where(is_masked[:, :, None], self.mask_embedding, embedded)
        return self.encode(embedded, lengths, is_pseudo, is_wanted=is_wanted)


def draw_operator_views(
    items: Tensor,
    lengths: Tensor,
    mask_code: int,
    crop_ratio: float = 0.6,
    mask_ratio: float = 0.3,
    reorder_ratio: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """Make two views of each history by two different operators, drawn for each row.

    They are `crop`, `mask` and `reorder` (CL4SRec, section III-C), with the ratios of
    DuoRec's code, https://github.com/RuihongQiu/DuoRec. Returns items (2 * batch,
    length), first views before second ones, and lengths.
    """
    batch, length = items.shape
    draws = torch.rand(3, batch, length + 1, device=items.device)
    views = [
        crop(items, lengths, crop_ratio, draws[0]),
        mask(items, lengths, mask_ratio, draws[1], mask_code),
        reorder(items, lengths, reorder_ratio, draws[2]),
    ]
    view_items = torch.stack([items for items, _ in views])  # (3, batch, length)
    view_lengths = torch.stack([lengths for _, lengths in views])  # (3, batch)
    order = torch.rand(3, batch, device=items.device).argsort(dim=0)
    operator = torch.cat([order[0], order[1]])
    row = torch.arange(batch, device=items.device).repeat(2)
    return view_items[operator, row], view_lengths[operator, row]


def draw_same_target(
    items: Tensor, lengths: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw for each history another one of the batch that leads to the same item.

    Every label (batch, length) that is not -1 has a history: its row up to there. A row
    without another history for its last label gets itself (DuoRec). Returns items
    (batch, length), which may go on after the history; its lengths; and the targets
    (batch,), a different negative number for each row that has none.
    """
    row_numbers = torch.arange(len(items), device=items.device)
    row, column = (labels >= 0).nonzero(as_tuple=True)
    is_whole = column == lengths[row] - 1
    # Histories in the order of their targets: those with the same one are a stretch.
    targets, order = labels[row, column].sort(stable=True)
    own = torch.zeros_like(row_numbers)
    own[row[is_whole]] = order.argsort()[is_whole]
    own_target = labels[row_numbers, lengths - 1]
    own_target = torch.where(own_target < 0, -1 - row_numbers, own_target)
    start = torch.searchsorted(targets, own_target)
    n_others = torch.searchsorted(targets, own_target, right=True) - start - 1
    drawn = (torch.rand(len(items), device=items.device) * n_others).long()
    drawn = start + torch.minimum(drawn, (n_others - 1).clamp(min=0))
    chosen = order[torch.where(n_others > 0, drawn + (drawn >= own), own)]
    partner = torch.where(n_others > 0, row[chosen], row_numbers)
    partner_lengths = torch.where(n_others > 0, column[chosen] + 1, lengths)
    return items[partner], partner_lengths, own_target
