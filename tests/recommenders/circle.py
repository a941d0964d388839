"""A log that every network can learn by heart, and settings for it."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from skdiffuasr.nn.losses import sampled_binary_cross_entropy, sampled_cross_entropy
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.histories import HistoryBatches
from tests.sequences.tables import with_leading_pseudo

N_ITEMS = 8
CIRCLE = [[(start + step) % N_ITEMS for step in range(5)] for start in range(N_ITEMS)]

sampled_losses = pytest.mark.parametrize(
    ("loss", "n_negatives", "expected_loss", "expected_n"),
    [
        ("sampled_ce", None, sampled_cross_entropy, 256),
        ("sampled_ce", 3, sampled_cross_entropy, 3),
        ("bce", None, sampled_binary_cross_entropy, 1),
        ("bce", 3, sampled_binary_cross_entropy, 3),
    ],
)

quick = settings(max_examples=60, deadline=None)

TINY = {
    "embedding_dim": 16,
    "max_length": 8,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "batch_size": 8,
    "max_epochs": 60,
    "early_stopping": False,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}


def with_pseudo(rows, n_pseudo):
    return with_leading_pseudo(Sequences.from_iterable(rows), n_pseudo)


def loss_of(recommender, module, X):
    batch = HistoryBatches(
        X, 1, max_length=recommender.max_length, cloze=recommender._is_cloze
    ).pad(np.arange(len(X)))
    return recommender._loss(module, *batch)


@st.composite
def histories(draw, longest=8):
    """Rows that all have something to predict."""
    rows, n_pseudo = [], []
    for _ in range(draw(st.integers(1, 5))):
        n_pseudo.append(draw(st.integers(0, 4)))
        length = draw(st.integers(max(n_pseudo[-1], 1) + 1, longest))
        items = st.integers(0, N_ITEMS - 1)
        rows.append(draw(st.lists(items, min_size=length, max_size=length)))
    return with_pseudo(rows, n_pseudo)


def assert_knows_the_circle(recommender):
    rows = [row[:length] for row in CIRCLE for length in range(1, 5)]
    following = [(row[-1] + 1) % N_ITEMS for row in rows]
    assert recommender.predict(rows).tolist() == following
    assert recommender.score(rows, following) == 1
