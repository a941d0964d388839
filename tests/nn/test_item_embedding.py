import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from skdiffuasr.nn.item_embedding import ItemEmbedding
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.training.ema import averaged_model
from skdiffuasr.training.optimizers import make_optimizers

N_ITEMS, N_COLD, DIM = 5, 2, 4
ATTRIBUTES = [[0, 2], [], [1], [0, 1, 2], [2], [1, 2], []]
FEATURES = torch.randn(N_ITEMS + N_COLD, 3, generator=torch.manual_seed(0))


def make(*, attributes=True, features=True, n_rows=N_ITEMS + N_COLD, **parts):
    torch.manual_seed(1)
    if attributes:
        rows = ATTRIBUTES[:n_rows]
        parts["attribute_offsets"] = torch.tensor(np.cumsum([0, *map(len, rows)]))
        parts["attribute_codes"] = torch.tensor([code for row in rows for code in row])
        parts["n_attributes"] = 3
    if features:
        parts["features"] = FEATURES[:n_rows]
    return ItemEmbedding(nn.Embedding(N_ITEMS, DIM), **parts)


def dense_table(layer, n_rows=N_ITEMS):
    """The sum of the three parts, one item after the other."""
    rows = []
    for item in range(n_rows):
        own = layer.own.weight[item] if item < N_ITEMS else torch.zeros(DIM)
        parts = [own]
        if layer.attribute_embedding is not None and ATTRIBUTES[item]:
            embedded = layer.attribute_embedding.weight[ATTRIBUTES[item]]
            parts.append(embedded.sum(0) / len(ATTRIBUTES[item]))
        if layer.feature_map is not None:
            parts.append(layer.feature_map.weight @ FEATURES[item])
        rows.append(sum(parts))
    return torch.stack(rows)


def gradients(layer):
    return {
        name: parameter.grad.clone()
        for name, parameter in layer.named_parameters()
        if parameter.requires_grad
    }


kinds = pytest.mark.parametrize(
    ("attributes", "features"), [(True, False), (False, True), (True, True)]
)


@kinds
@pytest.mark.parametrize("n_cold", [0, N_COLD])
def test_the_table_and_its_gradients_are_those_of_the_formula(
    attributes, features, n_cold
):
    layer = make(attributes=attributes, features=features, n_rows=N_ITEMS + n_cold)
    weights = torch.randn(N_ITEMS, DIM)
    items = torch.tensor([[3, 0], [3, 4]])
    (layer.weight * weights).sum().backward()
    (layer(items) ** 2).sum().backward()
    found = gradients(layer)
    torch.testing.assert_close(layer.weight, dense_table(layer))
    layer.zero_grad()
    (dense_table(layer) * weights).sum().backward()
    (dense_table(layer)[items] ** 2).sum().backward()
    for name, gradient in gradients(layer).items():
        torch.testing.assert_close(found[name], gradient, msg=name)


def test_the_table_has_the_shape_of_the_catalogue():
    layer = make()
    assert (layer.num_embeddings, layer.embedding_dim) == layer.weight.shape
    assert layer.n_cold_items == N_COLD


def test_a_step_computes_the_table_once_and_the_next_one_anew(monkeypatch):
    layer = make()
    compute, calls = layer._side_information, []
    monkeypatch.setattr(
        layer, "_side_information", lambda: calls.append(None) or compute()
    )
    (optimizer,) = make_optimizers(layer, learning_rate=0.1)
    for step in range(1, 4):
        layer.zero_grad()
        loss = layer(torch.tensor([1, 2])).sum() + (layer.weight**2).sum()
        loss.backward()
        assert len(calls) == step
        optimizer.step()
    del calls[:]
    layer.eval()
    with torch.no_grad():
        for _ in range(3):
            table = layer.weight
            layer(torch.tensor([0]))
    assert len(calls) == 1
    torch.testing.assert_close(table, dense_table(layer))
    layer.train()
    with torch.no_grad():
        layer.own.weight.zero_()
        torch.testing.assert_close(layer.weight, dense_table(layer))
    torch.testing.assert_close(layer.weight, dense_table(layer))


def test_activations_may_be_computed_again_in_the_backward_pass():
    layer, items = make(), torch.tensor([0, 3, 3])
    (layer(items) ** 3).sum().backward()
    expected = gradients(layer)
    for _ in range(2):
        layer.zero_grad()
        assert layer.weight.requires_grad
        embedded = checkpoint(lambda: layer(items) ** 2, use_reentrant=False)
        (embedded * layer(items)).sum().backward()
        for name, gradient in gradients(layer).items():
            torch.testing.assert_close(gradient, expected[name], msg=name)


def test_a_copy_can_be_made_in_the_middle_of_a_step():
    layer = make()
    assert layer.weight.grad_fn is not None
    copied = copy.deepcopy(layer)
    torch.testing.assert_close(copied.weight, layer.weight)
    copied.own.weight.data.zero_()
    assert layer.own.weight.any()


def test_a_moving_average_averages_the_parts_and_shares_the_features():
    layer = make()
    averaged = averaged_model(layer, 0.5)
    assert averaged.module.features.data_ptr() == layer.features.data_ptr()
    before = FEATURES.clone()
    for _ in range(3):
        with torch.no_grad():
            layer.own.weight += 1
            layer.attribute_embedding.weight += 1
        averaged.update_parameters(layer)
    mean = averaged.module
    torch.testing.assert_close(mean.weight, dense_table(mean))
    assert not torch.equal(mean.weight, layer.weight)
    torch.testing.assert_close(layer.features, before, rtol=0, atol=0)
    torch.testing.assert_close(mean.attribute_codes, layer.attribute_codes)


def test_features_are_not_trained():
    (optimizer,) = make_optimizers(make(), learning_rate=0.1)
    shapes = [tuple(weight.shape) for weight in optimizer.param_groups[0]["params"]]
    assert sorted(shapes) == [(3, DIM), (DIM, 3), (N_ITEMS, DIM)]


def test_some_items_are_without_their_own_part_in_a_step():
    layer = make(own_dropout=0.3)
    side_information = dense_table(layer) - layer.own.weight
    dropped = []
    for _ in range(200):
        table = layer.weight
        is_dropped = torch.isclose(table, side_information, atol=1e-5).all(dim=1)
        torch.testing.assert_close(table[~is_dropped], dense_table(layer)[~is_dropped])
        assert layer.weight is table
        table.sum().backward()
        dropped.append(is_dropped.float())
    share = torch.stack(dropped).mean(dim=0)
    assert (share - 0.3).abs().max() < 0.15
    torch.testing.assert_close(layer.state_dict()["weight"], dense_table(layer))
    torch.testing.assert_close(layer.eval().weight, dense_table(layer))


@pytest.mark.parametrize("n_cold", [0, N_COLD])
def test_the_state_has_the_sums(n_cold):
    layer = make(n_rows=N_ITEMS + n_cold)
    state = layer.state_dict()
    expected = dense_table(layer, N_ITEMS + n_cold)
    torch.testing.assert_close(state["weight"], expected[:N_ITEMS])
    assert not state["weight"].requires_grad
    assert list(state) == ["weight", "cold_weight"][: 1 + (n_cold > 0)]
    if n_cold:
        torch.testing.assert_close(state["cold_weight"], expected[N_ITEMS:])
    assert layer.state_dict(keep_vars=True)["weight"].requires_grad


def test_a_plain_network_loads_the_state():
    trained, plain = (SASRec(N_ITEMS, DIM, max_length=3) for _ in range(2))
    trained.item_embedding = make(n_rows=N_ITEMS)
    assert list(trained.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(trained.state_dict())
    items, lengths = torch.tensor([[1, 2, 0]]), torch.tensor([3])
    with torch.no_grad():
        expected = trained.eval().last_hidden(items, lengths)
        torch.testing.assert_close(plain.eval().last_hidden(items, lengths), expected)
