"""Operators that rearrange histories: changed variants to train on."""

from abc import abstractmethod
from dataclasses import field
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import IntArray, RandomState
from skdiffuasr.augmentation.base import BaseSequenceAugmenter
from skdiffuasr.augmentation.encoded_histories import EncodedHistories
from skdiffuasr.nn import sequence_operators
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform
from skdiffuasr.sequences.ragged import offsets_from_lengths, padded_blocks
from skdiffuasr.training.batching import pad_rows
from skdiffuasr.training.histories import has_masks

#: Cells of a padded block of rows: its temporaries stay small.
_BLOCK_CELLS = 2**18

_PLACES, _START, _ITEMS = range(3)  # streams of random numbers


@estimator_class
class BaseOperatorAugmenter(BaseSequenceAugmenter):
    """Base class of the operators that change histories, in training alone.

    `fit_transform` returns the histories as the first variant and changed ones as the
    others; `transform` returns them as they are. Histories with roles that say what is
    learned or read are rejected. A subclass implements `_operate`.

    Parameters
    ----------
    n_variants : int, default=4
        Number of variants of each history, including itself, of which a recommender
        draws one per epoch.
    """

    _parameter_constraints = {
        "n_variants": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    n_variants: int = 4
    random_state: RandomState = None

    def _augment(
        self, variants: list[EncodedHistories], *, is_training: bool
    ) -> list[Sequences]:
        given = [variant.given for variant in variants]
        first = variants[0]
        pseudo = first.given.drop_last(first.n_observed)
        problem = ""
        if any(map(has_masks, given)):
            problem = "whose roles say what is learned or read"
        elif not pseudo.is_pseudo.all():
            problem = "with pseudo items behind observed ones"
        if problem:
            raise ValueError(
                f"{type(self).__name__} cannot change histories {problem}: nothing "
                "says what holds in the changed ones. Put it before the augmenter that "
                "they come from."
            )
        changed = [
            self._change(first.codes, first.keys(self.seed_ + variant)).prepend(pseudo)
            for variant in range(1, self.n_variants)
        ]
        return [*given, *changed]

    def _change(self, codes: Sequences, keys: UInt64Array) -> Sequences:
        """Change histories of item codes; the result has item ids."""
        blocks = list(padded_blocks(codes.lengths, max_cells=_BLOCK_CELLS))
        changed = [self._change_block(codes[rows], keys[rows]) for rows in blocks]
        values, lengths = map(np.concatenate, zip(*changed, strict=True))
        by_block = Sequences._unchecked(
            self.item_ids_[values], offsets_from_lengths(lengths)
        )
        in_order = by_block[np.concatenate(blocks).argsort()]
        return Sequences._unchecked(
            in_order.values, in_order.offsets, None, codes.user_ids
        )

    def _change_block(
        self, codes: Sequences, keys: UInt64Array
    ) -> tuple[IntArray, IntArray]:
        """Return item codes and lengths of changed histories of similar length."""
        width = int(codes.lengths.max())
        # The same numbers for a row, however long the others are.
        draws = np.concatenate(
            [keyed_uniform(keys, width, _PLACES), keyed_uniform(keys, 1, _START)],
            axis=1,
        )
        drawn = keyed_uniform(keys, width, _ITEMS) * len(self.item_ids_)
        starts, lengths = map(torch.tensor, (codes.offsets[:-1], codes.lengths))
        items, lengths = self._operate(
            pad_rows(torch.tensor(codes.values), starts, lengths),
            lengths,
            torch.from_numpy(draws),
            torch.from_numpy(drawn.astype(np.int64)),
        )
        is_within = torch.arange(items.shape[1]) < lengths[:, None]
        return items[is_within].numpy(), lengths.numpy()

    @abstractmethod
    def _operate(
        self, items: Tensor, lengths: Tensor, draws: Tensor, random_items: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Change right-padded rows; see `skdiffuasr.nn.sequence_operators`."""


@estimator_class
class CropAugmenter(BaseOperatorAugmenter):
    """Train on continuous stretches of the histories too.

    Parameters
    ----------
    ratio : float, default=0.6
        Share of the items that a stretch has; one item at least.

    References
    ----------
    .. [1] Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
       arXiv:2010.14395, section III-C1.

    Examples
    --------
    >>> from skdiffuasr.augmentation import CropAugmenter
    >>> augmenter = CropAugmenter(0.5, n_variants=3, random_state=0)
    >>> X = augmenter.fit_transform([["a", "b", "c", "d"]])
    >>> [len(variant[0]) for variant in X.variants]
    [4, 2, 2]
    """

    _parameter_constraints = {
        **BaseOperatorAugmenter._parameter_constraints,
        "ratio": [Interval(Real, 0, 1, closed="both")],
    }

    ratio: float = field(default=0.6, kw_only=False)

    def _operate(
        self, items: Tensor, lengths: Tensor, draws: Tensor, random_items: Tensor
    ) -> tuple[Tensor, Tensor]:
        return sequence_operators.crop(items, lengths, self.ratio, draws)


@estimator_class
class ReorderAugmenter(BaseOperatorAugmenter):
    """Train on histories with a shuffled stretch too.

    Parameters
    ----------
    ratio : float, default=0.6
        Share of the items that are shuffled.

    References
    ----------
    .. [1] Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
       arXiv:2010.14395, section III-C3.

    Examples
    --------
    >>> from skdiffuasr.augmentation import ReorderAugmenter
    >>> augmenter = ReorderAugmenter(1.0, n_variants=2, random_state=0)
    >>> X = augmenter.fit_transform([["a", "b", "c"]])
    >>> [sorted(variant[0].tolist()) for variant in X.variants]
    [['a', 'b', 'c'], ['a', 'b', 'c']]
    """

    _parameter_constraints = CropAugmenter._parameter_constraints

    ratio: float = field(default=0.6, kw_only=False)

    def _operate(
        self, items: Tensor, lengths: Tensor, draws: Tensor, random_items: Tensor
    ) -> tuple[Tensor, Tensor]:
        return sequence_operators.reorder(items, lengths, self.ratio, draws)
