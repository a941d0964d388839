"""Item embeddings: the space in which items are generated."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import field
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import HasMethods, Interval
from skdiffuasr._typing import FloatArray, IdArray
from skdiffuasr.augmentation.diffusion.part import UNFITTED, Part
from skdiffuasr.augmentation.item_embeddings import factorise_cooccurrence
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.item_attributes import align_attributes
from skdiffuasr.sequences.item_vectors import align_vectors

__all__ = [
    "BaseItemEmbeddings",
    "CooccurrenceEmbeddings",
    "GivenEmbeddings",
    "LearnedEmbeddings",
]


@estimator_class
class BaseItemEmbeddings(Part, ABC):
    r"""Base class of the item embeddings.

    A subclass implements `table`. The augmenter centres the table and scales each row
    to the norm :math:`\sqrt{d}`, the scale of the noise. The table is trained with the
    denoiser where `freeze`, a class attribute or a parameter, is False.

    Parameters
    ----------
    rounding_weight : float, default=0.1
        Weight of the rounding loss that keeps trained embeddings apart. It does nothing
        where they are frozen.
    """

    _parameter_constraints = {
        "rounding_weight": [Interval(Real, 0, None, closed="left")]
    }

    rounding_weight: float = 0.1

    freeze = True

    @abstractmethod
    def table(
        self, histories: Sequences, item_ids: IdArray, random_state: int
    ) -> FloatArray:
        """Make the item table, or its values before training.

        Parameters
        ----------
        histories : Sequences of item codes
            Histories of `fit`.
        item_ids : ndarray of shape (n_items,)
            The catalogue, sorted.
        random_state : int
            Seeds what is drawn.

        Returns
        -------
        embeddings : ndarray of shape (n_items, d)
        """


@estimator_class
class CooccurrenceEmbeddings(BaseItemEmbeddings):
    """A factorisation of which items stand near each other in the histories.

    A truncated singular value decomposition of the positive pointwise mutual
    information between the items of a history, which skip-gram embeddings approximate
    [1]_. An item that stands near no other more often than by chance gets a random
    vector. It takes seconds where training an embedding takes minutes, and cannot
    collapse.

    Parameters
    ----------
    embedding_dim : int, default=16
        Number d of dimensions. `SUNet` sees an embedding as a square image; a number
        that is not a square goes through a linear map. The paper has 64, which takes
        longer to learn; ``docs/measurements.md`` compares them.
    freeze : bool, default=True
        Whether the embeddings stay fixed while the denoiser is trained.
    item_attributes : mapping, array-like, sparse matrix or DataFrame, default=None
        Attributes of the items, in the forms that recommenders take, such as a mapping
        from each item id to its attribute ids. Their TF-IDF stands beside the mutual
        information in the matrix that is decomposed, so that items of like attributes
        are near each other. The denoiser generates in this space, and reads the history
        in it, too.
    item_features : mapping, array-like or DataFrame, default=None
        Vectors of the items, in the forms that recommenders take. Standardised, they
        stand beside the mutual information in the same way.
    side_information_weight : float, default=1.0
        Frobenius norm of attributes, and of features, relative to that of the mutual
        information.

    References
    ----------
    .. [1] Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization",
       NeurIPS 2014.
    """

    name = "cooccurrence"
    fixed_by_fit = ("embedding_dim",)
    _parameter_constraints = {
        **BaseItemEmbeddings._parameter_constraints,
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "freeze": ["boolean"],
        "item_attributes": [Mapping, "array-like", "sparse matrix", None],
        "item_features": [Mapping, "array-like", None],
        "side_information_weight": [Interval(Real, 0, None, closed="neither")],
    }

    embedding_dim: int = 16
    freeze: bool = True
    item_attributes: Any = None
    item_features: Any = None
    side_information_weight: float = 1.0

    def table(
        self, histories: Sequences, item_ids: IdArray, random_state: int
    ) -> FloatArray:
        """Make the item table (n_items, d); see `BaseItemEmbeddings.table`."""
        return factorise_cooccurrence(
            histories,
            len(item_ids),
            self.embedding_dim,
            random_state,
            self._side_information(item_ids),
            self.side_information_weight,
        )

    def _side_information(self, item_ids: IdArray) -> list[csr_array]:
        """Return TF-IDF of attributes and standardised features, (n_items, any)."""
        made = []
        if self.item_attributes is not None:
            attributes = align_attributes(self.item_attributes, item_ids)
            made.append(csr_array(TfidfTransformer().fit_transform(attributes)))
        if self.item_features is not None:
            vectors = align_vectors(self.item_features, item_ids, "item_features")
            standardised = StandardScaler().fit_transform(vectors)
            if standardised.any():
                made.append(csr_array(standardised))
        return made


@estimator_class
class LearnedEmbeddings(BaseItemEmbeddings):
    """A table that is trained together with the denoiser, from random vectors.

    Parameters
    ----------
    embedding_dim : int, default=16
        Number d of dimensions; see `CooccurrenceEmbeddings`.
    """

    name = "learned"
    fixed_by_fit = ("embedding_dim",)
    _parameter_constraints = {
        **BaseItemEmbeddings._parameter_constraints,
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
    }

    embedding_dim: int = 16

    freeze = False

    def table(
        self, histories: Sequences, item_ids: IdArray, random_state: int
    ) -> FloatArray:
        """Make random vectors (n_items, d); see `BaseItemEmbeddings.table`."""
        rng = np.random.default_rng(random_state)
        return rng.normal(size=(len(item_ids), self.embedding_dim))


@estimator_class
class GivenEmbeddings(BaseItemEmbeddings):
    """Vectors of your own, or of a fitted recommender.

    Parameters
    ----------
    vectors : array-like, mapping, DataFrame or fitted recommender
        An array (n_items, d) with one row for each item of `X` in sorted order, a
        mapping from item id to vector, a pandas DataFrame with item ids as its index,
        or a fitted recommender with `item_embeddings_`.
    freeze : bool, default=True
        Whether the vectors stay fixed while the denoiser is trained.
    """

    VECTORS = ("array-like", Mapping, HasMethods(["fit"]))

    fixed_by_fit = ()
    _parameter_constraints = {
        **BaseItemEmbeddings._parameter_constraints,
        "vectors": [*VECTORS],
        "freeze": ["boolean"],
    }

    vectors: Any = field(kw_only=False)
    freeze: bool = True

    def check(self) -> None:
        """Raise if a parameter is out of range or a recommender is not fitted."""
        super().check()
        if hasattr(self.vectors, "fit"):
            check_is_fitted(self.vectors, msg=UNFITTED.format("item_embeddings"))

    def table(
        self, histories: Sequences, item_ids: IdArray, random_state: int
    ) -> FloatArray:
        """Bring the vectors into the order of the catalogue, (n_items, d)."""
        return align_embeddings(self.vectors, item_ids)


def align_embeddings(given: Any, item_ids: IdArray) -> FloatArray:
    """Bring what a user gave into the order of the catalogue, as float64 (n_items, d).

    Raises a ValueError that names what does not fit.
    """
    if hasattr(given, "item_embeddings_"):
        given = dict(zip(given.item_ids_.tolist(), given.item_embeddings_, strict=True))
    return align_vectors(given, item_ids, "item_embeddings")
