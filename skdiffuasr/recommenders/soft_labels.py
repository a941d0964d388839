"""What a teacher expects after each item of histories."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import IntArray
from skdiffuasr.recommenders.top_k import top_k
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import SoftLabels, context, without_skipped

#: Memory that the teacher's log-probabilities of a block of histories may take.
BLOCK_BYTES = 64 * 2**20


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
    and including an item. What it scores in a column has a code in `code_of_column`.
    Items that are not read have code 0 with probability 0.
    """
    n_labels = min(n_labels, len(code_of_column))
    n_items = sum(len(variant.values) for variant in histories.variants)
    codes = np.zeros((n_items, n_labels), dtype=np.int32)
    probabilities = np.zeros((n_items, n_labels), dtype=np.float32)
    start = 0
    for variant in histories.variants:
        read = start + np.flatnonzero(context(variant))
        start += len(variant.values)
        is_read = without_skipped(variant)
        first = np.repeat(is_read.offsets[:-1], is_read.lengths)
        lengths = np.arange(len(read)) - first + 1
        size = max(1, BLOCK_BYTES // (4 * len(code_of_column)))
        for begin in range(0, len(read), size):
            rows = slice(begin, begin + size)
            prefixes = is_read._gather(first[rows], lengths[rows], None)
            columns, shares = _most_likely(teacher, prefixes, n_labels, temperature)
            codes[read[rows]] = code_of_column[columns]
            probabilities[read[rows]] = teacher_weight * shares
    return codes, probabilities


def _most_likely(
    teacher: Any, histories: Sequences, k: int, temperature: float
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Return a teacher's best columns (n, k) and their shares, which sum to 1."""
    columns, log_probabilities = top_k(teacher.predict_log_proba(histories), k)
    if not np.isfinite(log_probabilities[:, 0]).all():
        raise ValueError(
            f"The teacher's predict_log_proba returned {log_probabilities.max()}; its "
            "log-probabilities must be finite, or -inf for some items."
        )
    shares = np.exp((log_probabilities - log_probabilities[:, :1]) / temperature)
    return columns, shares / shares.sum(axis=1, keepdims=True)
