"""Random items of the history itself before it."""

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._typing import IntArray
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform


@estimator_class
class RandomSequenceAugmenter(BaseAugmenter):
    """Put random items of the history itself before it.

    "Random-Seq" of [1]_. Items are drawn with replacement.

    Notes
    -----
    A history without any known item gets uniformly drawn items of the catalogue.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.

    Examples
    --------
    >>> from skdiffuasr.augmentation import RandomSequenceAugmenter
    >>> augmenter = RandomSequenceAugmenter(2, random_state=0)
    >>> augmenter.fit_transform([["c"], ["a", "b"]]).to_lists()[0]
    ['c', 'c', 'c']
    """

    _short_name = "random-seq"

    def _generate(self, codes: Sequences, keys: UInt64Array) -> IntArray:
        draws = keyed_uniform(keys, self.n_pseudo_items)
        generated = (draws * len(self.item_ids_)).astype(np.int64)
        has_items = codes.lengths > 0
        places = (draws * codes.lengths[:, np.newaxis]).astype(np.int64)
        places += codes.offsets[:-1, np.newaxis]
        generated[has_items] = codes.values[places[has_items]]
        return generated
