"""The rank of each row's target in the catalogue: what every metric is made of."""

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.metrics.ties import TargetRanks
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform
from skdiffuasr.sequences.ragged import row_of

# Keeps the draws apart from the noise that a generator makes from the same keys.
_NEGATIVES_STREAM = 7919


def target_ranks(
    scores: FloatArray, targets: IntArray, *, first_row: int = 0
) -> TargetRanks:
    """Rank every row's target in the whole catalogue.

    Metrics are expectations over the order of tied items, so a model that scores all
    items alike has the metrics of a random order.

    Parameters
    ----------
    scores : ndarray of shape (n, n_items)
        Higher is better. `-inf` marks an item that is not a candidate.
    targets : ndarray of shape (n,), dtype int64
        Column of each row's target; -1 for an item unknown to the model.
    first_row : int, default=0
        Number of the first row in error messages, for a block of a larger batch.

    Returns
    -------
    ranks : TargetRanks of n rows
        A miss where the target is unknown or not a candidate.

    Raises
    ------
    ValueError
        If a score is NaN, a target is not a column of `scores`, or shapes disagree.

    Examples
    --------
    >>> from skdiffuasr.metrics import target_ranks
    >>> ranks = target_ranks([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]], targets=[2, 0])
    >>> ranks.n_above, ranks.n_level
    (array([1., 0.]), array([0, 1]))
    """
    scores, targets = _check_scores(scores, targets, first_row)
    return _ranks_among(scores, scores, targets, n_own=1)


def sampled_target_ranks(
    scores: FloatArray,
    targets: IntArray,
    keys: npt.NDArray[np.uint64],
    n_negatives: int,
    *,
    seen: Sequences | None = None,
    first_row: int = 0,
) -> TargetRanks:
    """Rank every row's target among a few randomly drawn items.

    Published results, such as those of [1]_, are often ranks among 100 negatives. Such
    metrics may order models differently than the full ranking [2]_: use them to
    reproduce a paper, and :func:`target_ranks` to choose a model.

    The negatives of a row are distinct, uniform over the items that are neither its
    target nor seen, and depend on the row's key alone: they are the same in any batch
    and for any model.

    Parameters
    ----------
    scores, targets, first_row
        See :func:`target_ranks`.
    keys : ndarray of shape (n,), dtype uint64
        One key per row, from :func:`skdiffuasr.sequences.row_keys`.
    n_negatives : int
        Number of negatives per row.
    seen : Sequences of int64 codes or None, default=None
        The rows' histories, whose observed items are never drawn.

    Returns
    -------
    ranks : TargetRanks of n rows
        Among the target and the negatives; a miss where the target is unknown or not a
        candidate.

    Raises
    ------
    ValueError
        If a row leaves fewer than `n_negatives` items to draw from, or as in
        :func:`target_ranks` and :func:`mask_seen`.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    .. [2] Krichene and Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020.
       https://doi.org/10.1145/3394486.3403226
    """
    scores, targets = _check_scores(scores, targets, first_row)
    if seen is not None:
        _check_seen(seen.strip_pseudo(), scores, first_row)
    n_items = scores.shape[1]
    excluded = excluded_items(targets, seen, n_items)
    n_left = n_items - excluded.lengths
    if (n_left < n_negatives).any():
        row = int(np.argmax(n_left < n_negatives))
        raise ValueError(
            f"Row {first_row + row} leaves {n_left[row]} items to draw from, got "
            f"n_negatives={n_negatives}; a negative is neither the target nor seen."
        )
    draws = _distinct_draws(keys, n_left, n_negatives)
    negatives = _skip(draws, excluded, n_items)
    negative_scores = np.take_along_axis(scores, negatives, axis=1)
    return _ranks_among(negative_scores, scores, targets, n_own=0)


def mask_seen(
    scores: FloatArray, histories: Sequences, targets: IntArray
) -> FloatArray:
    """Remove the items that a row has seen from its ranking, except its target.

    Parameters
    ----------
    scores, targets
        See :func:`target_ranks`. A target that the row has seen stays a candidate.
    histories : Sequences of int64 codes
        The rows' histories as columns of `scores`. Pseudo items are not masked.

    Returns
    -------
    masked : ndarray of shape (n, n_items)
        A copy of `scores` with `-inf` at the seen items.

    Raises
    ------
    ValueError
        If there is not one history per row, or a code is not a column of `scores`.
    """
    real = histories.strip_pseudo()
    _check_seen(real, scores)
    masked = np.array(scores, dtype=np.result_type(scores, np.float32))
    masked[real._rows(), real.values] = -np.inf
    known = np.flatnonzero(targets >= 0)
    masked[known, targets[known]] = scores[known, targets[known]]
    return masked


def excluded_items(
    targets: IntArray, seen: Sequences | None, n_items: int
) -> Sequences:
    """Return each row's target and observed items: distinct codes in rising order.

    They may not be drawn as negatives. An unknown target (-1) excludes nothing.
    """
    known = np.flatnonzero(targets >= 0)
    flat = known * n_items + targets[known]
    if seen is not None:
        real = seen.strip_pseudo()
        flat = np.concatenate([flat, real._rows() * n_items + real.values])
    rows, codes = np.divmod(np.unique(flat), n_items)
    offsets = np.searchsorted(rows, np.arange(len(targets) + 1))
    return Sequences._unchecked(codes, offsets)


def _check_scores(
    scores: FloatArray, targets: IntArray, first_row: int
) -> tuple[FloatArray, IntArray]:
    """Raise for NaN scores and targets outside the catalogue."""
    scores, targets = np.asarray(scores), np.asarray(targets)
    if scores.ndim != 2 or targets.shape != scores.shape[:1]:
        raise ValueError(
            "scores must have the shape (n, n_items) and targets (n,), got "
            f"{scores.shape} and {targets.shape}."
        )
    outside = (targets < -1) | (targets >= scores.shape[1])
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"Row {first_row + row} has the target {targets[row]}; accepted are the "
            f"codes 0 to {scores.shape[1] - 1}, and -1 for an unknown item."
        )
    missing = np.isnan(scores).any(axis=1)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"Row {first_row + row} has a NaN score, for item "
            f"{int(np.argmax(np.isnan(scores[row])))}; scores must be numbers, or -inf "
            "for an item that is not a candidate."
        )
    return scores, targets


def _check_seen(real: Sequences, scores: FloatArray, first_row: int = 0) -> None:
    """Raise for histories of other rows, and codes outside the catalogue."""
    n, n_items = scores.shape
    if len(real) != n:
        raise ValueError(
            f"There must be one history for each of the {n} rows of scores, got "
            f"{len(real)}."
        )
    outside = (real.values < 0) | (real.values >= n_items)
    if outside.any():
        place = int(np.argmax(outside))
        row = row_of(real.offsets, place)
        raise ValueError(
            f"The history of row {first_row + row} has the code {real.values[place]}; "
            f"accepted are 0 to {n_items - 1}, without unknown items."
        )


def _ranks_among(
    others: FloatArray, scores: FloatArray, targets: IntArray, n_own: int
) -> TargetRanks:
    """Rank the targets among other scores, which include their own `n_own` times."""
    own = scores[np.arange(len(targets)), targets]
    is_miss = (targets < 0) | np.isneginf(own)
    n_above = np.count_nonzero(others > own[:, np.newaxis], axis=1)
    n_level = np.count_nonzero(others == own[:, np.newaxis], axis=1) - n_own
    return TargetRanks(
        np.where(is_miss, np.inf, n_above), np.where(is_miss, 0, n_level)
    )


def _distinct_draws(
    keys: npt.NDArray[np.uint64], n_left: IntArray, n_draws: int
) -> IntArray:
    """Draw distinct numbers below `n_left` per row: Bentley and Floyd, CACM 1987."""
    uniform = keyed_uniform(keys, n_draws, stream=_NEGATIVES_STREAM)
    draws = np.empty((len(keys), n_draws), dtype=np.int64)
    for step in range(n_draws):
        last = n_left - n_draws + step
        draw = np.minimum((uniform[:, step] * (last + 1)).astype(np.int64), last)
        taken = (draws[:, :step] == draw[:, np.newaxis]).any(axis=1)
        draws[:, step] = np.where(taken, last, draw)
    return draws


def _skip(draws: IntArray, excluded: Sequences, n_items: int) -> IntArray:
    """Return the j-th item of the row that is not excluded, for each draw j."""
    rows = excluded._rows()
    positions = np.arange(len(rows)) - excluded.offsets[rows]
    # The i-th excluded item e has e - i allowed items below it. One search serves all
    # rows: each owns a stretch of n_items numbers.
    allowed_below = rows * n_items + excluded.values - positions
    wanted = np.arange(len(excluded))[:, np.newaxis] * n_items + draws
    n_before = np.searchsorted(allowed_below, wanted, side="right")
    return draws + n_before - excluded.offsets[:-1, np.newaxis]
