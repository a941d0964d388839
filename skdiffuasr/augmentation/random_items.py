"""Random items of the catalogue before each history."""

from numbers import Integral

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences


@estimator_class
class RandomAugmenter(BaseAugmenter):
    """Put random items of the catalogue before each history.

    The simplest rival of the diffusion, "Random" of [1]_: what helps no more than this
    has learned nothing.

    Parameters
    ----------
    distribution : {"uniform", "popularity"}, default="uniform"
        Whether all items are drawn alike, or in proportion to their counts in `fit`.
    n_variants : int, default=1
        Number of variants of each history, of which a recommender draws one per epoch.

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
        "n_variants": [Interval(Integral, 1, None, closed="left")],
        "distribution": [StrOptions({"uniform", "popularity"})],
    }

    distribution: str = "uniform"
    n_variants: int = 1

    def _learn(self, codes: Sequences) -> None:
        self.item_counts_: IntArray = np.bincount(
            codes.values, minlength=len(self.item_ids_)
        )

    def _generate(self, histories: Sequences, variant: int) -> IdArray:
        encode_sequences(histories, self.item_ids_)  # refuses ids of another type
        keys = row_keys(histories, self.seed_ + variant)
        draws = keyed_uniform(keys, self.n_pseudo_items)
        weights = np.ones(len(self.item_ids_))
        if self.distribution == "popularity":
            weights = self.item_counts_.astype(np.float64)
        cumulative = weights.cumsum() / weights.sum()
        codes = np.searchsorted(cumulative, draws, side="right")
        return self.item_ids_[np.minimum(codes, len(self.item_ids_) - 1)]
