"""What a teacher expects after each item of histories."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from skdiffuasr._progress import track_rows
from skdiffuasr._typing import IntArray
from skdiffuasr.recommenders.blocks import row_blocks
from skdiffuasr.recommenders.members import log_probability_scorer
from skdiffuasr.recommenders.top_k import top_k
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import SoftLabels, context, without_skipped

#: About the number of items that a teacher reads before it labels, block by block.
N_READ = 2**20


def soft_labels(
    teacher: Any,
    histories: Sequences,
    code_of_column: IntArray,
    *,
    n_labels: int,
    temperature: float,
    teacher_weight: float,
) -> SoftLabels:
    """Return the `SoftLabels` of all variants of histories of item ids.

    A label holds the items that a teacher finds the most likely after a history up to
    and including an item. What it scores in a column has a code in `code_of_column`, or
    -1 if it cannot be a label. Items that are not read have code 0 with probability 0.
    """
    n_columns = len(code_of_column)
    labelled_columns = np.flatnonzero(code_of_column >= 0)
    code_of_column = code_of_column[labelled_columns]
    n_labels = min(n_labels, len(code_of_column))
    n_items = sum(len(variant.values) for variant in histories.variants)
    codes = np.zeros((n_items, n_labels), dtype=np.int32)
    probabilities = np.zeros((n_items, n_labels), dtype=np.float32)
    n_labelled = sum(int(context(variant).sum()) for variant in histories.variants)
    with track_rows("soft labels", n_labelled) as progress:
        start = 0
        for variant in histories.variants:
            read = start + np.flatnonzero(context(variant))
            start += len(variant.values)
            for labelled, scores in _scores_after_items(teacher, variant, n_columns):
                if len(labelled_columns) < n_columns:
                    scores = scores[:, torch.from_numpy(labelled_columns)]
                columns, log_probabilities = top_k(scores, n_labels)
                codes[read[labelled]] = code_of_column[columns]
                shares = _softmax(log_probabilities / temperature)
                probabilities[read[labelled]] = teacher_weight * shares
                progress.advance(n_steps=len(labelled))
    return codes, probabilities


def _scores_after_items(
    teacher: Any, histories: Sequences, n_columns: int
) -> Iterator[tuple[IntArray, torch.Tensor]]:
    """Yield places among the items that are read, and scores (n, n_columns) there."""
    is_read = without_skipped(histories)
    first = np.repeat(is_read.offsets[:-1], is_read.lengths)
    lengths = np.arange(len(first)) - first + 1
    ends = np.flatnonzero(np.diff(np.cumsum(lengths) // N_READ)) + 1
    for rows in np.split(np.arange(len(first)), ends) if len(first) else []:
        prefixes = is_read._gather(first[rows], lengths[rows], None)
        score = log_probability_scorer(teacher, prefixes)
        for block in row_blocks(len(prefixes), n_columns):
            yield rows[block], score(block)


def _softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the softmax of rows of scores that fall."""
    highest = scores[:, :1]
    if not np.isfinite(highest).all():
        raise ValueError(
            f"The teacher's log-probabilities must be finite, or -inf for some items, "
            f"got {scores.max()}."
        )
    shares = np.exp(scores - highest)
    return shares / shares.sum(axis=1, keepdims=True)
