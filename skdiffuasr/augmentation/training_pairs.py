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

#: Fewer pairs than this are warned of.
FEW_PAIRS = 100


@dataclass(frozen=True)
class TrainingPairs:
    """Windows of M consecutive items, each with the rest of its history.

    Parameters
    ----------
    values : ndarray of int64 of shape (n_interactions,)
        Item codes of all histories, one after the other.
    starts : ndarray of int64 of shape (n_pairs,)
        Where each window begins in `values`.
    ends : ndarray of int64 of shape (n_pairs,)
        Where the history of each window ends in `values`.
    n_pseudo_items : int
        Number M of items of a window.
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
        """Set the pairs of some histories aside for early stopping.

        Parameters
        ----------
        fraction : float
            Share of the histories that are drawn, in [0, 1); their number is rounded
            down.
        random_state : int
            Seeds the draw.

        Returns
        -------
        training : TrainingPairs
        validation : TrainingPairs or None
            No history has pairs in both; None if none is drawn.
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
        """Gather pairs into one batch.

        Parameters
        ----------
        pairs : ndarray of int64 of shape (batch,)
            Numbers of the pairs.
        follow : callable(starts, ends) -> tuple of Tensor
            Makes of what follows each window, ``values[start:end]`` with one item at
            least, what a loss reads; see `skdiffuasr.augmentation.suffixes`.

        Returns
        -------
        windows : int64 Tensor of shape (batch, M)
            The items to generate.
        *following : Tensors
            What `follow` returns.
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
    histories: Sequences, n_pseudo_items: int, training_pairs: str
) -> TrainingPairs:
    """Find the training pairs of histories.

    Parameters
    ----------
    histories : Sequences of item codes
        Histories without pseudo items.
    n_pseudo_items : int
        Number M of items of a window.
    training_pairs : {"windows", "heads"}
        ``"heads"`` takes the first M items of each history of more than M items [1]_;
        ``"windows"`` every M consecutive items that something follows.

    Returns
    -------
    pairs : TrainingPairs
        In the order of the histories; empty if none is long enough.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    """
    n_windows = np.maximum(histories.lengths - n_pseudo_items, 0)
    if training_pairs == "heads":
        n_windows = np.minimum(n_windows, 1)
    starts, _ = piece_positions(histories.offsets[:-1], n_windows)
    ends = np.repeat(histories.offsets[1:], n_windows)
    return TrainingPairs(histories.values, starts, ends, n_pseudo_items)


def check_training_pairs(
    pairs: TrainingPairs, histories: Sequences, training_pairs: str
) -> None:
    """Reject to train on nothing, and warn of little.

    Parameters
    ----------
    pairs : TrainingPairs
        What was found.
    histories : Sequences
        Where it was found.
    training_pairs : {"windows", "heads"}
        See `find_training_pairs`.

    Raises
    ------
    ValueError
        If there is no pair.

    Warns
    -----
    UserWarning
        If there are few.
    """
    if len(pairs) == 0:
        raise ValueError(
            f"No history of X has more than n_pseudo_items={pairs.n_pseudo_items} "
            f"items, which a training pair takes; the longest has "
            f"{histories.lengths.max()}."
        )
    if len(pairs) < FEW_PAIRS:
        remedy = (
            ", or use training_pairs='windows'" if training_pairs == "heads" else ""
        )
        warnings.warn(
            f"X gives only {len(pairs)} training pairs of {pairs.n_pseudo_items} items "
            f"and a history behind them; the pseudo items may be poor. Lower "
            f"n_pseudo_items{remedy}.",
            UserWarning,
            stacklevel=3,
        )
