"""What is known of items besides histories, as a network's item embeddings take it."""

from functools import reduce
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from skdiffuasr._typing import FloatArray, IdArray
from skdiffuasr.nn.item_embedding import ItemEmbedding
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.item_attributes import align_attributes
from skdiffuasr.sequences.item_vectors import align_vectors
from skdiffuasr.sequences.vocabulary import named_items


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
