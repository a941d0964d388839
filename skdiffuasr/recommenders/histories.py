"""Histories as training batches, and the part held out for early stopping."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import pad_rows, token_batches


class HistoryBatches:
    """Right-padded batches of histories, shuffled anew in every epoch.

    Parameters
    ----------
    histories : Sequences of item codes
        The histories.
    batch_size : int
        Number of rows of an average batch; see `token_batches`.
    random_state : int, default=0
        Seeds the order of every epoch.
    """

    def __init__(
        self, histories: Sequences, batch_size: int, random_state: int = 0
    ) -> None:
        self.lengths = histories.lengths
        self.batch_size = batch_size
        self.random_state = random_state
        self._values = torch.tensor(histories.values)
        self._starts = torch.tensor(histories.offsets[:-1])
        self._lengths = torch.tensor(histories.lengths)
        self._n_pseudo = torch.tensor(histories.n_pseudo)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield the batches of an epoch, each as `pad` returns it."""
        rng = np.random.default_rng([self.random_state, epoch])
        for rows in token_batches(self.lengths, self.batch_size, rng):
            yield self.pad(rows)

    def pad(self, rows: IntArray) -> tuple[Tensor, Tensor, Tensor]:
        """Gather rows into one batch.

        Parameters
        ----------
        rows : ndarray of int64 of shape (batch,)
            Row numbers.

        Returns
        -------
        items : int64 Tensor of shape (batch, length)
            Item codes, oldest first; code 0 behind a row's end.
        lengths, n_pseudo : int64 Tensor of shape (batch,)
            Number of items of each row, and how many of them are pseudo items.
        """
        index = torch.from_numpy(rows)
        lengths = self._lengths[index]
        items = pad_rows(self._values, self._starts[index], lengths)
        return items, lengths, self._n_pseudo[index]


def has_target(histories: Sequences) -> npt.NDArray[np.bool_]:
    """Tell which histories have a real item with another item before it.

    Parameters
    ----------
    histories : Sequences of n rows
        The histories.

    Returns
    -------
    has_target : ndarray of bool of shape (n,)
        True where there is something to predict.
    """
    return histories.lengths > np.maximum(histories.n_pseudo, 1)


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
        predict without it is left out.
    validation : Sequences
        The histories drawn, whole.
    """
    rng = np.random.default_rng(random_state)
    n_drawn = int(fraction * len(histories))
    drawn = np.sort(rng.choice(len(histories), n_drawn, replace=False))
    n_dropped = np.zeros(len(histories), dtype=np.int64)
    n_dropped[drawn] = 1
    training = histories.drop_last(n_dropped)
    return training[has_target(training)], histories[drawn]
