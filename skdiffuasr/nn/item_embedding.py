"""A table of item embeddings that is told what its items are."""

from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ItemEmbedding(nn.Module):
    """Item embeddings with a part for an item's attributes and one for its features.

    An item's embedding is the sum of its own, the mean of those of its attributes, and
    a linear map of its features. Use it in place of the ``nn.Embedding`` that it is
    made from: `weight` is the table of the sums, and calling it looks items up. The
    table is computed once for a training step, and once in evaluation mode; before a
    checkpoint of activations, read `weight`, or it would be computed inside.

    Further items may follow those of the table, known by attributes and features alone.
    Their own part is zero, and they are not in `weight`, so that no loss takes them for
    items that nobody wanted. Others have to do without their own part in some steps, as
    in DropoutNet [1]_, or attributes and features would learn only what these lack.

    ``state_dict()`` has the sums, not the parts: ``weight``, which an ``nn.Embedding``
    can load, and ``cold_weight`` (n_cold, d) if there are further items.

    Parameters
    ----------
    own : nn.Embedding
        The items' own embeddings (n_items, d).
    attribute_offsets : int64 Tensor of shape (n_items + n_cold + 1,), default=None
        Where the attributes of each item begin in `attribute_codes`. None for items
        without attributes.
    attribute_codes : int64 Tensor of shape (n_pairs,), default=None
        The attributes of all items, one item after the other.
    n_attributes : int, default=0
        Number of attributes.
    features : Tensor of shape (n_items + n_cold, n_features), default=None
        A vector for each item, about as long as a unit vector.
    own_dropout : float, default=0.0
        Share of the items that are without their own part, drawn for each step.

    Attributes
    ----------
    num_embeddings, embedding_dim : int
        Shape of `weight`.

    References
    ----------
    .. [1] Volkovs et al., "DropoutNet: Addressing Cold Start in Recommender Systems",
       NeurIPS 2017.
    """

    attribute_offsets: Tensor
    attribute_codes: Tensor

    def __init__(
        self,
        own: nn.Embedding,
        *,
        attribute_offsets: Tensor | None = None,
        attribute_codes: Tensor | None = None,
        n_attributes: int = 0,
        features: Tensor | None = None,
        own_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.own = own
        self.own_dropout = own_dropout
        self.num_embeddings, self.embedding_dim = own.weight.shape
        self.attribute_embedding = self.feature_map = None
        self._cached: Tensor | None = None
        n_rows = self.num_embeddings
        if attribute_offsets is not None:
            n_rows = len(attribute_offsets) - 1
            self.register_buffer("attribute_offsets", attribute_offsets)
            self.register_buffer("attribute_codes", attribute_codes)
            self.attribute_embedding = nn.Embedding(n_attributes, self.embedding_dim)
            nn.init.normal_(self.attribute_embedding.weight, std=0.02)
        if features is not None:
            n_rows = len(features)
            # Frozen parameters are shared with a moving average; buffers are copied.
            self.features = nn.Parameter(features, requires_grad=False)
            self.feature_map = nn.Linear(
                features.shape[1], self.embedding_dim, bias=False
            )
            nn.init.normal_(self.feature_map.weight, std=0.02)
        self.n_cold_items = n_rows - self.num_embeddings

    @property
    def weight(self) -> Tensor:
        """Embeddings (n_items, d), with a gradient in training."""
        if self._cached is not None:
            return self._cached
        own = self.own.weight
        if self.training and self.own_dropout > 0:
            is_kept = torch.rand(len(own), 1, device=own.device) >= self.own_dropout
            own = own * is_kept
        table = own + self._side_information()[: self.num_embeddings]
        if self.training and table.requires_grad:
            # Its gradient comes when all that used the table has been differentiated.
            table.register_hook(self._forget)
            self._cached = table
        elif not self.training and not table.requires_grad:
            self._cached = table
        return table

    def forward(self, items: Tensor) -> Tensor:
        """Return the embeddings (..., d) of item codes (...)."""
        return F.embedding(items, self.weight)

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; the table is computed anew."""
        self._cached = None
        return super().train(mode)

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return the sums, as of now; `keep_vars` keeps their graph."""
        destination = {} if destination is None else destination
        known, cold = self._side_information().tensor_split([self.num_embeddings])
        tables = {"weight": self.own.weight + known}
        if self.n_cold_items:
            tables["cold_weight"] = cold
        for name, table in tables.items():
            destination[prefix + name] = table if keep_vars else table.detach()
        return destination

    def _side_information(self) -> Tensor:
        """Return what attributes and features add, (n_items + n_cold, d)."""
        parts = []
        # The sums are small and few; half precision would save nothing.
        with torch.autocast(self.own.weight.device.type, enabled=False):
            if self.attribute_embedding is not None:
                bags = F.embedding_bag(
                    self.attribute_codes,
                    self.attribute_embedding.weight,
                    self.attribute_offsets,
                    mode="mean",
                    include_last_offset=True,
                )
                parts.append(bags)
            if self.feature_map is not None:
                parts.append(self.feature_map(self.features))
        return torch.stack(parts).sum(dim=0)

    def _forget(self, gradient: Tensor) -> None:
        self._cached = None

    def __getstate__(self) -> dict[str, Any]:
        # A tensor with a graph cannot be copied.
        return {**self.__dict__, "_cached": None}
