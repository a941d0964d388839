import torch
from torch import nn

from skdiffuasr.training.optimizers import make_optimizers


def train(layer, items, n_steps):
    optimizers = make_optimizers(layer, learning_rate=0.1)
    for _ in range(n_steps):
        layer.zero_grad()
        (layer(items) ** 2).sum().backward()
        for optimizer in optimizers:
            optimizer.step()


def embedding(sparse):
    weight = torch.arange(1.0, 13.0).view(4, 3)
    return nn.Embedding.from_pretrained(weight, freeze=False, sparse=sparse)


def linear(n_outputs):
    layer = nn.Linear(3, n_outputs)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def test_every_trained_parameter_is_in_one_optimizer():
    module = nn.Sequential(embedding(True), linear(2), nn.Linear(2, 2))
    module[2].requires_grad_(False)
    groups = [
        {id(p) for group in optimizer.param_groups for p in group["params"]}
        for optimizer in make_optimizers(module, 0.1)
    ]
    assert len(groups) == 2
    assert groups[0] == {id(p) for p in module[1].parameters()}
    assert groups[1] == {id(module[0].weight)}


def test_sparse_and_dense_agree_where_every_row_has_a_gradient():
    layers = [nn.Sequential(embedding(sparse), linear(1)) for sparse in (False, True)]
    for layer in layers:
        train(layer, torch.tensor([0, 1, 2, 3, 3]), n_steps=5)
    torch.testing.assert_close(layers[0][0].weight, layers[1][0].weight)
    torch.testing.assert_close(layers[0][1].weight, layers[1][1].weight)


def test_rows_without_a_gradient_stand_still():
    layer = nn.Sequential(embedding(True), linear(1))
    before = layer[0].weight.detach().clone()
    train(layer, torch.tensor([1, 3]), n_steps=2)
    has_moved = (layer[0].weight != before).any(dim=1)
    assert has_moved.tolist() == [False, True, False, True]
