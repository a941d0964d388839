"""Histories as training batches: what a network reads, and what it learns from it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.sequences.ragged import offsets_from_lengths
from skdiffuasr.training.batching import pad_rows, token_batches

#: Codes (n_interactions, K) that a teacher expects after each item of all variants, and
#: their probabilities. These sum to its weight; the true item has what is left of 1.
SoftLabels = tuple[npt.NDArray[np.integer[Any]], FloatArray]


class HistoryBatches:
    """Right-padded batches of histories with labels, shuffled anew in every epoch.

    Each is a tuple of items (batch, length), lengths (batch,) and labels (batch,
    length): the code to be learned after each item, or -1, as in `next_items`; with
    `cloze`, which items are to be masked and learned, as in `maskable`. Of each history
    the `max_length` most recent inputs are read. The last item is an input only if
    something is learned there: itself, or a soft label.

    `SoftLabels` come with the batch as two more tensors (batch, length, K); those of
    further variants stand behind those of the first.

    With a `pseudo_offset`, items are `tokens`, while labels are codes; and the first
    observed item is not learned behind generated items, as it is not without them.

    Each epoch draws one variant of every row; a variant with nothing to learn gives way
    to the first. Rows with nothing to learn are left out.
    """

    def __init__(
        self,
        histories: Sequences,
        batch_size: int,
        random_state: int = 0,
        *,
        max_length: int | None = None,
        cloze: bool = False,
        soft_labels: SoftLabels | None = None,
        pseudo_offset: int = 0,
    ) -> None:
        self.batch_size = batch_size
        self.random_state = random_state
        variants: Sequence[Sequences] = histories.variants
        if pseudo_offset:
            variants = list(map(without_first_target, variants))
        values = np.concatenate(
            [tokens(variant, pseudo_offset) for variant in variants]
        )
        row_lengths = np.concatenate([variant.lengths for variant in variants])
        labels = np.concatenate(list(map(maskable if cloze else next_items, variants)))
        read = np.flatnonzero(np.concatenate(list(map(context, variants))))
        columns = [(values, 0), (labels, False if cloze else -1)]
        for soft in soft_labels or ():
            if len(soft) != len(values):
                raise ValueError(
                    f"soft_labels must have one entry for each of the {len(values)} "
                    f"items of all variants, got {len(soft)}."
                )
            columns.append((soft, 0))
        is_all_read = len(read) == len(values)  # then soft labels are not copied
        self._columns = [
            (torch.from_numpy(column if is_all_read else column[read]), pad)
            for column, pad in columns
        ]

        # The last item of a history is a label, and no input unless it has one itself.
        n_not_read = 0 if cloze or soft_labels else 1
        offsets = np.searchsorted(read, offsets_from_lengths(row_lengths))
        self._n_items = np.diff(offsets)
        if max_length is not None:
            self._n_items = np.minimum(self._n_items, max_length + n_not_read)
        starts = offsets[1:] - self._n_items
        self._starts = torch.from_numpy(starts)
        # Generated items must not change how much the observed ones of a row weigh.
        counted = np.ones(len(read), dtype=np.int64)
        if pseudo_offset:
            counted -= np.concatenate(list(map(is_generated, variants)))[read]
        n_counted = offsets_from_lengths(counted)
        self._n_counted = n_counted[offsets[1:]] - n_counted[starts]
        self._lengths = np.maximum(self._n_items - n_not_read, 0)

        is_learned = labels[read] if cloze else labels[read] >= 0
        if soft_labels:
            is_learned[:] = True
        n_learned = offsets_from_lengths(is_learned)
        is_usable = n_learned[starts + self._lengths] > n_learned[starts]
        rows = np.arange(len(is_usable)).reshape(len(variants), -1)
        rows = np.where(is_usable.reshape(rows.shape), rows, rows[0])
        self._rows = rows[:, is_usable[rows[0]]]

    def __len__(self) -> int:
        """Return the number of rows of an epoch."""
        return self._rows.shape[1]

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of an epoch, counted from 0."""
        rng = np.random.default_rng([self.random_state, epoch])
        rows = self._rows[0]
        if len(self._rows) > 1:
            drawn = rng.integers(len(self._rows), size=len(rows))
            rows = self._rows[drawn, np.arange(len(rows))]
        for batch in token_batches(self._n_counted[rows], self.batch_size, rng):
            yield self.pad(rows[batch])

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return what the batches are made of, by which equal ones are known."""
        columns = (column for column, _ in self._columns)
        tensors = (*columns, self._starts)
        return [*(each.numpy() for each in tensors), self._lengths, self._rows]

    def pad(self, rows: IntArray) -> tuple[Tensor, ...]:
        """Return the batch of some rows; those of the second variant come after all."""
        starts = self._starts[torch.from_numpy(rows)]
        lengths = torch.from_numpy(self._lengths[rows])
        items, *labels = (
            pad_rows(values, starts, lengths, pad) for values, pad in self._columns
        )
        return items, lengths, *labels


def tokens(histories: Sequences, pseudo_offset: int) -> IntArray:
    """Return what a network reads of codes: generated items have the offset added.

    See `skdiffuasr.nn.pseudo_items.PseudoItemReader`.
    """
    if pseudo_offset == 0:
        return histories.values
    return histories.values + pseudo_offset * is_generated(histories)


def without_first_target(histories: Sequences) -> Sequences:
    """Return histories whose first observed item is no target behind generated ones."""
    is_first = ~histories.is_pseudo & (n_observed_so_far(histories) == 1)
    is_first[histories.offsets[:-1][histories.lengths > 0]] = False
    is_first[1:] &= is_generated(histories)[:-1]
    return with_targets(histories, histories.is_target & ~is_first)


def is_generated(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Return which items are pseudo items of a row that learns none of its own.

    Where some are learned, they are copies of the history, and are read like it.
    """
    is_pseudo = histories.is_pseudo
    n_learned = offsets_from_lengths(is_pseudo & histories.is_target)
    has_copies = np.diff(n_learned[histories.offsets]) > 0
    return is_pseudo & ~np.repeat(has_copies, histories.lengths)


def n_observed_so_far(histories: Sequences) -> IntArray:
    """Count the observed items of a row up to each item, itself included."""
    n_seen = np.cumsum(~histories.is_pseudo)
    before_row = np.concatenate([[0], n_seen])[histories.offsets[:-1]]
    counts: IntArray = n_seen - np.repeat(before_row, histories.lengths)
    return counts


def with_targets(histories: Sequences, is_target: npt.NDArray[np.bool_]) -> Sequences:
    """Return histories of which other items (n_interactions,) are targets."""
    roles = make_roles(
        is_pseudo=histories.is_pseudo,
        is_target=is_target,
        is_context=histories.is_context,
    )
    parts = histories.values, histories.offsets, roles, histories.user_ids
    return Sequences._unchecked(*parts)


def context(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Return which items are read: context, and the last of a row in any case."""
    is_context = histories.is_context
    is_context[histories.offsets[1:][histories.lengths > 0] - 1] = True
    return is_context


def without_skipped(histories: Sequences) -> Sequences:
    """Return the histories without the items that are not read; see `context`."""
    is_read = context(histories)
    return histories if is_read.all() else histories._where(is_read)


def next_items(histories: Sequences) -> IntArray:
    """Return the code learned after each item, (n_interactions,), -1 for nothing.

    After an item that is read, it is the item right behind it if that is a target, read
    or not; else the next one that is read, if that is a target. An item that is not
    read is thus learned in place of the one after it, not in addition.
    """
    is_target = histories.is_target
    read = np.flatnonzero(context(histories))
    before, after = read[:-1], read[1:]
    right_behind = before + 1
    learned = np.where(is_target[right_behind], right_behind, after)
    # The last item of a row is read, so no other row begins between two of one row.
    begins_row = np.zeros(len(is_target) + 1, dtype=bool)
    begins_row[histories.offsets] = True
    is_learned = is_target[learned] & ~begins_row[right_behind]
    labels = np.full(len(histories.values), -1, dtype=np.int64)
    labels[before[is_learned]] = histories.values[learned[is_learned]]
    return labels


def maskable(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Return which items are read and may be masked and learned, (n_interactions,)."""
    return context(histories) & histories.is_target


def has_target(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Return which histories (n,) have an item to learn with one to read before it."""
    n_learned = offsets_from_lengths(next_items(histories) >= 0)
    return np.diff(n_learned[histories.offsets]) > 0


def has_masks(histories: Sequences) -> bool:
    """Return whether pseudo items are learned, observed ones not, or some not read."""
    is_default = histories.is_context & (histories.is_target != histories.is_pseudo)
    return not is_default.all()
