"""How near pseudo items come to the true earlier items that they stand for."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.item_embeddings import cooccurrence_embeddings
from skdiffuasr.metrics import draw_by_popularity, draw_uniform, pseudo_item_quality
from skdiffuasr.model_selection import leave_first_out
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences

_EMBEDDING_DIM = 64


def intrinsic_quality(
    augmenter: Any, X_train: Sequences, random_state: int = 0
) -> dict[str, float]:
    """Hide the first items of some long histories and generate in their place.

    Return what `pseudo_item_quality` does, of a clone of the augmenter that is fitted
    without these histories. Similarity is the cosine of embeddings that factorise the
    co-occurrence of items in all of `X_train`, the hidden items included: the space
    judges, it is not shown to the augmenter. It is a ValueError if no history has more
    than ``augmenter.n_pseudo_items`` items.
    """
    others, visible, hidden = set_aside(
        X_train, augmenter.n_pseudo_items, random_state=random_state
    )
    generated = clone(augmenter).fit(others).generate(visible)
    item_ids = np.unique(X_train.values)
    codes = encode_sequences(X_train, item_ids)
    embeddings = cooccurrence_embeddings(
        codes, len(item_ids), _EMBEDDING_DIM, random_state=random_state
    )
    pseudo = encode_items(generated, item_ids)
    return _quality(pseudo, encode_sequences(hidden, item_ids), embeddings, codes)


def nearness_to_hidden(
    augmenter: DiffusionSequenceAugmenter,
    visible: Sequences,
    hidden: Sequences,
    item_embeddings: FloatArray | None = None,
    *,
    random_state: int = 0,
) -> dict[str, dict[str, float]]:
    """Compare pseudo items, and two kinds of random draws, with hidden true items.

    Parameters
    ----------
    augmenter : fitted DiffusionSequenceAugmenter
        It must not have seen `hidden`.
    visible : Sequences of n rows
        Histories to generate for.
    hidden : Sequences of n rows
        The true items right before them.
    item_embeddings : ndarray of shape (n_items, d), default=None
        Space in which similarity is measured, a row for each of the augmenter's items.
        None takes the augmenter's own space.
    random_state : int, default=0
        Seeds the random draws.

    Returns
    -------
    quality : dict of str to dict
        What `pseudo_item_quality` returns, for ``"diffusion"``, for draws
        ``"by popularity"``, in proportion to the counts in `visible`, and for
        ``"uniform"`` draws.
    """
    item_ids = augmenter.item_ids_
    if item_embeddings is None:
        item_embeddings = augmenter.item_embeddings_
    observed = encode_sequences(visible, item_ids)
    counts = np.bincount(observed.values, minlength=len(item_ids))
    size = (len(visible), augmenter.n_pseudo_items)
    kinds = {
        "diffusion": encode_items(augmenter.generate(visible), item_ids),
        "by popularity": draw_by_popularity(*size, counts, random_state=random_state),
        "uniform": draw_uniform(*size, len(item_ids), random_state=random_state),
    }
    true_items = encode_sequences(hidden, item_ids)
    return {
        name: _quality(codes, true_items, item_embeddings, observed)
        for name, codes in kinds.items()
    }


def set_aside(
    histories: Sequences,
    n_hidden_items: int,
    *,
    fraction: float = 0.1,
    random_state: int = 0,
) -> tuple[Sequences, Sequences, Sequences]:
    """Take some long histories out of a dataset and hide their first M items.

    `fraction` is the share of the histories of more than M items that are taken; it is
    a ValueError if there are none. Return all other histories, to fit on, and the rest
    and the first M items of those that were taken out.
    """
    visible, hidden = leave_first_out(histories, n_hidden_items)
    rng = np.random.default_rng(random_state)
    n_taken = max(1, round(fraction * len(visible)))
    taken = np.sort(rng.choice(len(visible), n_taken, replace=False))
    long = np.flatnonzero(histories.lengths > n_hidden_items)
    others = np.setdiff1d(np.arange(len(histories)), long[taken])
    return histories[others], visible[taken], hidden[taken]


def _quality(
    pseudo: IntArray,
    hidden: Sequences,
    embeddings: npt.NDArray[np.floating[Any]],
    observed: Sequences,
) -> dict[str, float]:
    """Compare codes with hidden ones; those observed say how popular the items are."""
    counts = np.bincount(observed.values, minlength=len(embeddings))
    return pseudo_item_quality(
        pseudo, hidden, len(counts), item_embeddings=embeddings, item_counts=counts
    )
