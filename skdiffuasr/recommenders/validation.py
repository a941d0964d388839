"""Histories and what came next, for early stopping."""

from typing import Any

import numpy.typing as npt

from skdiffuasr._typing import IntArray, SequencesLike
from skdiffuasr.metrics._checks import check_targets
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.training.histories import without_skipped

#: Histories of item codes, and the code that came next after each.
Validation = tuple[Sequences, IntArray]


def encode_validation(
    recommender: Any,
    X_val: SequencesLike | None,
    y_val: npt.ArrayLike | None,
) -> Validation | None:
    """Check the data for early stopping, and encode known items of each history.

    `recommender` is a `BaseNeuralRecommender` with a catalogue. None is no data.
    """
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together.")
    if X_val is None:
        return None
    if not recommender.early_stopping:
        raise ValueError(
            "X_val and y_val are for early stopping, but early_stopping=False."
        )
    histories = check_sequences(X_val, input_name="X_val").variants[0]
    next_items = check_targets(y_val, len(histories), "y_val")
    item_ids, unknown = recommender.item_ids_, recommender.unknown_items
    codes = encode_sequences(histories, item_ids, unknown, "X_val")
    codes = without_skipped(recommender._readable(codes))
    is_known = codes.lengths > 0
    if not is_known.any():
        raise ValueError("No history of X_val has an item that is in X.")
    targets = encode_items(next_items, item_ids, "items of y_val")
    return codes[is_known], targets[is_known]
