"""Intrinsic quality of an augmenter's pseudo items, in one space for all augmenters."""

from typing import Any

import numpy as np
from sklearn.base import clone

from skdiffuasr.augmentation.item_embeddings import cooccurrence_embeddings
from skdiffuasr.metrics import pseudo_item_quality
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.study.nearness import set_aside

_EMBEDDING_DIM = 64


def intrinsic_quality(
    augmenter: Any, X_train: Sequences, random_state: int = 0
) -> dict[str, float]:
    """Hide the first items of some long histories and generate in their place.

    The augmenter is fitted without these histories. Similarity is the cosine of
    embeddings that factorise the co-occurrence of items in all of `X_train`, the
    hidden items included: the space judges, it is not shown to the augmenter.

    Parameters
    ----------
    augmenter : augmenter with ``generate``
        A clone of it is fitted.
    X_train : Sequences of n rows
        Training histories of a study.
    random_state : int, default=0
        Chooses the histories.

    Returns
    -------
    quality : dict of str to float
        See `pseudo_item_quality`.

    Raises
    ------
    ValueError
        If no history has more than ``augmenter.n_pseudo_items`` items.
    """
    others, visible, hidden = set_aside(
        X_train, augmenter.n_pseudo_items, random_state=random_state
    )
    generated = clone(augmenter).fit(others).generate(visible)
    item_ids = np.unique(X_train.values)
    codes = encode_sequences(X_train, item_ids)
    return pseudo_item_quality(
        encode_items(generated, item_ids),
        encode_sequences(hidden, item_ids),
        len(item_ids),
        item_embeddings=cooccurrence_embeddings(
            codes, len(item_ids), _EMBEDDING_DIM, random_state=random_state
        ),
        item_counts=np.bincount(codes.values, minlength=len(item_ids)),
    )
