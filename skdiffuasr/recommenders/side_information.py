"""What is known of items besides histories, as a network's item embeddings take it."""

from collections.abc import Mapping
from functools import reduce
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import FloatArray, IdArray, Weights
from skdiffuasr.nn.item_embedding import ItemEmbedding
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.item_attributes import align_attributes
from skdiffuasr.sequences.item_vectors import align_vectors
from skdiffuasr.sequences.vocabulary import is_frame, is_mapping, named_items


@estimator_class
class SideInformation:
    """What is known of the items, added to their embeddings.

    Put it before the base class of the recommender, which has `_build`.

    Parameters
    ----------
    item_attributes : mapping, array-like, sparse matrix or DataFrame, default=None
        Attributes of the items, such as brands and categories. Each has an embedding,
        and the mean of those of an item is added to the item's own. A mapping from each
        item id to an iterable of its attribute ids, of any hashable type; it must have
        all items of `X`, those without attributes with an empty list, and may have
        others. Or a pandas DataFrame of 0 and 1 with a column for each attribute, whose
        index likewise holds the item ids. Or a matrix of 0 and 1 of shape (n_items,
        n_attributes) with rows in the sorted order of the items of `X`, which may not
        fit a fold of a cross-validation.
    item_features : mapping, array-like or DataFrame, default=None
        Vectors of the items, such as embeddings of texts or images. They are
        standardised, and a linear map of them is learned and added to the items' own
        embeddings. A mapping from each item id to a vector, a pandas DataFrame with
        item ids as its index, or an array of shape (n_items, n_features) with rows in
        the sorted order of the items of `X`.
    include_cold_items : bool, default=False
        Whether items without interactions become part of the catalogue: those that
        `item_attributes` and `item_features` name, both if both are given. They are no
        negatives in training. Their embedding is that of their attributes and features
        alone, and their count is 0.
    id_dropout : float, default=None
        Share of the items, drawn for each step of training, that are without their own
        embedding, so that attributes and features learn to do without it, too. None
        means 0.2 with `include_cold_items`, which hardly ever recommends cold items
        otherwise, and 0 without.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "item_attributes": [Mapping, "array-like", "sparse matrix", None],
        "item_features": [Mapping, "array-like", None],
        "include_cold_items": ["boolean"],
        "id_dropout": [Interval(Real, 0, 1, closed="left"), None],
    }

    item_attributes: Any = None
    item_features: Any = None
    include_cold_items: bool = False
    id_dropout: float | None = None

    def _build_for_training(self: Any) -> Any:
        """Build a network that learns what side information says of the items."""
        network = self._build()
        attributes, features = self._side_information()
        if attributes is not None or features is not None:
            id_dropout = self.id_dropout
            if id_dropout is None:
                id_dropout = 0.2 if self.include_cold_items else 0.0
            network.item_embedding = embed_side_information(
                network.item_embedding,
                attributes,
                features,
                self.item_ids_,
                self._cold_items(),
                id_dropout,
            )
        return network

    def _side_information(self: Any) -> tuple[Any, Any]:
        """Return the attributes and features to be added to the item embeddings."""
        return self.item_attributes, self.item_features

    def _cold_items(self: Any) -> IdArray:
        """Return the items to be added to the catalogue of the histories."""
        if not self.include_cold_items:
            return self.item_ids_[:0]
        attributes, features = self._side_information()
        return find_cold_items(attributes, features, self.item_ids_)

    def _check_parameters(self: Any) -> None:
        given = [value for value in self._side_information() if value is not None]
        names_items = [is_mapping(value) or is_frame(value) for value in given]
        if self.include_cold_items and not (given and all(names_items)):
            raise ValueError(
                "include_cold_items=True takes a mapping or a DataFrame as "
                "item_attributes or item_features, which are added to the item "
                "embeddings; the rows of a matrix are items of X."
            )

    def _learned(self: Any, weights: Weights) -> dict[str, Any]:
        """Return fitted attributes whose catalogue has the cold items, if any."""
        cold = weights.get("item_embedding.cold_weight")
        if cold is None:
            return {"weights_": weights}
        item_ids = np.concatenate([self.item_ids_, self._cold_items()])
        order = np.argsort(item_ids)
        counts = np.pad(self.item_counts_, (0, len(cold)))
        table = np.concatenate([weights["item_embedding.weight"], cold])
        weights = {**weights, "item_embedding.weight": table[order]}
        del weights["item_embedding.cold_weight"]
        return {
            "weights_": weights,
            "item_ids_": item_ids[order],
            "item_counts_": counts[order],
        }


def find_cold_items(
    item_attributes: Any, item_features: Any, item_ids: IdArray
) -> IdArray:
    """Return the items, sorted, that all that is given has and the catalogue has not.

    What is given is a mapping or a frame, or None.
    """
    given = {"item_attributes": item_attributes, "item_features": item_features}
    named = [
        as_ids(named_items(value), f"item ids of {name}")
        for name, value in given.items()
        if value is not None
    ]
    in_all = reduce(np.intersect1d, named)
    return np.setdiff1d(in_all, item_ids)


def embed_side_information(
    own: nn.Embedding,
    item_attributes: Any,
    item_features: Any,
    item_ids: IdArray,
    cold_items: IdArray,
    id_dropout: float,
) -> ItemEmbedding:
    """Check attributes and features and add them to an embedding of the catalogue."""
    items = np.concatenate([item_ids, cold_items]) if len(cold_items) else item_ids
    parts: dict[str, Any] = {"own_dropout": id_dropout}
    if item_attributes is not None:
        attributes = align_attributes(item_attributes, item_ids)
        if len(cold_items):
            attributes = align_attributes(item_attributes, items)
            # An attribute that only cold items have is never learned.
            is_learned = attributes[: len(item_ids)].sum(axis=0) > 0
            attributes = attributes[:, is_learned]
        parts["attribute_offsets"] = torch.from_numpy(attributes.indptr.astype("int64"))
        parts["attribute_codes"] = torch.from_numpy(attributes.indices.astype("int64"))
        parts["n_attributes"] = attributes.shape[1]
    if item_features is not None:
        vectors = align_vectors(item_features, items, "item_features")
        parts["features"] = _standardised(vectors, len(item_ids))
    return ItemEmbedding(own, **parts)


def _standardised(vectors: FloatArray, n_known: int) -> Tensor:
    """Standardise features by those of the catalogue, for about unit length, float32.

    Of that length, an optimiser's step moves an embedding by about as much whatever
    the number of features is.
    """
    scaler = StandardScaler().fit(vectors[:n_known])
    scaled = scaler.transform(vectors) / np.sqrt(vectors.shape[1])
    return torch.from_numpy(scaled.astype(np.float32))
