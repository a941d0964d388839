"""Histories as training batches, and the part held out for early stopping."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
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
        is_target = np.concatenate([variant.is_target for variant in variants])
        self._is_target = torch.from_numpy(is_target)
        is_context = np.concatenate(list(map(context, variants)))
        self._is_context = None if is_context.all() else torch.from_numpy(is_context)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of an epoch, each as `pad` returns it."""
        rng = np.random.default_rng([self.random_state, epoch])
        rows = self._rows[0]
        if len(self._rows) > 1:
            drawn = rng.integers(len(self._rows), size=len(rows))
            rows = self._rows[drawn, np.arange(len(rows))]
        for batch in token_batches(self._lengths[rows], self.batch_size, rng):
            yield self.pad(rows[batch])

    def pad(self, rows: IntArray) -> tuple[Tensor, ...]:
        """Gather rows into one batch, without the items that are not to be read.

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
        passed_over : int64 Tensor of shape (batch, length)
            Item to be learned after this one, but not to be read, or -1. Only if there
            are items that are not to be read.
        """
        starts = self._starts[torch.from_numpy(rows)]
        lengths = torch.from_numpy(self._lengths[rows])
        items = pad_rows(self._values, starts, lengths)
        is_target = pad_rows(self._is_target, starts, lengths, False)
        if self._is_context is None:
            return items, lengths, is_target
        is_context = pad_rows(self._is_context, starts, lengths, False)
        return pass_over(items, is_target, is_context)


def pass_over(
    items: Tensor, is_target: Tensor, is_context: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Take the items that are not to be read out of the rows of a batch.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes.
    is_target, is_context : bool Tensor of shape (batch, length)
        Which items are to be learned and to be read; False behind a row's end.

    Returns
    -------
    items, lengths, is_target, passed_over : Tensors
        As `HistoryBatches.pad` returns them. An item is passed over if it is a target
        and comes right after one that is read.
    """
    lengths = is_context.sum(dim=1)
    width = int(lengths.max()) if len(lengths) else 0
    # Stable, so the items that are read come first and keep their order.
    order = (~is_context).byte().argsort(dim=1, stable=True)[:, :width]
    following = torch.where(is_target & ~is_context, items, -1)[:, 1:]
    following = F.pad(following, (0, 1), value=-1)
    is_within = torch.arange(width) < lengths[:, None]
    return (
        items.gather(1, order) * is_within,
        lengths,
        is_target.gather(1, order) & is_within,
        following.gather(1, order).masked_fill(~is_within, -1),
    )


def context(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Return which items are to be read: those that are context, and the last anyway.

    Nothing comes behind the last item of a row, so it makes no difference there.

    Parameters
    ----------
    histories : Sequences
        The histories.

    Returns
    -------
    is_context : ndarray of bool of shape (n_interactions,)
        A mask of `histories.values`.
    """
    is_context = histories.is_context
    is_context[histories.offsets[1:][histories.lengths > 0] - 1] = True
    return is_context


def has_target(
    histories: Sequences, learns_passed_over: bool = True
) -> npt.NDArray[np.bool_]:
    """Return which histories have an item to learn with one to read before it.

    Parameters
    ----------
    histories : Sequences of n rows
        The histories.
    learns_passed_over : bool, default=True
        Whether items that are passed over are learned, too; see `pass_over`.

    Returns
    -------
    has_target : ndarray of bool of shape (n,)
        True where there is something to predict.
    """
    is_context = context(histories)
    follows_read = np.concatenate(([False], is_context[:-1]))
    n_read = np.concatenate(([0], is_context.cumsum()))
    n_read_in_rows_before = np.repeat(n_read[histories.offsets[:-1]], histories.lengths)
    is_learned = histories.is_target & (
        is_context | follows_read if learns_passed_over else is_context
    )
    is_learned &= n_read[:-1] > n_read_in_rows_before
    n_learned = np.concatenate(([0], is_learned.cumsum()))
    return np.diff(n_learned[histories.offsets]) > 0


def has_masks(histories: Sequences) -> bool:
    """Return whether pseudo items are learned, observed ones not, or some not read."""
    is_default = histories.is_context & (histories.is_target != histories.is_pseudo)
    return not is_default.all()


def hold_out(
    histories: Sequences, fraction: float, random_state: int
) -> tuple[Sequences, Sequences]:
    """Hold out the last item of some histories.

    Parameters
    ----------
    histories : Sequences of item codes
        Histories that all have something to predict; see `has_target`.
    fraction : float
        Share of the histories that are drawn, in [0, 1); their number is rounded down.
    random_state : int
        Seeds the draw.

    Returns
    -------
    training : Sequences
        The histories, those drawn without the last item of each variant. One that has
        nothing to predict without it is left out, and so is one whose last item may
        have left something elsewhere in it: with masks, or variants that differ in
        observed items.
    validation : Sequences
        The histories drawn that end in an observed item, whole, but without pseudo
        items that are learned: what is learned is of training only.
    """
    rng = np.random.default_rng(random_state)
    n_drawn = int(fraction * len(histories))
    is_drawn = np.zeros(len(histories), dtype=bool)
    is_drawn[rng.choice(len(histories), n_drawn, replace=False)] = True
    first, *others = histories.variants
    ends_observed = ~first.is_pseudo[first.offsets[1:] - 1]
    is_drawn &= ends_observed
    validation = first[is_drawn]
    if has_masks(validation):
        validation = validation.strip_pseudo()
    stays = np.full(len(histories), not any(map(has_masks, histories.variants)))
    observed = first.strip_pseudo()
    for variant in others:
        stays &= _same_rows(variant.strip_pseudo(), observed)
    training = histories.drop_last(is_drawn.astype(np.int64))
    return training[(stays | ~is_drawn) & has_target(training)], validation


def _same_rows(X: Sequences, other: Sequences) -> npt.NDArray[np.bool_]:
    """Return which rows have the same items in both, bool of shape (n,)."""
    is_same = X.lengths == other.lengths
    rows = np.flatnonzero(is_same)
    differs = X[rows].values != other[rows].values
    is_same[np.repeat(rows, X.lengths[rows])[differs]] = False
    return is_same
