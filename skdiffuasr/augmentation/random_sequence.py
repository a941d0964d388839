"""Random items of the user's own before each history."""

from numbers import Integral
from typing import Any, Self

import numpy as np

from skdiffuasr._sklearn_compat import Interval, StrOptions, fit_context
from skdiffuasr._typing import IdArray, RandomState, SequencesLike
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences


class RandomSequenceAugmenter(BaseAugmenter):
    """Put random items of the history itself before it.

    "Random-Seq" of [1]_. Items are drawn with replacement.

    Parameters
    ----------
    n_pseudo_items : int, default=10
        Number M of items that are put before a history.
    n_variants : int, default=1
        Number of variants of each history, of which a recommender draws one per epoch.
    augment_at : {"always", "fit"}, default="always"
        Whether `transform` augments too, or `fit_transform` alone.
    max_history_length : int, default=None
        Augment only histories of at most this many items. None augments all.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training: draw from the others of the
        history, or raise. They stay in the history in any case.
    random_state : int, RandomState instance or None, default=None
        Determines the items, together with each row's user id or items.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    seed_ : int
        Drawn from `random_state`.

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

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        "n_variants": [Interval(Integral, 1, None, closed="left")],
        "unknown_items": [StrOptions({"ignore", "error"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_pseudo_items: int = 10,
        *,
        n_variants: int = 1,
        augment_at: str = "always",
        max_history_length: int | None = None,
        unknown_items: str = "ignore",
        random_state: RandomState = None,
    ) -> None:
        self.n_pseudo_items = n_pseudo_items
        self.n_variants = n_variants
        self.augment_at = augment_at
        self.max_history_length = max_history_length
        self.unknown_items = unknown_items
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn the catalogue.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first. Pseudo items do not count.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : RandomSequenceAugmenter
            The fitted augmenter.

        Raises
        ------
        ValueError
            If every history is empty.
        """
        self._fit_catalogue(X)
        return self

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
