"""Operators that bring new items into histories: changed variants to train on."""

from abc import abstractmethod
from dataclasses import field
from typing import Any

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import StrOptions
from skdiffuasr.augmentation.item_embeddings import cooccurrence_embeddings
from skdiffuasr.augmentation.operators import BaseOperatorAugmenter, CropAugmenter
from skdiffuasr.nn import sequence_operators
from skdiffuasr.sequences import Sequences

_EMBEDDING_DIM = 64


@estimator_class
class BaseNewItemAugmenter(BaseOperatorAugmenter):
    """Base class of the operators that bring new items into histories.

    Parameters
    ----------
    new_items : {"similar", "random"}, default="similar"
        Whether a new item is similar to the one that it precedes or replaces, by their
        co-occurrence with others, or any.

    Attributes
    ----------
    similar_items_ : ndarray of shape (n_items,)
        The most similar other item of each; the item itself for random ones.
    """

    _parameter_constraints = {
        **CropAugmenter._parameter_constraints,
        "new_items": [StrOptions({"similar", "random"})],
    }

    ratio: float = field(default=0.2, kw_only=False)
    new_items: str = "similar"

    def _fit(self, codes: Sequences) -> None:
        similar = np.arange(len(self.item_ids_))
        if self.new_items == "similar" and len(similar) > 1:
            embeddings = cooccurrence_embeddings(
                codes, len(similar), _EMBEDDING_DIM, random_state=self.seed_
            )
            neighbours = NearestNeighbors(n_neighbors=1, metric="cosine")
            similar = neighbours.fit(embeddings).kneighbors(return_distance=False)[:, 0]
        self.similar_items_ = self.item_ids_[similar]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether the last step of `fit` was reached."""
        return hasattr(self, "similar_items_")

    @staticmethod
    @abstractmethod
    def _operator(*arguments: Any) -> tuple[Tensor, Tensor]:
        """Bring new items in; see `skdiffuasr.nn.sequence_operators`."""

    def _operate(
        self, items: Tensor, lengths: Tensor, draws: Tensor, random_items: Tensor
    ) -> tuple[Tensor, Tensor]:
        new_items = random_items
        if self.new_items == "similar":
            similar = np.searchsorted(self.item_ids_, self.similar_items_)
            new_items = torch.from_numpy(similar)[items]
        return self._operator(items, lengths, self.ratio, draws, new_items)


@estimator_class
class InsertAugmenter(BaseNewItemAugmenter):
    """Train on histories with inserted items too.

    Parameters
    ----------
    ratio : float, default=0.2
        Number of new items per item of a history; one at least.

    References
    ----------
    .. [1] Liu et al., "Contrastive Self-supervised Sequential Recommendation with
       Robust Augmentation", 2021, arXiv:2108.06479.

    Examples
    --------
    >>> from skdiffuasr.augmentation import InsertAugmenter
    >>> augmenter = InsertAugmenter(0.5, n_variants=2, random_state=0)
    >>> X = augmenter.fit_transform([["a", "b", "c", "d"], ["a", "b"]] * 5)
    >>> [len(variant[0]) for variant in X.variants]
    [4, 6]
    """

    _operator = staticmethod(sequence_operators.insert)


@estimator_class
class SubstituteAugmenter(BaseNewItemAugmenter):
    """Train on histories with substituted items too.

    Parameters
    ----------
    ratio : float, default=0.2
        Share of the items that are replaced; one at least.

    References
    ----------
    .. [1] Liu et al., "Contrastive Self-supervised Sequential Recommendation with
       Robust Augmentation", 2021, arXiv:2108.06479.

    Examples
    --------
    >>> from skdiffuasr.augmentation import SubstituteAugmenter
    >>> augmenter = SubstituteAugmenter(0.5, n_variants=2, random_state=0)
    >>> X = augmenter.fit_transform([["a", "b", "c", "d"], ["a", "b"]] * 5)
    >>> sum(one != other for one, other in zip(*(v[0] for v in X.variants)))
    2
    """

    _operator = staticmethod(sequence_operators.substitute)
