"""Histories as training batches, and the part held out for early stopping."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.batching import pad_rows, token_batches


class HistoryBatches:
    """Right-padded batches of histories, shuffled anew in every epoch.

    Of histories in several variants each epoch draws one of every row.

    Parameters
    ----------
    histories : Sequences of item codes
        The histories.
    batch_size : int
        Number of rows of an average batch; see `token_batches`.
    random_state : int, default=0
        Seeds the order, and the variants, of every epoch.
    """

    def __init__(
        self, histories: Sequences, batch_size: int, random_state: int = 0
    ) -> None:
        self.batch_size = batch_size
        self.random_state = random_state
        variants = histories.variants
        lengths = [variant.lengths for variant in variants]
        # A variant without anything to learn gives way to the first.
        usable = np.stack([has_target(variant) for variant in variants])
        row_numbers = np.arange(usable.size).reshape(usable.shape)
        self._rows = np.where(usable, row_numbers, row_numbers[0])
        self._lengths = np.concatenate(lengths)
        starts = self._lengths.cumsum() - self._lengths
        self._starts = torch.from_numpy(starts)
        self._values = torch.from_numpy(np.concatenate([v.values for v in variants]))
        self._is_target = torch.from_numpy(np.concatenate(list(map(targets, variants))))

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield the batches of an epoch, each as `pad` returns it."""
        rng = np.random.default_rng([self.random_state, epoch])
        rows = self._rows[0]
        if len(self._rows) > 1:
            drawn = rng.integers(len(self._rows), size=len(rows))
            rows = self._rows[drawn, np.arange(len(rows))]
        for batch in token_batches(self._lengths[rows], self.batch_size, rng):
            yield self.pad(rows[batch])

    def pad(self, rows: IntArray) -> tuple[Tensor, Tensor, Tensor]:
        """Gather rows into one batch.

        Parameters
        ----------
        rows : ndarray of int64 of shape (batch,)
            Row numbers; those of the second variant follow those of the first.

        Returns
        -------
        items : int64 Tensor of shape (batch, length)
            Item codes, oldest first; code 0 behind a row's end.
        lengths : int64 Tensor of shape (batch,)
            Number of items of each row.
        is_target : bool Tensor of shape (batch, length)
            Which items are to be learned; False behind a row's end.
        """
        starts = self._starts[torch.from_numpy(rows)]
        lengths = torch.from_numpy(self._lengths[rows])
        items = pad_rows(self._values, starts, lengths)
        return items, lengths, pad_rows(self._is_target, starts, lengths, False)


def targets(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Tell which items are to be learned: the observed ones if nothing else is said.

    Parameters
    ----------
    histories : Sequences
        The histories.

    Returns
    -------
    is_target : ndarray of bool of shape (n_interactions,)
        A mask of `histories.values`.
    """
    if histories.is_target is not None:
        return histories.is_target
    first_real = histories.offsets[:-1] + histories.n_pseudo
    return np.arange(len(histories.values)) >= np.repeat(first_real, histories.lengths)


def has_target(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Tell which histories have an item to learn with another item before it.

    Parameters
    ----------
    histories : Sequences of n rows
        The histories.

    Returns
    -------
    has_target : ndarray of bool of shape (n,)
        True where there is something to predict.
    """
    if histories.is_target is None:
        return histories.lengths > np.maximum(histories.n_pseudo, 1)
    n_before = np.concatenate(([0], histories.is_target.cumsum()))
    second = np.minimum(histories.offsets[:-1] + 1, histories.offsets[1:])
    return n_before[histories.offsets[1:]] > n_before[second]


def hold_out(
    histories: Sequences, fraction: float, random_state: int
) -> tuple[Sequences, Sequences]:
    """Hold out the last item of some histories.

    Parameters
    ----------
    histories : Sequences
        Histories that all have something to predict; see `has_target`.
    fraction : float
        Share of the histories that are drawn, in [0, 1); their number is rounded down.
    random_state : int
        Seeds the draw.

    Returns
    -------
    training : Sequences
        The histories, those drawn without their last item. One that has nothing to
        predict without it is left out, and so is one whose last item may be in its
        learned pseudo items or other variants.
    validation : Sequences
        The histories drawn, whole, but without pseudo items that are learned: what is
        learned is of training only.
    """
    rng = np.random.default_rng(random_state)
    n_drawn = int(fraction * len(histories))
    drawn = np.sort(rng.choice(len(histories), n_drawn, replace=False))
    validation = histories.variants[0][drawn]
    if validation.is_target is not None:
        validation = validation.strip_pseudo()
    if len(histories.variants) > 1 or histories.is_target is not None:
        return histories[np.setdiff1d(np.arange(len(histories)), drawn)], validation
    n_dropped = np.zeros(len(histories), dtype=np.int64)
    n_dropped[drawn] = 1
    training = histories.drop_last(n_dropped)
    return training[has_target(training)], validation
