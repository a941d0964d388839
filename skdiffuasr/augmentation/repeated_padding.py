"""RepPad: the history itself, repeated, in place of padding."""

from dataclasses import field
from numbers import Integral

import numpy as np

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import IntArray, RandomState
from skdiffuasr.augmentation.base import BaseSequenceAugmenter
from skdiffuasr.augmentation.encoded_histories import EncodedHistories
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform
from skdiffuasr.sequences.ragged import join_rows, piece_positions
from skdiffuasr.training.histories import context


@estimator_class
class RepeatedPaddingAugmenter(BaseSequenceAugmenter):
    """Repeat each history in front of itself, where others would pad.

    RepPad [1]_ trains on rows that hold their history several times. The copies count
    as pseudo items, but a recommender learns them like the history itself: what is not
    learned or read there is not in a copy, either.

    Parameters
    ----------
    max_length : int, default=50
        Length up to which a row is filled; the oldest copy is cut if need be. Use the
        `max_length` of the recommender. Unknown items, and pseudo items that a row had
        before, do not count.
    repetitions : {"random", "random_from_zero", "max"} or int, default="random"
        Number of copies in front of a history of n items: drawn from 1 to
        ``max_length // n``, or from 0, or always that number, or a number given. The
        published code draws from 1.
    separator : bool, default=True
        Whether copies are kept apart: the step from the last item of a copy to the
        first of the next is then not learned. Ids are opaque, so the separator of
        [1]_, the padding item, is a gap in the loss here and not an item. Copies whose
        last item is not read are always apart.
    read_last_item : bool, default=False
        Whether what comes behind a copy reads its last item. The published code learns
        that item in every copy and reads it in none; a recommender that reads it can
        look it up in the copy before. It counts in `max_length` even if not read.
    n_variants : int, default=4
        Number of variants of each training history, with other numbers of copies where
        these are drawn, of which a recommender draws one per epoch.
    augment_at : {"always", "fit"}, default="fit"
        Whether `transform` augments too, or `fit_transform` alone, as in [1]_.

    Notes
    -----
    The model learns to repeat its history: filter seen items from the ranking, and
    evaluate users who come back to an item separately, by
    `skdiffuasr.metrics.novelty_groups`. With SASRec it gained with ``loss="bce"`` and
    lost with the full softmax; see ``docs/results_appendix.md``.

    References
    ----------
    .. [1] Dang et al., "Repeated Padding for Sequential Recommendation", RecSys 2024,
       arXiv:2403.06372, section 3.

    Examples
    --------
    >>> from skdiffuasr.augmentation import RepeatedPaddingAugmenter
    >>> augmenter = RepeatedPaddingAugmenter(6, repetitions="max", n_variants=1)
    >>> X = augmenter.fit_transform([["a", "b"], ["c", "d", "e", "f"]])
    >>> X.to_lists()
    [['a', 'b', 'a', 'b', 'a', 'b'], ['e', 'f', 'c', 'd', 'e', 'f']]
    >>> X[:1].is_target.tolist()
    [False, True, False, True, False, True]
    >>> X[:1].is_context.tolist()
    [True, False, True, False, True, True]
    """

    _short_name = "reppad"

    _parameter_constraints = {
        **BaseSequenceAugmenter._parameter_constraints,
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "repetitions": [
            StrOptions({"random", "random_from_zero", "max"}),
            Interval(Integral, 0, None, closed="left"),
        ],
        "separator": ["boolean"],
        "read_last_item": ["boolean"],
    }

    max_length: int = field(default=50, kw_only=False)
    repetitions: str | int = "random"
    separator: bool = True
    read_last_item: bool = False
    n_variants: int = 4
    augment_at: str = "fit"
    unknown_items: str = "ignore"
    random_state: RandomState = None

    def _augment(
        self, variants: list[EncodedHistories], *, is_training: bool
    ) -> list[Sequences]:
        n_variants = self.n_variants if is_training else 1
        return [
            self._with_copies(histories, histories.keys(self.seed_ + variant))
            for histories in variants
            for variant in range(n_variants)
        ]

    def _with_copies(self, histories: EncodedHistories, keys: UInt64Array) -> Sequences:
        """Put copies before the histories and say which items are learned."""
        given, known = histories.given, histories.codes
        room = np.maximum(self.max_length - known.lengths, 0)
        n_copied = np.minimum(self._n_copies(known.lengths, keys) * known.lengths, room)
        # The items of the copies, counted in their history.
        repeated, _ = piece_positions(-n_copied, n_copied)
        lengths = np.repeat(known.lengths, n_copied)
        places = repeated % lengths
        copied = np.repeat(known.offsets[:-1], n_copied) + places
        values, offsets, is_copy = join_rows(
            self.item_ids_[known.values[copied]],
            n_copied,
            given.values,
            given.lengths,
        )

        # A copy has the roles of what it copies, what was given keeps its own.
        is_target, is_context = np.empty((2, len(values)), dtype=bool)
        is_target[~is_copy], is_context[~is_copy] = given.is_target, context(given)
        is_target[is_copy] = known.is_target[copied]
        is_context[is_copy] = context(known)[copied]
        if self.separator or not self.read_last_item:
            first_given = offsets[:-1] + n_copied
            is_target[first_given[n_copied > 0]] = False
            is_target[is_copy] &= places > 0
        if not self.read_last_item:
            is_context[is_copy] &= places < lengths - 1
        is_pseudo = is_copy.copy()
        is_pseudo[~is_copy] = given.is_pseudo
        roles = make_roles(
            is_pseudo=is_pseudo, is_target=is_target, is_context=is_context
        )
        return Sequences._unchecked(values, offsets, roles, given.user_ids)

    def _n_copies(self, lengths: IntArray, keys: UInt64Array) -> IntArray:
        """Choose the number of copies of each history; the oldest may be cut."""
        most = self.max_length // np.maximum(lengths, 1)
        if self.repetitions == "max":
            return most
        if isinstance(self.repetitions, Integral):
            return np.minimum(most, int(self.repetitions))
        uniform = keyed_uniform(keys, 1)[:, 0]
        fewest = 0 if self.repetitions == "random_from_zero" else 1
        drawn = fewest + (uniform * (most - fewest + 1)).astype(np.int64)
        return np.minimum(drawn, most)
