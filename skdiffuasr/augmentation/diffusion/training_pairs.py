"""The pairs a denoiser is trained on: M items and the history that follows them."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ragged import piece_positions

#: From the bounds (batch,) of what follows the windows to the tensors of a batch.
Follow = Callable[[IntArray, IntArray], tuple[Tensor, ...]]

#: `check_training_pairs` warns below this number.
FEW_PAIRS = 100


@dataclass(frozen=True)
class TrainingPairs:
    """Windows of M consecutive items, each with the rest of its history.

    `values` are the item codes of all histories, one after the other; `starts` and
    `ends` (n_pairs,) say where each window begins and where its history ends.
    """

    values: IntArray
    starts: IntArray
    ends: IntArray
    n_pseudo_items: int

    def __len__(self) -> int:
        return len(self.starts)

    def split(
        self, fraction: float, random_state: int
    ) -> "tuple[TrainingPairs, TrainingPairs | None]":
        """Set a share of the histories, rounded down, aside for early stopping.

        Return the pairs of the others and of those set aside, None if there are none.
        """
        histories = np.unique(self.ends)
        n_drawn = int(fraction * len(histories))
        if n_drawn == 0:
            return self, None
        rng = np.random.default_rng(random_state)
        is_drawn = np.isin(self.ends, rng.choice(histories, n_drawn, replace=False))
        return self._select(~is_drawn), self._select(is_drawn)

    def _select(self, mask: npt.NDArray[np.bool_]) -> "TrainingPairs":
        return replace(self, starts=self.starts[mask], ends=self.ends[mask])

    def take(self, pairs: IntArray, follow: Follow) -> tuple[Tensor, ...]:
        """Gather the pairs with these numbers into one batch.

        Return int64 windows (batch, M) and what `follow` makes of the items behind
        each.
        """
        starts = self.starts[pairs]
        windows = self.values[starts[:, None] + np.arange(self.n_pseudo_items)]
        following = follow(starts + self.n_pseudo_items, self.ends[pairs])
        return torch.from_numpy(windows), *following

    def batches(
        self, batch_size: int, random_state: int, follow: Follow, epoch: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """Yield all pairs in random order, as `take` returns them."""
        rng = np.random.default_rng([random_state, epoch])
        order = rng.permutation(len(self))
        for start in range(0, len(self), batch_size):
            yield self.take(order[start : start + batch_size], follow)


def find_training_pairs(
    histories: Sequences, n_pseudo_items: int, kind: str
) -> TrainingPairs:
    """Find the training pairs of histories of item codes, in their order.

    ``"heads"`` takes the first M items of each history that is longer; ``"windows"``
    every M consecutive items that something follows.
    """
    n_windows = np.maximum(histories.lengths - n_pseudo_items, 0)
    if kind == "heads":
        n_windows = np.minimum(n_windows, 1)
    starts, _ = piece_positions(histories.offsets[:-1], n_windows)
    ends = np.repeat(histories.offsets[1:], n_windows)
    return TrainingPairs(histories.values, starts, ends, n_pseudo_items)


def check_training_pairs(pairs: TrainingPairs, histories: Sequences, kind: str) -> None:
    """Raise a ValueError if there is no pair, and warn if there are few."""
    if len(pairs) == 0:
        raise ValueError(
            f"No history of X has more than n_pseudo_items={pairs.n_pseudo_items} "
            f"items, which a training pair needs; the longest has "
            f"{histories.lengths.max()}."
        )
    if len(pairs) < FEW_PAIRS:
        remedy = ", or use DenoiserTraining(pairs='windows')" if kind == "heads" else ""
        warnings.warn(
            f"X gives only {len(pairs)} training pairs of {pairs.n_pseudo_items} items "
            f"and a history behind them; the pseudo items may be poor. Lower "
            f"n_pseudo_items{remedy}.",
            UserWarning,
            stacklevel=6,
        )
