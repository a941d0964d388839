import numpy as np
import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders import SASRecEstimator
from skdiffuasr.training import seeded_build
from tests.recommenders.circle import (
    CIRCLE,
    N_ITEMS,
    TINY,
    assert_knows_the_circle,
    loss_of,
    with_pseudo,
)


def tiny(**settings):
    return SASRecEstimator(**{**TINY, "n_layers": 1, "max_epochs": 40, **settings})


def build_module():
    return seeded_build(lambda: SASRec(N_ITEMS, 8, max_length=8), 0).eval()


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "ce"},
        {"loss": "sampled_ce"},
        {"loss": "sampled_ce", "n_negatives": 5},
        {"loss": "bce"},
        {"loss": "bce", "n_negatives": 4},
        {"n_layers": 2, "n_heads": 4},
        {"ema_decay": 0.9},
        {"weight_decay": 0.01},
    ],
)
def test_a_circle_is_learned_perfectly(settings):
    assert_knows_the_circle(tiny(**settings).fit(CIRCLE * 2))


def test_one_real_item_after_pseudo_items_is_the_only_target():
    module = build_module()
    X = with_pseudo([[1, 2, 3, 4]], [3])
    hidden = module.last_hidden(torch.tensor([[1, 2, 3]]), torch.tensor([3]))
    logits = hidden @ module.item_embedding.weight.T
    expected = F.cross_entropy(logits, torch.tensor([4]))
    torch.testing.assert_close(loss_of(tiny(), module, X), expected)


@pytest.mark.parametrize("loss", ["sampled_ce", "bce"])
def test_sparse_gradients_learn_the_circle_too(loss):
    recommender = tiny(loss=loss, n_negatives=5, sparse_gradients=True).fit(CIRCLE)
    following = [(row[-1] + 1) % N_ITEMS for row in CIRCLE]
    assert np.mean(recommender.predict(CIRCLE) == following) > 0.9


def test_sparse_gradients_need_a_loss_that_leaves_items_alone():
    recommender = tiny(loss="ce", sparse_gradients=True)
    with pytest.raises(ValueError, match="sparse_gradients=True takes a sampled loss"):
        recommender.fit(CIRCLE)


@pytest.mark.parametrize("n_heads", [3, 32])
def test_heads_must_divide_the_width(n_heads):
    message = rf"n_heads={n_heads} does not divide embedding_dim=16\."
    with pytest.raises(ValueError, match=message):
        tiny(n_heads=n_heads).fit(CIRCLE)


def test_parameters_shape_the_network():
    recommender = tiny(
        embedding_dim=6, n_layers=3, n_heads=2, max_length=4, max_epochs=1
    ).fit(CIRCLE)
    module = recommender.to_module()
    assert isinstance(module, SASRec)
    assert module.item_embedding.weight.shape == (N_ITEMS, 6)
    assert module.position_embedding.weight.shape == (4, 6)
    assert [block.n_heads for block in module.encoder.blocks] == [2, 2, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_layers", 0), ("n_heads", 0), ("loss", "mse"), ("n_negatives", 0)],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of SASRecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)
