"""CL4SRec and DuoRec: the network of SASRec, and the views it is contrasted by."""

import torch
from torch import Tensor, nn

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
        Stands for a masked item: the size of the catalogue.

    References
    ----------
    Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
    arXiv:2010.14395.
    """

    def __init__(self, network: SASRec) -> None:
        nn.Module.__init__(self)  # SASRec's own would draw weights that are there
        for name, layer in network.named_children():
            self.add_module(name, layer)
        self.mask_code = network.item_embedding.num_embeddings
        embedding_dim = network.item_embedding.embedding_dim
        self.mask_embedding = nn.Parameter(torch.empty(embedding_dim))
        nn.init.normal_(self.mask_embedding, std=0.02)

    def forward(
        self, items: Tensor, lengths: Tensor, is_wanted: Tensor | None = None
    ) -> Tensor:
        """Hidden state after each item, or after each one that is wanted.

        Parameters
        ----------
        items : int64 Tensor of shape (batch, length)
            Item codes, oldest first, or the code of the mask; any of these behind a
            row's end.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each row.
        is_wanted : bool Tensor of shape (batch, length), default=None
            The items after which states are computed. None stands for all.

        Returns
        -------
        hidden : Tensor of shape (batch, length, d) or (wanted, d)
            Undefined behind a row's end.
        """
        is_masked = items == self.mask_code
        embedded = self.item_embedding(items.masked_fill(is_masked, 0))
        embedded = torch.where(is_masked[:, :, None], self.mask_embedding, embedded)
        return self.encode(embedded, lengths, is_wanted=is_wanted)


def draw_operator_views(
    items: Tensor,
    lengths: Tensor,
    mask_code: int,
    *,
    crop_ratio: float = 0.6,
    mask_ratio: float = 0.3,
    reorder_ratio: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """Make two views of each history by two different operators, drawn for each row.

    The operators are `crop`, `mask` and `reorder` [1]_ (section III-C); the default
    ratios are those of the code of DuoRec's authors [2]_.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    mask_code : int
        Stands for a masked item.
    crop_ratio, mask_ratio, reorder_ratio : float
        Share of a history that is kept, masked and shuffled.

    Returns
    -------
    items : int64 Tensor of shape (2 * batch, length)
        The first views of all rows, then the second ones.
    lengths : int64 Tensor of shape (2 * batch,)
        Number of items of each view.

    References
    ----------
    .. [1] Xie et al., ICDE 2022, arXiv:2010.14395.
    .. [2] https://github.com/RuihongQiu/DuoRec
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
    first, second = order[0], order[1]  # (batch,)
    operator = torch.cat([first, second])
    row = torch.arange(batch, device=items.device).repeat(2)
    return view_items[operator, row], view_lengths[operator, row]


def draw_same_target(
    items: Tensor, lengths: Tensor, is_target: Tensor
) -> tuple[Tensor, Tensor]:
    """Draw for each history another one of the batch that leads to the same item.

    Every item that is learned has a history: all that comes before it in its row. A row
    whose last item is the target of no other history gets its own back [1]_.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; the last one of a row is its target.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row, at least 2.
    is_target : bool Tensor of shape (batch, length)
        Which items are learned; False behind a row's end.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Rows of `items` whose first ones are the drawn histories; the others follow.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each history drawn, at least 1.

    References
    ----------
    .. [1] Qiu et al., "Contrastive Learning for Representation Degeneration Problem in
       Sequential Recommendation", WSDM 2022, arXiv:2110.05730.
    """
    columns = torch.arange(items.shape[1], device=items.device)
    is_last = columns == lengths[:, None] - 1  # (batch, length)
    row, column = ((is_target | is_last) & (columns > 0)).nonzero(as_tuple=True)
    # Histories in the order of their targets: those with the same one are a stretch.
    targets, order = items[row, column].sort(stable=True)
    own = order.argsort()[is_last[row, column]]  # (batch,)
    own_target = items[is_last]
    start = torch.searchsorted(targets, own_target)
    n_others = torch.searchsorted(targets, own_target, right=True) - start - 1
    drawn = (torch.rand(len(items), device=items.device) * n_others).long()
    drawn = start + torch.minimum(drawn, (n_others - 1).clamp(min=0))
    drawn = torch.where(n_others > 0, drawn + (drawn >= own), own)
    chosen = order[drawn]
    return items[row[chosen]], column[chosen]
