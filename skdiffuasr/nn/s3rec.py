"""S3-Rec: four self-supervised objectives that pre-train the network of SASRec."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skdiffuasr.nn.sasrec import SASRec


class S3RecPretraining(nn.Module):
    """A SASRec network and all that only its pre-training needs.

    Attention is bidirectional here: a history is read with some of its items hidden,
    and the items that follow count as much as those before. Each objective scores two
    vectors by a matrix of its own, which begins as the identity: what they learn then
    holds for the inner product too, which SASRec ranks by. An attribute's score has a
    bias besides, which begins as the logarithm of its odds among the items. Without it
    the vectors of items would first learn that attributes are rare, and nothing else.

    Parameters
    ----------
    network : SASRec
        Trained in place. It shares its weights with this module and needs none of the
        others afterwards.
    attribute_offsets : int64 Tensor of shape (n_items + 1,), default=None
        Where the attributes of each item begin in `attribute_codes`. None if items
        have no attributes.
    attribute_codes : int64 Tensor of shape (n_pairs,), default=None
        The attributes of all items, one item after the other.
    n_attributes : int, default=0
        Number of attributes.

    References
    ----------
    .. [1] Zhou et al., "S3-Rec: Self-Supervised Learning for Sequential Recommendation
       with Mutual Information Maximization", CIKM 2020, arXiv:2008.07873.
    """

    attribute_offsets: Tensor
    attribute_codes: Tensor

    def __init__(
        self,
        network: SASRec,
        attribute_offsets: Tensor | None = None,
        attribute_codes: Tensor | None = None,
        n_attributes: int = 0,
    ) -> None:
        super().__init__()
        n_items = network.item_embedding.num_embeddings
        embedding_dim = network.item_embedding.embedding_dim
        if attribute_offsets is None:
            attribute_offsets = torch.zeros(n_items + 1, dtype=torch.int64)
        if attribute_codes is None:
            attribute_codes = torch.zeros(0, dtype=torch.int64)
        self.network = network
        self.register_buffer("attribute_offsets", attribute_offsets, persistent=False)
        self.register_buffer("attribute_codes", attribute_codes, persistent=False)
        self.mask_embedding = nn.Parameter(torch.empty(embedding_dim))
        self.attribute_embedding = nn.Embedding(n_attributes, embedding_dim)
        share = (attribute_codes.bincount(minlength=n_attributes) + 0.5) / (n_items + 1)
        self.attribute_bias = nn.Parameter(share.logit())
        for embedding in (self.mask_embedding, self.attribute_embedding.weight):
            nn.init.normal_(embedding, std=0.02)
        self.item_to_attribute = _identity(embedding_dim)
        self.state_to_item = _identity(embedding_dim)
        self.state_to_attribute = _identity(embedding_dim)
        self.state_to_segment = _identity(embedding_dim)

    def encode(
        self,
        items: Tensor,
        lengths: Tensor,
        is_masked: Tensor,
        is_wanted: Tensor | None = None,
    ) -> Tensor:
        """Return hidden states (batch, length, d), or (wanted, d), of masked histories.

        Arguments are those of `BERT4Rec.forward`.
        """
        embedded, is_pseudo = self.network.embed(items)
        embedded = torch.where(is_masked[:, :, None], self.mask_embedding, embedded)
        columns = torch.arange(items.shape[1], device=items.device)
        is_within = (columns < lengths[:, None])[:, None, None, :]
        return self.network.encode(embedded, lengths, is_pseudo, is_within, is_wanted)

    def attribute_loss(self, items: Tensor) -> Tensor:
        """Associated attribute prediction (AAP): items (n,) tell their attributes.

        Equation 5: binary cross-entropy in nats, summed over attributes; mean over
        items.
        """
        embedded = self.network.item_embedding(items)
        # Scaled as the network reads them, or their small values would hardly move.
        states = self.item_to_attribute(embedded * embedded.shape[1] ** 0.5)
        return self._attribute_cross_entropy(states, items)

    def masked_item_loss(
        self,
        hidden: Tensor,
        items: Tensor,
        item_loss: Callable[[Tensor, Tensor, Tensor], Tensor],
    ) -> Tensor:
        """Masked item prediction (MIP): hidden states (n, d) tell masked items (n,).

        Equation 6. The paper compares with one drawn item; ``item_loss(hidden,
        item_embeddings, items)`` may also compare with the whole catalogue.
        """
        states = self.state_to_item(hidden)
        if len(items) == 0:
            return states.sum()  # zero, and the mean of nothing would be NaN
        return item_loss(states, self.network.item_embedding.weight, items)

    def masked_attribute_loss(self, hidden: Tensor, items: Tensor) -> Tensor:
        """Masked attribute prediction (MAP): hidden states (n, d) tell attributes.

        Equation 7, of the masked items (n,); summed like `attribute_loss`.
        """
        return self._attribute_cross_entropy(self.state_to_attribute(hidden), items)

    def segment_loss(self, items: Tensor, lengths: Tensor, is_target: Tensor) -> Tensor:
        """Segment prediction (SP): a history tells the segment hidden in it.

        Equation 8: cross-entropy in nats of which segment is the right one, it or one
        of another row of the same length (`draw_segments`). As in the published code,
        both are read at the place of the gap with all around them masked, and the state
        of the last position stands for what was read. Mean over the rows that have a
        target, and another item; zero if there are not two such rows.
        """
        usable = (lengths > 1) & is_target.any(dim=1)
        items, lengths, is_target = items[usable], lengths[usable], is_target[usable]
        if len(items) < 2:
            return 0 * self.mask_embedding.sum()  # it can be differentiated
        partner, in_segment, in_other = draw_segments(is_target)
        others = items.clone()
        others[in_segment] = items[partner][in_other]
        columns = torch.arange(items.shape[1], device=items.device)
        is_last = columns == lengths[:, None] - 1  # (batch, length)
        last = self.encode(
            torch.cat([items, items, others]),
            lengths.repeat(3),
            torch.cat([in_segment, ~in_segment, ~in_segment]),
            is_last.repeat(3, 1),
        )
        context, segment, other = last.chunk(3)  # each (batch, d)
        context = self.state_to_segment(context)
        return F.softplus((context * (other - segment)).sum(dim=1)).mean()

    def _attribute_cross_entropy(self, states: Tensor, items: Tensor) -> Tensor:
        """Return the cross-entropy of all attributes of items (n,) by states (n, d)."""
        # Logits of shape (n, n_attributes).
        logits = F.linear(states, self.attribute_embedding.weight, self.attribute_bias)
        logits = logits.float()  # the sums below have many terms
        starts = self.attribute_offsets[items]
        counts = self.attribute_offsets[items + 1] - starts
        row = torch.repeat_interleave(counts)  # (n_pairs,)
        rank = torch.arange(len(row), device=row.device)
        first_pair = counts.cumsum(0) - counts
        own = self.attribute_codes[(starts - first_pair)[row] + rank]
        # softplus(x) is the loss of an attribute that the item lacks, and
        # softplus(-x) = softplus(x) - x of one that it has.
        total = F.softplus(logits).sum() - logits[row, own].sum()
        return total / max(len(items), 1)


def draw_mask(is_target: Tensor, mask_probability: float) -> Tensor:
    """Draw which targets (batch, length) are hidden, each with the probability given.

    The last target of a row always is, as in the published code: no row is read in
    vain, and the task is like that of recommendation.
    """
    drawn = torch.rand(is_target.shape, device=is_target.device) < mask_probability
    n_after = is_target.sum(dim=1, keepdim=True) - is_target.cumsum(dim=1)
    return is_target & (drawn | (n_after == 0))


def draw_segments(is_target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a segment of each row, and one of the same length of another row.

    A segment is a run of a row's targets (batch, length), whatever is between them;
    each of two or more rows has one. Its length is uniform from 1 to half the number of
    targets of the shorter row, and so is its place. Returns the other rows (batch,),
    and which items of both rows (batch, length) are in the segments.
    """
    n_rows = len(is_target)
    device = is_target.device
    shift = torch.randint(1, n_rows, (n_rows,), device=device)
    partner = (torch.arange(n_rows, device=device) + shift) % n_rows
    n_targets = is_target.sum(dim=1)
    longest = torch.minimum(n_targets, n_targets[partner]) // 2
    length = 1 + _randint(longest.clamp(min=1))
    in_segment = _draw_run(is_target, length)
    in_other = _draw_run(is_target[partner], length)
    return partner, in_segment, in_other


def _draw_run(is_target: Tensor, length: Tensor) -> Tensor:
    """Draw as many consecutive targets of each row as `length` (batch,) says."""
    start = _randint(is_target.sum(dim=1) - length + 1)[:, None]
    rank = is_target.cumsum(dim=1) - 1
    return is_target & (rank >= start) & (rank < start + length[:, None])


def _randint(high: Tensor) -> Tensor:
    """Draw integers from 0 to below `high`."""
    drawn = (torch.rand(high.shape, device=high.device) * high).long()
    return torch.minimum(drawn, high - 1)  # the product may round up to `high`


def _identity(size: int) -> nn.Linear:
    """Return a linear map that begins as the identity."""
    linear = nn.Linear(size, size, bias=False)
    nn.init.eye_(linear.weight)
    return linear
