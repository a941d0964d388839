"""The rank of each row's target among the catalogue: what every metric is made of."""

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.metrics.ties import TargetRanks
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform

# Keeps the draws apart from the noise that a generator makes from the same keys.
_NEGATIVES_STREAM = 7919


def target_ranks(
    scores: FloatArray, targets: IntArray, *, first_row: int = 0
) -> TargetRanks:
    """Rank every row's target among the whole catalogue.

    The ranks tell how many items tie with the target, and metrics are expectations
    over the order of these: a model that gives one score to all items has the metrics
    of a random order.

    Parameters
    ----------
    scores : ndarray of shape (n, n_items)
        Higher is better. `-inf` marks an item that is not a candidate.
    targets : ndarray of shape (n,), dtype int64
        Column of each row's target; -1 stands for an item unknown to the model.
    first_row : int, default=0
        Number of the first row, for error messages about a block of a larger batch.

    Returns
    -------
    ranks : TargetRanks of n rows
        A miss where the target is unknown or no candidate.

    Raises
    ------
    ValueError
        If a score is NaN, a target is not a column of `scores`, or shapes disagree.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import target_ranks
    >>> scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.3, 0.2, 0.1]])
    >>> ranks = target_ranks(scores, np.array([2, 0, -1]))
    >>> ranks.n_above, ranks.n_level
    (array([ 1.,  0., inf]), array([0, 1, 0]))
    """
    scores, targets = _check_scores(scores, targets, first_row)
    own = _target_scores(scores, targets)[:, np.newaxis]
    n_above = np.count_nonzero(scores > own, axis=1)
    n_level = np.count_nonzero(scores == own, axis=1) - 1
    return _without_misses(n_above, n_level, own[:, 0])


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

    Published results are often ranks among 100 negatives, those of [1]_ too. Such
    metrics are not those of the full ranking and may order models differently [2]_:
    use them to reproduce a paper, and :func:`target_ranks` to choose a model.

    The negatives of a row are distinct, uniform over the items that are neither its
    target nor seen, and depend on the row's key alone: a row keeps its negatives in
    any batch, in any order and for any model.

    Parameters
    ----------
    scores : ndarray of shape (n, n_items)
        Higher is better.
    targets : ndarray of shape (n,), dtype int64
        Column of each row's target; -1 stands for an item unknown to the model.
    keys : ndarray of shape (n,), dtype uint64
        One key per row, from :func:`skdiffuasr.sequences.row_keys`.
    n_negatives : int
        Number of negatives per row.
    seen : Sequences of int64 codes or None, default=None
        The rows' histories, whose real items are never drawn.
    first_row : int, default=0
        Number of the first row, for error messages about a block of a larger batch.

    Returns
    -------
    ranks : TargetRanks of n rows
        Among the target and the negatives; a miss where the target is unknown or no
        candidate.

    Raises
    ------
    ValueError
        If a row leaves fewer than `n_negatives` items to draw from, or as in
        :func:`target_ranks` and :func:`mask_seen`.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023. https://arxiv.org/abs/2309.12858
    .. [2] Krichene and Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020.
       https://doi.org/10.1145/3394486.3403226

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import sampled_target_ranks
    >>> scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    >>> targets = np.array([0, 2])
    >>> keys = np.array([11, 12], dtype=np.uint64)
    >>> sampled_target_ranks(scores, targets, keys, n_negatives=1).expected
    array([1., 2.])
    """
    scores, targets = _check_scores(scores, targets, first_row)
    if seen is not None:
        _check_seen(seen.strip_pseudo(), scores, first_row)
    excluded = excluded_items(targets, seen, scores.shape[1])
    n_left = scores.shape[1] - excluded.lengths
    if (n_left < n_negatives).any():
        row = int(np.argmax(n_left < n_negatives))
        raise ValueError(
            f"Row {first_row + row} leaves {n_left[row]} items to draw from, got "
            f"n_negatives={n_negatives}; a negative is neither the target nor seen."
        )
    draws = _distinct_draws(keys, n_left, n_negatives)
    negatives = _skip(draws, excluded, scores.shape[1])
    negative_scores = np.take_along_axis(scores, negatives, axis=1)
    own = _target_scores(scores, targets)[:, np.newaxis]
    n_above = np.count_nonzero(negative_scores > own, axis=1)
    n_level = np.count_nonzero(negative_scores == own, axis=1)
    return _without_misses(n_above, n_level, own[:, 0])


def mask_seen(
    scores: FloatArray, histories: Sequences, targets: IntArray
) -> FloatArray:
    """Take the items that a row has seen out of its ranking, its target excepted.

    Parameters
    ----------
    scores : ndarray of shape (n, n_items)
        Higher is better. Left as it is.
    histories : Sequences of int64 codes
        The rows' histories as columns of `scores`. Pseudo items are not masked: the
        user has never met them.
    targets : ndarray of shape (n,), dtype int64
        Column of each row's target, -1 for an unknown item. A target that the row
        has seen before stays a candidate.

    Returns
    -------
    masked : ndarray of shape (n, n_items)
        A copy of `scores` with `-inf` at the seen items.

    Raises
    ------
    ValueError
        If there is not one history per row, or a code is not a column of `scores`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import mask_seen
    >>> from skdiffuasr.sequences import Sequences
    >>> histories = Sequences.from_iterable([[0, 2], [1]])
    >>> mask_seen(np.array([[3.0, 2.0, 1.0]] * 2), histories, np.array([2, 0]))
    array([[-inf,   2.,   1.],
           [  3., -inf,   1.]])
    """
    real = histories.strip_pseudo()
    _check_seen(real, scores)
    masked = np.array(scores, dtype=np.result_type(scores, np.float32))
    masked[np.repeat(np.arange(len(real)), real.lengths), real.values] = -np.inf
    known = np.flatnonzero(targets >= 0)
    masked[known, targets[known]] = scores[known, targets[known]]
    return masked


def excluded_items(
    targets: IntArray, seen: Sequences | None, n_items: int
) -> Sequences:
    """List what may not be drawn as a negative of each row.

    Parameters
    ----------
    targets : ndarray of shape (n,), dtype int64
        Code of each row's target, -1 for an unknown item.
    seen : Sequences of int64 codes or None
        The rows' histories.
    n_items : int
        Size of the catalogue.

    Returns
    -------
    excluded : Sequences of n rows
        Distinct codes in rising order: the target, and the real items of the history.

    Examples
    --------
    >>> from skdiffuasr.metrics.ranks import excluded_items
    >>> from skdiffuasr.sequences import Sequences
    >>> seen = Sequences.from_iterable([[7, 2, 7], [2]])
    >>> excluded_items(np.array([5, -1]), seen, n_items=8).to_lists()
    [[2, 5, 7], [2]]
    """
    n = len(targets)
    known = np.flatnonzero(targets >= 0)
    flat = known * n_items + targets[known]
    if seen is not None:
        real = seen.strip_pseudo()
        rows = np.repeat(np.arange(n), real.lengths)
        flat = np.concatenate([flat, rows * n_items + real.values])
    rows, codes = np.divmod(np.unique(flat), n_items)
    return Sequences._unchecked(codes, np.searchsorted(rows, np.arange(n + 1)))


def _check_scores(
    scores: FloatArray, targets: IntArray, first_row: int
) -> tuple[FloatArray, IntArray]:
    """Reject NaN scores and targets outside the catalogue."""
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
    """Reject histories of other rows, and codes outside the catalogue."""
    n, n_items = scores.shape
    if len(real) != n:
        raise ValueError(
            f"There must be one history for each of the {n} rows of scores, got "
            f"{len(real)}."
        )
    outside = (real.values < 0) | (real.values >= n_items)
    if outside.any():
        place = int(np.argmax(outside))
        row = int(np.searchsorted(real.offsets, place, side="right")) - 1
        raise ValueError(
            f"The history of row {first_row + row} has the code {real.values[place]}; "
            f"accepted are 0 to {n_items - 1}, without unknown items."
        )


def _target_scores(scores: FloatArray, targets: IntArray) -> FloatArray:
    """Score of each target, -inf for an unknown one."""
    own = scores[np.arange(len(targets)), targets]
    return np.where(targets >= 0, own, -np.inf)


def _without_misses(
    n_above: npt.NDArray[np.intp], n_level: npt.NDArray[np.intp], own: FloatArray
) -> TargetRanks:
    """Ranks of the targets; what is not a candidate has none."""
    is_miss = np.isneginf(own)
    return TargetRanks(
        np.where(is_miss, np.inf, n_above), np.where(is_miss, 0, n_level)
    )


def _distinct_draws(
    keys: npt.NDArray[np.uint64], n_left: IntArray, n_draws: int
) -> IntArray:
    """Distinct numbers below `n_left` per row: Bentley and Floyd, CACM 1987."""
    uniform = keyed_uniform(keys, n_draws, stream=_NEGATIVES_STREAM)
    draws = np.empty((len(keys), n_draws), dtype=np.int64)
    for step in range(n_draws):
        last = n_left - n_draws + step
        draw = np.minimum((uniform[:, step] * (last + 1)).astype(np.int64), last)
        taken = (draws[:, :step] == draw[:, np.newaxis]).any(axis=1)
        draws[:, step] = np.where(taken, last, draw)
    return draws


def _skip(draws: IntArray, excluded: Sequences, n_items: int) -> IntArray:
    """Turn a draw j into the j-th item of the row that is not excluded."""
    n = len(excluded)
    rows = np.repeat(np.arange(n), excluded.lengths)
    positions = np.arange(len(rows)) - excluded.offsets[rows]
    # The i-th excluded item e has e - i allowed items below it. One search serves all
    # rows: each owns a stretch of n_items numbers.
    allowed_below = rows * n_items + excluded.values - positions
    wanted = np.arange(n)[:, np.newaxis] * n_items + draws
    n_before = np.searchsorted(allowed_below, wanted, side="right")
    return draws + n_before - excluded.offsets[:-1, np.newaxis]
