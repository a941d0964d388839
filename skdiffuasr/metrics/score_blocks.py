"""Scores of the whole catalogue, as many rows at a time as the memory holds."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from skdiffuasr._typing import FloatArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import UnknownItemsError

#: Memory that a block of (rows, items) scores may take.
BLOCK_BYTES = 64 * 2**20

#: Fewer rows than this make a block slow, however large the catalogue.
MIN_BLOCK_ROWS = 64


def score_blocks(
    estimator: Any, X: Sequences, n_items: int, block_size: int | None = None
) -> Iterator[tuple[slice, FloatArray]]:
    """Yield blocks of rows and their scores, (rows, n_items), one after the other.

    Without a `block_size` a block has as many rows as keep its scores to 64 MiB, and
    at least 64.
    """
    if block_size is None:
        block_size = max(MIN_BLOCK_ROWS, BLOCK_BYTES // (4 * n_items))
    for rows in gen_batches(len(X), block_size):
        try:
            scores = np.asarray(estimator.decision_function(X[rows]))
        except UnknownItemsError as error:
            error.row += rows.start  # the estimator counts within the block
            raise
        expected = (rows.stop - rows.start, n_items)
        if scores.shape != expected:
            raise ValueError(
                f"decision_function returned the shape {scores.shape} for "
                f"{expected[0]} rows and {expected[1]} items."
            )
        yield rows, scores
