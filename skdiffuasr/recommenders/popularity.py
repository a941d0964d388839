"""The most popular items: the floor of every comparison."""

from typing import Any, Self

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import fit_context
from skdiffuasr._typing import FloatArray, SequencesLike
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.sequences import Sequences


@estimator_class
class PopularityRecommender(BaseRecommender):
    """Score every item by how often it occurs in the training histories.

    Examples
    --------
    >>> from skdiffuasr.recommenders import PopularityRecommender
    >>> recommender = PopularityRecommender().fit([["a", "b"], ["b", "c"]])
    >>> recommender.predict([["a"]]).tolist()
    ['b']
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Count the items.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : PopularityRecommender
        """
        self._fit_catalogue(X)
        return self

    def _score_items(self, histories: Sequences) -> FloatArray:
        counts = self.item_counts_.astype(np.float32)
        return np.tile(counts, (len(histories), 1))
