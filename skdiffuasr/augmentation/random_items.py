"""Random items of the catalogue before each history."""

from numbers import Integral
from typing import Any, Self

import numpy as np

from skdiffuasr._sklearn_compat import Interval, StrOptions, fit_context
from skdiffuasr._typing import IdArray, IntArray, RandomState, SequencesLike
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences


class RandomAugmenter(BaseAugmenter):
    """Put random items of the catalogue before each history.

    The simplest rival of the diffusion, "Random" of [1]_: what helps no more than this
    has learned nothing.

    Parameters
    ----------
    n_pseudo_items : int, default=10
        Number M of items that are put before a history.
    distribution : {"uniform", "popularity"}, default="uniform"
        Whether all items are drawn alike, or in proportion to their counts in `fit`.
    n_variants : int, default=1
        Number of variants of each history, of which a recommender draws one per epoch.
    augment_at : {"always", "fit"}, default="always"
        Whether `transform` augments too, or `fit_transform` alone.
    max_history_length : int, default=None
        Augment only histories of at most this many items. None augments all.
    random_state : int, RandomState instance or None, default=None
        Determines the items, together with each row's user id or items.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    item_counts_ : ndarray of int64 of shape (n_items,)
        Occurrences in the histories of `fit`.
    seed_ : int
        Drawn from `random_state`.

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
        "random_state": ["random_state"],
    }

    item_counts_: IntArray

    def __init__(
        self,
        n_pseudo_items: int = 10,
        *,
        distribution: str = "uniform",
        n_variants: int = 1,
        augment_at: str = "always",
        max_history_length: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.n_pseudo_items = n_pseudo_items
        self.distribution = distribution
        self.n_variants = n_variants
        self.augment_at = augment_at
        self.max_history_length = max_history_length
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
        self : RandomAugmenter
            The fitted augmenter.

        Raises
        ------
        ValueError
            If every history is empty.
        """
        codes = self._fit_catalogue(X).values
        self.item_counts_ = np.bincount(codes, minlength=len(self.item_ids_))
        return self

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
