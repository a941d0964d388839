"""What every sequence augmenter of the library can do."""

from abc import ABC, abstractmethod
from dataclasses import field
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.utils import Tags, check_random_state

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._fitted import FixedByFitMixin
from skdiffuasr._sklearn_bases import BaseEstimator, TransformerMixin
from skdiffuasr._sklearn_compat import Interval, StrOptions, fit_context
from skdiffuasr._typing import IdArray, IntArray, RandomState, SequencesLike
from skdiffuasr.sequences import Sequences, SequenceVariants, check_sequences
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.sequences.vocabulary import encode_sequences


class BaseSequenceAugmenter(  # type: ignore[call-arg]
    FixedByFitMixin, TransformerMixin, BaseEstimator, ABC, auto_wrap_output_keys=None
):
    """Base class of the augmenters: one row in, one row out.

    A subclass implements `_augment`, and `_learn` or `fit` if it learns more than the
    catalogue.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    seed_ : int
        Drawn from `random_state`.
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "augment_at": [StrOptions({"always", "fit"})],
    }

    augment_at: str
    unknown_items: str = "ignore"
    random_state: RandomState

    item_ids_: IdArray
    seed_: int

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
        self : estimator
            The fitted augmenter.

        Raises
        ------
        ValueError
            If every history is empty.
        """
        self._learn(self._fit_catalogue(X))
        return self

    def _learn(self, codes: Sequences) -> None:
        """Learn more than the catalogue, from histories of item codes."""

    @abstractmethod
    def _augment(self, histories: Sequences) -> Sequences:
        """Augment histories."""

    def _fit_catalogue(self, X: SequencesLike) -> Sequences:
        """Learn the catalogue, draw the seed, and return observed items as codes."""
        observed = check_sequences(X).strip_pseudo()
        item_ids = np.unique(observed.values)
        if len(item_ids) == 0:
            raise ValueError("Every history of X is empty; there is no item to learn.")
        self.item_ids_ = item_ids
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._remember_parameters()
        return encode_sequences(observed, self.item_ids_)

    def transform(self, X: SequencesLike) -> Sequences:
        """Augment histories, unless only those of `fit_transform` are.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.

        Returns
        -------
        X_augmented : Sequences of n rows
            `X` itself where ``augment_at="fit"``; else the augmented histories.

        Raises
        ------
        TypeError
            If the items of `X` are of another type than those of `fit`.
        ValueError
            If `X` has unknown items and ``unknown_items="error"``.
        """
        self._check_fitted()
        histories = check_sequences(X)
        for variant in histories.variants:
            encode_sequences(variant.strip_pseudo(), self.item_ids_, self.unknown_items)
        return histories if self.augment_at == "fit" else self._augment(histories)

    def fit_transform(self, X: SequencesLike, y: Any = None) -> Sequences:
        """Fit, and augment the same histories.

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
            The observed items only, of the first variant where there are several.
        """
        return check_sequences(X).variants[0].strip_pseudo()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


@estimator_class
class BaseAugmenter(BaseSequenceAugmenter):
    """Base class of the augmenters that put M pseudo items before a history.

    A subclass implements `generate`, or `_generate` if it has a parameter
    `n_variants`.

    Parameters
    ----------
    n_pseudo_items : int, default=10
        Number M of items that are put before a history.
    augment_at : {"always", "fit"}, default="always"
        Whether `transform` augments too, or `fit_transform` alone.
    max_history_length : int, default=None
        Augment only histories of at most this many items. None augments all.
    random_state : int, RandomState instance or None, default=None
        Determines the items, together with each row's user id or items.
    """

    _parameter_constraints = {
        **BaseSequenceAugmenter._parameter_constraints,
        "n_pseudo_items": [Interval(Integral, 1, None, closed="left")],
        "max_history_length": [Interval(Integral, 0, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    n_pseudo_items: int = field(default=10, kw_only=False)
    augment_at: str = "always"
    max_history_length: int | None = None
    random_state: RandomState = None

    n_variants = 1
    unique = False

    def _generate(self, histories: Sequences, variant: int) -> IdArray:
        """Generate the pseudo items (n, n_pseudo_items) of one variant."""
        return self.generate(histories)

    def generate(self, X: SequencesLike) -> IdArray:
        """Generate pseudo items, whatever the length of the history.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first; pseudo items are left out.

        Returns
        -------
        items : ndarray of shape (n, n_pseudo_items)
            Item ids, oldest first; those of the first variant.

        Raises
        ------
        ValueError
            If `X` has unknown items and ``unknown_items="error"``, or a history leaves
            too few items for ``unique=True``.
        """
        self._check_fitted()
        histories = check_sequences(X).strip_pseudo()
        self._check_enough_items(histories, np.arange(len(histories)))
        return self._generate(histories, 0)

    def _augment(self, histories: Sequences) -> Sequences:
        """Histories with pseudo items before those that are short enough."""
        observed = histories.strip_pseudo()
        is_short = np.ones(len(histories), dtype=bool)
        if self.max_history_length is not None:
            is_short = observed.lengths <= self.max_history_length
        if not is_short.any():
            return histories
        offsets = offsets_from_lengths(np.where(is_short, self.n_pseudo_items, 0))
        short = observed[is_short]
        self._check_enough_items(short, np.flatnonzero(is_short))
        variants = [
            histories.prepend(
                Sequences(self._generate(short, variant).ravel(), offsets)
            )
            for variant in range(self.n_variants)
        ]
        return variants[0] if len(variants) == 1 else SequenceVariants(variants)

    def _check_enough_items(self, histories: Sequences, rows: IntArray) -> None:
        """Reject histories, rows of `X` with these numbers, for ``unique=True``."""
        if self.unique:
            known = encode_sequences(histories, self.item_ids_, self.unknown_items)
            check_enough_items(known, rows, len(self.item_ids_), self.n_pseudo_items)


def check_enough_items(
    histories: Sequences, rows: IntArray, n_items: int, n_needed: int
) -> None:
    """Reject histories that leave too few other items.

    Parameters
    ----------
    histories : Sequences of item codes
        Observed items, of n rows.
    rows : ndarray of int of shape (n,)
        The number of each row, for the message.
    n_items : int
        Size of the catalogue.
    n_needed : int
        Number of items that must differ from those of a history.

    Raises
    ------
    ValueError
        If a history leaves fewer; the message names it.
    """
    row_of_item = np.repeat(np.arange(len(histories)), histories.lengths)
    different = np.unique(row_of_item * n_items + histories.values)
    n_left = n_items - np.bincount(different // n_items, minlength=len(histories))
    if (n_left < n_needed).any():
        first = int((n_left < n_needed).argmax())
        raise ValueError(
            f"unique=True needs n_pseudo_items={n_needed} other items than those of "
            f"the history, but history {rows[first]} leaves {n_left[first]} of the "
            f"{n_items} items of the catalogue."
        )
