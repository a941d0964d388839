"""Base classes of the sequence augmenters."""

from abc import ABC, abstractmethod
from dataclasses import field
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import Tags, check_random_state

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._fitted import FixedByFitMixin
from skdiffuasr._sklearn_bases import BaseEstimator, TransformerMixin
from skdiffuasr._sklearn_compat import Interval, StrOptions, fit_context
from skdiffuasr._typing import IdArray, IntArray, RandomState, SequencesLike
from skdiffuasr.augmentation.cuts import draw_cuts, learned_after
from skdiffuasr.augmentation.encoded_histories import EncodedHistories
from skdiffuasr.sequences import Sequences, SequenceVariants, check_sequences
from skdiffuasr.sequences.keys import UInt64Array
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.sequences.vocabulary import encode_sequences


class BaseSequenceAugmenter(  # type: ignore[call-arg]
    FixedByFitMixin, TransformerMixin, BaseEstimator, ABC, auto_wrap_output_keys=None
):
    """Base class of the augmenters: one row in, one row out.

    Each call checks, encodes and hashes its histories once. A subclass implements
    `_augment`, and `_fit` if it learns more than the catalogue.

    Parameters
    ----------
    n_variants : int, default=1
        Number of variants of each history that `fit_transform` makes, of which a
        recommender draws one per epoch.
    augment_at : {"always", "fit"}, default="always"
        Whether `transform` augments too, or `fit_transform` alone.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training: augment as if they were not
        there, or raise. They always stay in the history.
    random_state : int, RandomState instance or None, default=None
        Determines all that is random. What a row gets depends on its user id, or on its
        items where there is none, and not on other rows.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    seed_ : int
        Drawn from `random_state`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_variants": [Interval(Integral, 1, None, closed="left")],
        "augment_at": [StrOptions({"always", "fit"})],
        "unknown_items": [StrOptions({"ignore", "error"})],
        "random_state": ["random_state"],
    }

    # Parameters of some, these values for the others.
    augment_at: str = "fit"
    unknown_items: str = "ignore"

    n_variants: int
    random_state: RandomState

    item_ids_: IdArray
    seed_: int

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Learn the catalogue, and what else the augmenter needs.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first. Pseudo items are not learned from.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : estimator
            The fitted augmenter.

        Raises
        ------
        ValueError
            If every history is empty or too short to learn from, or the parameters do
            not fit together.
        """
        self._fit(self._fit_catalogue(X))
        return self

    def _fit(self, codes: Sequences) -> None:
        """Learn more than the catalogue, from the codes of the observed items."""

    @abstractmethod
    def _augment(
        self, variants: list[EncodedHistories], *, is_training: bool
    ) -> list[Sequences]:
        """Turn the variants of histories, mostly one, into augmented variants.

        Given rows go into the result with their ids, pseudo items and unknown items;
        what is new in them comes from codes and keys. In training there are
        `n_variants` for each that was given.
        """

    def _fit_catalogue(self, X: SequencesLike) -> Sequences:
        """Learn the catalogue, draw the seed, and return observed items as codes."""
        self._check_parameters()
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
            The augmented histories, or `X` itself if only `fit_transform` augments.

        Raises
        ------
        TypeError
            If the items of `X` are of another type than those of `fit`.
        ValueError
            If `X` has unknown items and ``unknown_items="error"``.
        """
        self._check_fitted()
        histories = check_sequences(X)
        variants = self._encode(histories)  # raises for unknown items in any case
        if self.augment_at == "fit":
            return histories
        return self._transform(variants, is_training=False)

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
            The augmented histories, whatever `augment_at` is, in `n_variants`.
        """
        histories = check_sequences(X)
        self.fit(histories, y)
        return self._transform(self._encode(histories), is_training=True)

    def _encode(self, histories: Sequences) -> list[EncodedHistories]:
        """Encode every variant."""
        return [
            EncodedHistories(variant, self.item_ids_, self.unknown_items)
            for variant in histories.variants
        ]

    def _transform(
        self, variants: list[EncodedHistories], *, is_training: bool
    ) -> Sequences:
        """Augment, whatever `augment_at` is."""
        augmented = self._augment(variants, is_training=is_training)
        return augmented[0] if len(augmented) == 1 else SequenceVariants(augmented)

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

    A subclass implements `_generate`, and `_fit` if it learns more than the catalogue.

    Parameters
    ----------
    n_pseudo_items : int, default=10
        Number M of items that are put before a history.
    n_prediction_variants : int, default=1
        Number of variants of each history that `transform` makes. A recommender
        averages its log-probabilities over them.
    condition : {"history", "before_cut"}, default="history"
        What the items that go before a training history are generated from. They may
        show what the history holds, and a recommender that learns all of it learns to
        look there, in vain at prediction. With ``"before_cut"`` each variant cuts the
        history at random: items are generated from what is before the cut, and only
        what comes after it is learned. The cuts of a history are spread evenly over it;
        the first of several leaves one item before it. `transform` cuts nothing.
    max_history_length : int, default=None
        Augment only histories of at most this many items. None augments all.
    """

    _parameter_constraints = {
        **BaseSequenceAugmenter._parameter_constraints,
        "n_pseudo_items": [Interval(Integral, 1, None, closed="left")],
        "n_prediction_variants": [Interval(Integral, 1, None, closed="left")],
        "condition": [StrOptions({"history", "before_cut"})],
        "max_history_length": [Interval(Integral, 0, None, closed="left"), None],
    }

    n_pseudo_items: int = field(default=10, kw_only=False)
    n_variants: int = 1
    n_prediction_variants: int = 1
    condition: str = "history"
    augment_at: str = "always"
    max_history_length: int | None = None
    unknown_items: str = "ignore"
    random_state: RandomState = None

    unique = False

    @abstractmethod
    def _generate(self, codes: Sequences, keys: UInt64Array) -> IntArray:
        """Generate the codes (n, n_pseudo_items), oldest first, of pseudo items.

        `codes` are the observed items of n rows, which may be empty. Draw from `keys`
        (n,), which differ between variants, with `keyed_uniform` or `keyed_normal`.
        """

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
        first = check_sequences(X).variants[0]
        [histories] = self._encode(first)
        self._check_enough_items(histories.codes, np.arange(len(first)))
        codes = self._generate(histories.codes, histories.keys(self.seed_))
        return self.item_ids_[codes]

    def _augment(
        self, variants: list[EncodedHistories], *, is_training: bool
    ) -> list[Sequences]:
        """Put items for the first variant before all; long histories get none."""
        n_variants = self.n_variants if is_training else self.n_prediction_variants
        first = variants[0]
        given = [variant.given for variant in variants]
        is_short = np.ones(len(first.codes), dtype=bool)
        if self.max_history_length is not None:
            is_short = first.n_observed <= self.max_history_length
        if not is_short.any():
            return given
        offsets = offsets_from_lengths(np.where(is_short, self.n_pseudo_items, 0))
        codes = first.codes if is_short.all() else first.codes[is_short]
        self._check_enough_items(codes, np.flatnonzero(is_short))
        augmented = []
        cut_keys = first.keys(self.seed_)[is_short]
        for variant in range(n_variants):
            keys = first.keys(self.seed_ + variant)[is_short]
            condition, learned = codes, given
            if is_training and self.condition == "before_cut":
                cuts = np.zeros(len(is_short), dtype=np.int64)
                cuts[is_short] = draw_cuts(codes.lengths, cut_keys, variant, n_variants)
                condition = codes.drop_last(codes.lengths - cuts[is_short])
                learned = [learned_after(histories, cuts) for histories in given]
            items = self.item_ids_[self._generate(condition, keys).ravel()]
            pseudo = Sequences._unchecked(items, offsets)
            augmented += [histories.prepend(pseudo) for histories in learned]
        return augmented

    def _check_enough_items(self, codes: Sequences, rows: IntArray) -> None:
        """Raise if a history, of one of these rows, leaves too few for `unique`."""
        if self.unique:
            check_enough_items(codes, rows, len(self.item_ids_), self.n_pseudo_items)


def check_enough_items(
    codes: Sequences, rows: IntArray, n_items: int, n_needed: int
) -> None:
    """Raise if a history leaves fewer than `n_needed` other items of `n_items`.

    The message names the history by its entry in `rows` (n,).
    """
    row_of_item = np.repeat(np.arange(len(codes)), codes.lengths)
    different = np.unique(row_of_item * n_items + codes.values)
    n_left = n_items - np.bincount(different // n_items, minlength=len(codes))
    if (n_left < n_needed).any():
        first = int((n_left < n_needed).argmax())
        raise ValueError(
            f"unique=True needs n_pseudo_items={n_needed} other items than those of "
            f"the history, but history {rows[first]} leaves {n_left[first]} of the "
            f"{n_items} items of the catalogue."
        )
