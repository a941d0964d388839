"""The most popular items: the baseline of every comparison."""

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._typing import FloatArray
from skdiffuasr.nn.scoring import ConstantScores
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

    def _fit(self, codes: Sequences) -> None:
        """Learn nothing more: the items are counted already."""

    def _score(self, codes: Sequences) -> FloatArray:
        return np.tile(self._scores_without_items(), (len(codes), 1))

    def _scoring_module(self) -> ConstantScores:
        return ConstantScores(torch.tensor(self._scores_without_items()))

    def _scores_without_items(self) -> FloatArray:
        return self.item_counts_.astype(np.float32)

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        return scores.new_tensor(self._log_popularity()).expand_as(scores)
