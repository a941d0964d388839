"""Random items of the catalogue before each history."""

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import StrOptions
from skdiffuasr._typing import IntArray
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform


@estimator_class
class RandomAugmenter(BaseAugmenter):
    """Put random items of the catalogue before each history.

    The baseline of every other augmenter, "Random" of [1]_: one that helps no more has
    learned nothing.

    Parameters
    ----------
    distribution : {"uniform", "popularity"}, default="uniform"
        Whether all items are drawn alike, or in proportion to their counts in `fit`.

    Attributes
    ----------
    item_counts_ : ndarray of int64 of shape (n_items,)
        Occurrences in the histories of `fit`.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.

    Examples
    --------
    >>> from skdiffuasr.augmentation import RandomAugmenter
    >>> augmenter = RandomAugmenter(2, random_state=0)
    >>> augmenter.fit_transform([["a", "b"], ["c"]]).n_pseudo
    array([2, 2])
    """

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        "distribution": [StrOptions({"uniform", "popularity"})],
    }

    distribution: str = "uniform"

    def _fit(self, codes: Sequences) -> None:
        self.item_counts_: IntArray = np.bincount(
            codes.values, minlength=len(self.item_ids_)
        )

    def _generate(self, codes: Sequences, keys: UInt64Array) -> IntArray:
        weights = np.ones(len(self.item_ids_))
        if self.distribution == "popularity":
            weights = self.item_counts_.astype(np.float64)
        cumulative = weights.cumsum() / weights.sum()
        draws = keyed_uniform(keys, self.n_pseudo_items)
        drawn = np.searchsorted(cumulative, draws, side="right")
        return np.minimum(drawn, len(weights) - 1)
