"""Groups of users for which a metric is reported on its own."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import IntArray, SequencesLike
from skdiffuasr.metrics._checks import check_codes, check_targets
from skdiffuasr.sequences import check_sequences
from skdiffuasr.sequences.ragged import common_dtype

_POPULARITY_NAMES = {1: ("head", "tail"), 2: ("head", "middle", "tail")}


class Groups(NamedTuple):
    """A partition of rows into named groups.

    Attributes
    ----------
    names : tuple of str
        Names of the groups in their natural order, empty groups included.
    codes : ndarray of shape (n,), dtype int64
        Position in `names` of each row's group.
    """

    names: tuple[str, ...]
    codes: IntArray


def length_groups(lengths: IntArray, bins: Sequence[int] = (5, 20)) -> Groups:
    """Group users by the length of their history.

    Parameters
    ----------
    lengths : ndarray of shape (n,), dtype int64
        Number of real items of each history.
    bins : sequence of int, default=(5, 20)
        Largest length of every group but the last. The default has the short,
        medium and long users of DiffuASR (https://arxiv.org/abs/2309.12858).

    Returns
    -------
    groups : Groups
        Names such as ``("<=5", "6-20", ">20")``.

    Raises
    ------
    TypeError
        If the lengths are not integers.
    ValueError
        If `bins` is empty, or not strictly increasing from 0 or more, or a length is
        negative.

    Examples
    --------
    >>> from skdiffuasr.metrics import length_groups
    >>> length_groups([3, 50, 6])
    Groups(names=('<=5', '6-20', '>20'), codes=array([0, 2, 1]))
    """
    check_length_bins(bins)
    lengths = np.asarray(lengths)
    if lengths.size and not np.issubdtype(lengths.dtype, np.integer):
        raise TypeError(f"lengths must be integers, got dtype {lengths.dtype}.")
    if (lengths < 0).any():
        row = int(np.argmax(lengths < 0))
        raise ValueError(f"lengths must be 0 or more, got {lengths[row]} in row {row}.")
    middle = (
        f"{low + 1}-{high}" if low + 1 < high else f"{high}"
        for low, high in pairwise(bins)
    )
    names = (f"<={bins[0]}", *middle, f">{bins[-1]}")
    return Groups(names, np.searchsorted(np.asarray(bins), lengths, side="left"))


def check_length_bins(bins: Sequence[int], name: str = "bins") -> None:
    """Raise unless :func:`length_groups` accepts the bins."""
    edges = np.asarray(bins)
    if (
        edges.ndim != 1
        or not np.issubdtype(edges.dtype, np.integer)
        or np.any(np.diff(edges, prepend=-1) <= 0)
    ):
        raise ValueError(
            f"{name} must hold increasing lengths such as (5, 20), got {bins!r}."
        )


def popularity_groups(
    targets: IntArray, item_counts: IntArray, bins: Sequence[float] = (0.2,)
) -> Groups:
    """Group users by how popular their target was in training.

    The catalogue is sorted by falling count, ties by code, and cut at the given shares
    of its size, rounded to whole items.

    Parameters
    ----------
    targets : ndarray of shape (n,), dtype int64
        Code of each row's target. Unknown items (-1) belong to the tail.
    item_counts : ndarray of shape (n_items,)
        How often each item occurs in the training histories.
    bins : sequence of one or two floats, default=(0.2,)
        Cumulative shares of the catalogue, most popular items first. The default calls
        the top fifth the head.

    Returns
    -------
    groups : Groups
        Names ``("head", "tail")`` for one share, ``("head", "middle", "tail")`` for
        two.

    Raises
    ------
    ValueError
        If `bins` is not one or two increasing shares between 0 and 1, or a target
        lies outside the catalogue.
    """
    check_popularity_bins(bins)
    shares = np.asarray(bins, dtype=np.float64)
    targets = np.asarray(targets)
    n_items = len(item_counts)
    check_codes(targets, n_items, "targets", lowest=-1)
    place = np.empty(n_items, dtype=np.int64)
    falling = -np.asarray(item_counts, dtype=np.float64)
    place[np.argsort(falling, kind="stable")] = np.arange(n_items)
    item_groups = np.searchsorted(np.rint(shares * n_items), place, side="right")
    names = _POPULARITY_NAMES[len(bins)]
    codes = np.append(item_groups, len(names) - 1)[targets]
    return Groups(names, codes)


def check_popularity_bins(bins: Sequence[float], name: str = "bins") -> None:
    """Raise unless :func:`popularity_groups` accepts the bins."""
    shares = np.asarray(bins)
    if (
        shares.ndim != 1
        or shares.dtype.kind not in "iuf"
        or len(shares) not in _POPULARITY_NAMES
        or not np.all(np.diff(shares, prepend=0.0, append=1.0) > 0)
    ):
        raise ValueError(
            f"{name} must hold one or two increasing shares between 0 and 1, such as "
            f"(0.2,), got {bins!r}."
        )


def novelty_groups(histories: SequencesLike, targets: npt.ArrayLike) -> Groups:
    """Group users by whether they have interacted with their target before.

    Where users return to their items, a few of them can carry a metric: their target
    is among the handful of items of its own history. They show how well a recommender
    repeats, the others how well it finds something new.

    Parameters
    ----------
    histories : Sequences or iterable of n sequences of item ids
        Pseudo items do not count: the user has never interacted with them.
    targets : array-like of shape (n,)
        Id of each row's next item.

    Returns
    -------
    groups : Groups
        Names ``("new", "repeated")``.

    Raises
    ------
    TypeError
        If an id is neither an integer nor a string, or some are integers and others
        strings.
    ValueError
        If there are no rows, or not one target per row.
    """
    real = check_sequences(histories, input_name="histories").strip_pseudo()
    targets = check_targets(targets, len(real), "targets")
    common_dtype(real.values, targets)  # raises if the types of the ids differ
    rows = real._rows()
    n_before = np.bincount(rows[real.values == targets[rows]], minlength=len(real))
    return Groups(("new", "repeated"), np.minimum(n_before, 1))
