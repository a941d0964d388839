"""Ranks among tied items: how many score above a target, and how many the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TargetRanks:
    """The places that each row's target may take.

    A tied target takes each of the tied places with the same probability. Metrics are
    expectations over the order of the ties [1]_; a mean rank would not do, as a metric
    at k is not linear in the rank.

    Parameters
    ----------
    n_above : array-like of shape (n,)
        Number of items with a higher score; `inf` for a miss, which has no rank. Kept
        as float64.
    n_level : array-like of int of shape (n,)
        Number of other items with the same score. Kept as int64.

    References
    ----------
    .. [1] McSherry and Najork, "Computing Information Retrieval Performance Measures
       Efficiently in the Presence of Tied Scores", ECIR 2008.
       https://doi.org/10.1007/978-3-540-78646-7_38

    Examples
    --------
    >>> from skdiffuasr.metrics import TargetRanks, hit_rate_at_k
    >>> ranks = TargetRanks(n_above=[0, 0, 9], n_level=[0, 1, 3])
    >>> ranks.expected
    array([ 1. ,  1.5, 11.5])
    >>> hit_rate_at_k(ranks, k=1)
    array([1. , 0.5, 0. ])
    """

    n_above: FloatArray
    n_level: IntArray

    def __post_init__(self) -> None:
        """Convert both to arrays."""
        # The instance is frozen for everyone but itself.
        object.__setattr__(self, "n_above", np.asarray(self.n_above, dtype=np.float64))
        object.__setattr__(self, "n_level", np.asarray(self.n_level, dtype=np.int64))

    def __eq__(self, other: object) -> bool:
        """Whether the rows have equal ranks."""
        if not isinstance(other, TargetRanks):
            return NotImplemented
        return np.array_equal(self.n_above, other.n_above) and np.array_equal(
            self.n_level, other.n_level
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.n_above)

    def __getitem__(self, rows: Any) -> "TargetRanks":
        """Select rows by a slice, a mask or positions."""
        return TargetRanks(self.n_above[rows], self.n_level[rows])

    @property
    def expected(self) -> FloatArray:
        """Mean rank over the order of the ties, (n,); `inf` for a miss."""
        return 1.0 + self.n_above + self.n_level / 2.0

    @classmethod
    def concatenate(cls, parts: Iterable["TargetRanks"]) -> "TargetRanks":
        """Join the rows of one or more."""
        parts = list(parts)
        return cls(
            np.concatenate([part.n_above for part in parts]),
            np.concatenate([part.n_level for part in parts]),
        )


def as_target_ranks(ranks: TargetRanks | npt.ArrayLike) -> TargetRanks:
    """Return ranks without ties, whole numbers from 1 or inf, as `TargetRanks`."""
    if isinstance(ranks, TargetRanks):
        return ranks
    given = np.asarray(ranks, dtype=np.float64)
    bad = ~((given >= 1) & (np.isinf(given) | (given == np.floor(given))))
    if given.ndim != 1 or bad.any():
        got = f"the shape {given.shape}" if given.ndim != 1 else f"{given[bad][0]}"
        raise ValueError(
            "ranks must be TargetRanks, or a one-dimensional array of whole numbers "
            f"from 1 and inf for a miss, got {got}."
        )
    return TargetRanks(given - 1, np.zeros(len(given), dtype=np.int64))
