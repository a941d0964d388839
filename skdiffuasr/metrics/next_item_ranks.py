"""Ranks of the next items by an estimator: several rankings from one scoring pass."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skdiffuasr._typing import FloatArray, IdArray
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.metrics.ranks import (
    excluded_items,
    mask_seen,
    sampled_target_ranks,
    target_ranks,
)
from skdiffuasr.metrics.score_blocks import score_blocks
from skdiffuasr.metrics.ties import TargetRanks
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences

#: Among all items; among those not seen; among `n_negatives` random ones not seen.
RANKINGS = ("full", "filtered", "sampled")


def next_item_ranks(
    estimator: Any,
    X: Sequences,
    y: IdArray,
    rankings: Sequence[str],
    *,
    n_negatives: int = 100,
    block_size: int | None = None,
    random_state: int = 0,
    on_scores: Callable[[FloatArray, Sequences], object] | None = None,
) -> dict[str, TargetRanks]:
    """Rank the next item of every history in every one of the `rankings` asked for.

    Pseudo items do not count as seen; an item of `y` (n,) that the estimator does not
    know is a miss. A user has the same negatives for every estimator of one catalogue.
    `on_scores` is given every block of scores with its encoded histories.
    """
    item_ids = fitted_attribute(estimator, "item_ids_")
    targets = encode_items(np.asarray(y), item_ids)
    seen = encode_sequences(X.variants[0], item_ids)
    parts: dict[str, list[TargetRanks]] = {ranking: [] for ranking in rankings}
    for rows, scores in score_blocks(estimator, X, len(item_ids), block_size):
        block, first_row = targets[rows], rows.start
        if on_scores is not None:
            on_scores(scores, seen[rows])
        for ranking, ranks in parts.items():
            if ranking == "sampled":
                keys = row_keys(X[rows], random_state)
                found = sampled_target_ranks(
                    scores,
                    block,
                    keys,
                    n_negatives,
                    seen=seen[rows],
                    first_row=first_row,
                )
            elif ranking == "filtered":
                masked = mask_seen(scores, seen[rows], block)
                found = target_ranks(masked, block, first_row=first_row)
            else:
                found = target_ranks(scores, block, first_row=first_row)
            ranks.append(found)
    return {name: TargetRanks.concatenate(ranks) for name, ranks in parts.items()}


def affordable_negatives(
    n_negatives: int, X: Sequences, y: IdArray, item_ids: IdArray
) -> int:
    """Return `n_negatives`, lowered to what every row leaves to draw from; say so."""
    seen = encode_sequences(X.variants[0], item_ids)
    targets = encode_items(np.asarray(y), item_ids)
    excluded = excluded_items(targets, seen, len(item_ids))
    n_left = len(item_ids) - int(excluded.lengths.max(initial=0))
    if n_left >= n_negatives:
        return n_negatives
    row = int(np.argmax(excluded.lengths))
    instead = f"uses {n_left} negatives instead of {n_negatives}"
    warnings.warn(
        f"The history of row {row} leaves {n_left} of {len(item_ids)} items to draw "
        "negatives from. The sampled ranking "
        f"{instead if n_left else 'is left out'}.",
        stacklevel=3,
    )
    return n_left
