"""Ranks of the test items under every way of ranking, from one scoring pass."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.metrics import (
    TargetRanks,
    mask_seen,
    sampled_target_ranks,
    target_ranks,
)
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.metrics.score_blocks import score_blocks
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.study.records import RANKINGS

_NEGATIVES_SEED = 0


def rank_next_items(
    recommender: Any,
    X: Sequences,
    y: npt.ArrayLike,
    n_negatives: int | None = 100,
) -> dict[str, TargetRanks]:
    """Rank the next item of every history.

    Parameters
    ----------
    recommender : fitted recommender
        It has `item_ids_`, its own or those of its last step, and `decision_function`.
    X : Sequences of n rows
        Histories; pseudo items do not count as seen.
    y : array-like of shape (n,)
        The item that came next; one that the recommender does not know is a miss.
    n_negatives : int or None, default=100
        Number of negatives of the sampled ranking. None leaves it out.

    Returns
    -------
    ranks : dict of str to TargetRanks of n rows
        ``"full"``: among all items. ``"filtered"``: among those that are not in the
        history, and the target. ``"sampled"``: among the negatives and the target;
        a user has the same negatives for every recommender of one catalogue.
    """
    item_ids = fitted_attribute(recommender, "item_ids_")
    targets = encode_items(np.asarray(y), item_ids)
    seen = encode_sequences(X.variants[0], item_ids)
    keys = row_keys(X, _NEGATIVES_SEED)
    names = ("full", "filtered") if n_negatives is None else RANKINGS
    parts: dict[str, list[TargetRanks]] = {name: [] for name in names}
    for rows, scores in score_blocks(recommender, X, len(item_ids)):
        block = targets[rows]
        parts["full"].append(target_ranks(scores, block, first_row=rows.start))
        masked = mask_seen(scores, seen[rows], block)
        parts["filtered"].append(target_ranks(masked, block, first_row=rows.start))
        if n_negatives is not None:
            sampled = sampled_target_ranks(
                scores,
                block,
                keys[rows],
                n_negatives,
                seen=seen[rows],
                first_row=rows.start,
            )
            parts["sampled"].append(sampled)
    return {name: TargetRanks.concatenate(ranks) for name, ranks in parts.items()}
