"""Random items of the user's own before each history."""

from numbers import Integral

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import IdArray
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences


@estimator_class
class RandomSequenceAugmenter(BaseAugmenter):
    """Put random items of the history itself before it.

    "Random-Seq" of [1]_. Items are drawn with replacement.

    Parameters
    ----------
    n_variants : int, default=1
        Number of variants of each history, of which a recommender draws one per epoch.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training: draw from the others of the
        history, or raise. They stay in the history in any case.

    Notes
    -----
    A history without any known item gets items of the catalogue, all alike: there is
    nothing else to draw from.

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

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        "n_variants": [Interval(Integral, 1, None, closed="left")],
        "unknown_items": [StrOptions({"ignore", "error"})],
    }

    n_variants: int = 1
    unknown_items: str = "ignore"

    def _generate(self, histories: Sequences, variant: int) -> IdArray:
        keys = row_keys(histories, self.seed_ + variant)
        known = encode_sequences(histories, self.item_ids_, self.unknown_items)
        draws = keyed_uniform(keys, self.n_pseudo_items)
        codes = (draws * len(self.item_ids_)).astype(np.int64)
        has_items = known.lengths > 0
        places = (draws * known.lengths[:, np.newaxis]).astype(np.int64)
        places += known.offsets[:-1, np.newaxis]
        codes[has_items] = known.values[places[has_items]]
        return self.item_ids_[codes]
