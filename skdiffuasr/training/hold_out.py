"""Items of training histories that are held out for early stopping."""

import numpy as np
import numpy.typing as npt

from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import has_masks, has_target


def hold_out(
    histories: Sequences, fraction: float, random_state: int
) -> tuple[Sequences, Sequences]:
    """Hold out the last item of a share of the histories, rounded down.

    Returns the histories for training, and those drawn for validation as a whole,
    except those that end in a pseudo item. Training loses the last item of each variant
    of a history drawn; and the whole history if nothing is left to predict, or if the
    item may have left something elsewhere in it: with roles, or variants that differ in
    observed items. Where roles say what is learned, validation has observed items
    alone.
    """
    rng = np.random.default_rng(random_state)
    n_drawn = int(fraction * len(histories))
    is_drawn = np.zeros(len(histories), dtype=bool)
    is_drawn[rng.choice(len(histories), n_drawn, replace=False)] = True
    first, *others = histories.variants
    is_drawn &= ~first.is_pseudo[first.offsets[1:] - 1]
    validation = first[is_drawn]
    if has_masks(validation):
        validation = validation.strip_pseudo()
    stays = np.full(len(histories), not any(map(has_masks, histories.variants)))
    observed = first.strip_pseudo()
    for variant in others:
        stays &= _same_rows(variant.strip_pseudo(), observed)
    training = histories.drop_last(is_drawn.astype(np.int64))
    return training[(stays | ~is_drawn) & has_target(training)], validation


def _same_rows(X: Sequences, other: Sequences) -> npt.NDArray[np.bool_]:
    """Return which rows (n,) have the same items in both."""
    is_same = X.lengths == other.lengths
    rows = np.flatnonzero(is_same)
    differs = X[rows].values != other[rows].values
    is_same[np.repeat(rows, X.lengths[rows])[differs]] = False
    return is_same
