"""Interaction logs to measure on: synthetic ones, or the shape of a real one."""

from functools import cache

import numpy as np

from skdiffuasr.datasets import read_interactions
from skdiffuasr.sequences import Sequences

BEAUTY = {"n_users": 22_363, "n_items": 12_101}
"""Size of Amazon's Beauty log after the usual filter of five interactions each."""

MIN_LENGTH, MAX_LENGTH = 5, 200
ZIPF_EXPONENT = 0.6


@cache
def read(path):
    """Return the histories of a real log."""
    return read_interactions(path).to_sequences()


def whole_log(path=None):
    """Return the histories of a real log, or synthetic ones of Beauty's shape."""
    if path is not None:
        return read(path)
    return histories(BEAUTY["n_users"], BEAUTY["n_items"])


def histories(n_users, n_items, *, length=None, path=None, seed=0):
    """Draw histories: every item once if there is room, then by Zipf's law.

    All have the length `length`, or lengths drawn from the log at `path`, or lengths as
    in Beauty: at least 5, with median 6 and mean 9.
    """
    rng = np.random.default_rng(seed)
    lengths = _lengths(n_users, length, path, rng)
    n_interactions = int(lengths.sum())
    items = draw_items(n_interactions, n_items, rng)
    if n_interactions >= n_items:
        items[:n_items] = np.arange(n_items)
    rng.shuffle(items)
    return Sequences(items, np.concatenate([[0], lengths.cumsum()]))


def cover(X, n_items):
    """Append a one-item history per item, so that all are in the catalogue.

    Neither augmenters nor recommenders train on such histories.
    """
    offsets = X.offsets[-1] + np.arange(1, n_items + 1)
    return Sequences(
        np.concatenate([X.values, np.arange(n_items)]),
        np.concatenate([X.offsets, offsets]),
    )


def _lengths(n_users, length, path, rng):
    if length is not None:
        return np.full(n_users, length)
    if path is not None:
        return rng.choice(read(path).lengths, n_users)
    tail = np.exp(rng.normal(np.log(1.45), 1.5, n_users)).astype(np.int64)
    return np.minimum(MIN_LENGTH + tail, MAX_LENGTH)


def draw_items(n_draws, n_items, rng):
    """Draw items by Zipf's law; an item's id says nothing about its popularity."""
    weights = np.arange(1, n_items + 1) ** -ZIPF_EXPONENT
    cumulative = weights.cumsum()
    draws = rng.random(n_draws) * cumulative[-1]
    return rng.permutation(n_items)[np.searchsorted(cumulative, draws)]
