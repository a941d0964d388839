"""What every sequence augmenter of the library can do."""

from abc import ABC, abstractmethod
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import IdArray, SequencesLike
from skdiffuasr.sequences import Sequences, check_sequences


class BaseAugmenter(  # type: ignore[call-arg]
    TransformerMixin, BaseEstimator, ABC, auto_wrap_output_keys=None
):
    """Base class of the augmenters: one row in, one longer row out.

    A subclass implements `fit` and `generate`.
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_pseudo_items": [Interval(Integral, 1, None, closed="left")],
        "augment_at": [StrOptions({"always", "fit"})],
        "max_history_length": [Interval(Integral, 0, None, closed="left"), None],
    }

    n_pseudo_items: int
    augment_at: str
    max_history_length: int | None

    @abstractmethod
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn from histories."""

    @abstractmethod
    def generate(self, X: SequencesLike) -> IdArray:
        """Generate the pseudo items (n, n_pseudo_items) of every history."""

    def transform(self, X: SequencesLike) -> Sequences:
        """Put pseudo items before the histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        X_augmented : Sequences of n rows
            `X` itself where ``augment_at="fit"``; else its rows with `n_pseudo_items`
            pseudo items in front, except those longer than `max_history_length`.
        """
        check_is_fitted(self)
        histories = check_sequences(X)
        return histories if self.augment_at == "fit" else self._augment(histories)

    def fit_transform(self, X: SequencesLike, y: Any = None) -> Sequences:
        """Fit, and put pseudo items before the same histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Not learned from.

        Returns
        -------
        X_augmented : Sequences of n rows
            The augmented histories, whatever `augment_at` is.
        """
        histories = check_sequences(X)
        return self.fit(histories, y)._augment(histories)

    def inverse_transform(self, X: SequencesLike) -> Sequences:
        """Drop all pseudo items.

        Parameters
        ----------
        X : Sequences
            Augmented histories.

        Returns
        -------
        histories : Sequences of n rows
            The observed items only.
        """
        return check_sequences(X).strip_pseudo()

    def _augment(self, histories: Sequences) -> Sequences:
        """Histories with pseudo items before those that are short enough."""
        n_real = histories.lengths - histories.n_pseudo
        is_short = np.ones(len(histories), dtype=bool)
        if self.max_history_length is not None:
            is_short = n_real <= self.max_history_length
        if not is_short.any():
            return histories
        pseudo = self.generate(histories[is_short])
        n_added = np.where(is_short, pseudo.shape[1], 0)
        offsets = np.concatenate([[0], np.cumsum(n_added)])
        return histories.prepend(Sequences(pseudo.ravel(), offsets))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
