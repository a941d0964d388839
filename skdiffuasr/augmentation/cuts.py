"""Cuts of training histories: items before one are read, those after it learned."""

import numpy as np

from skdiffuasr._typing import IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, keyed_uniform
from skdiffuasr.training.histories import n_observed_so_far, with_targets

_STREAM = 0x637574  # "cut": not a stream that items are generated from


def draw_cuts(
    lengths: IntArray, keys: UInt64Array, variant: int, n_variants: int
) -> IntArray:
    """Draw how many items (n,) of each history are before the cut of a variant.

    At least one is before and one after it, if there are two. `keys` are the same for
    all variants, whose cuts are spread evenly. The first of several has one item before
    its cut, so that every item is learned in some variant.
    """
    share = (variant + keyed_uniform(keys, 1, _STREAM)[:, 0]) / n_variants
    if variant == 0 and n_variants > 1:
        share[:] = 0
    n_places = np.maximum(lengths - 1, 1)
    cuts = 1 + np.minimum((share * n_places).astype(np.int64), n_places - 1)
    return np.minimum(cuts, lengths)


def learned_after(histories: Sequences, cuts: IntArray) -> Sequences:
    """Return histories of which nothing before the cut is learned.

    A cut comes behind a number (n,) of observed items; at 0 it leaves a row as it is.
    """
    is_after = n_observed_so_far(histories) > np.repeat(cuts, histories.lengths)
    return with_targets(histories, histories.is_target & is_after)
