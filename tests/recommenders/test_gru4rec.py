import numpy as np
import pytest
import torch

from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.recommenders.gru4rec import GRU4RecEstimator
from tests.recommenders.circle import CIRCLE, N_ITEMS, TINY, assert_knows_the_circle


def tiny(**settings):
    return GRU4RecEstimator(**{**TINY, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "ce"},
        {"loss": "sampled_ce"},
        {"loss": "sampled_ce", "n_negatives": 5},
        {"loss": "bce"},
        {"loss": "bce", "n_negatives": 4},
        {"hidden_dim": 24, "n_layers": 2},
        {"ema_decay": 0.9},
        {"weight_decay": 0.01},
    ],
)
def test_a_circle_is_learned_perfectly(settings):
    assert_knows_the_circle(tiny(**settings).fit(CIRCLE * 2))


def test_prediction_equals_a_forward_pass_of_each_history():
    recommender = tiny(max_epochs=2, max_length=4).fit(CIRCLE)
    module = recommender.to_module()
    rows = [[5], [3, 4], [7, 6, 5], [0, 1, 2, 3], [2, 4, 6, 0, 1, 3]]
    expected = []
    for row in rows:
        items = torch.tensor([row[-4:]])
        hidden = module.last_hidden(items, torch.tensor([items.shape[1]]))[0]
        expected.append((module.item_embedding.weight @ hidden).detach().numpy())
    np.testing.assert_allclose(
        recommender.decision_function(rows), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("hidden_dim", "width"), [(None, 6), (10, 10)])
def test_parameters_shape_the_network(hidden_dim, width):
    recommender = tiny(
        embedding_dim=6, hidden_dim=hidden_dim, n_layers=3, dropout=0.4, max_epochs=1
    ).fit(CIRCLE)
    module = recommender.to_module()
    assert isinstance(module, GRU4Rec)
    assert module.item_embedding.weight.shape == (N_ITEMS, 6)
    assert (module.gru.hidden_size, module.gru.num_layers) == (width, 3)
    assert module.output.weight.shape == (6, width)
    assert (module.dropout.p, module.gru.dropout) == (0.4, 0.4)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_dim", 0), ("n_layers", 0), ("loss", "mse"), ("n_negatives", 0)],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of GRU4RecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)
