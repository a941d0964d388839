import math

import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.training import seeded_build

M, D = 4, 8


def build(n_pseudo_items=M):
    return seeded_build(lambda: FirstItemClassifier(n_pseudo_items, D), 0).eval()


def blocks(batch=3, n_pseudo_items=M, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, n_pseudo_items, D, generator=generator)
    return x, torch.arange(batch)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("n_pseudo_items", [1, M])
def test_one_query_per_block(batch, n_pseudo_items):
    query = build(n_pseudo_items)(*blocks(batch, n_pseudo_items))
    assert query.shape == (batch, D)


def test_logits_are_cosines_times_the_learned_scale():
    module = build()
    query, items = module(*blocks()), math.sqrt(D) * F.normalize(torch.randn(9, D))
    cosines = F.cosine_similarity(query[:, None], items, dim=2)
    torch.testing.assert_close(query @ items.T, math.sqrt(D) * cosines)
    with torch.no_grad():
        module.log_scale.fill_(math.log(5))
    torch.testing.assert_close(module(*blocks()), 5 * query)


@pytest.mark.parametrize("position", range(M))
def test_every_item_of_the_block_is_read(position):
    module, (x, t) = build(), blocks()
    other = x.clone()
    other[:, position] = x[:, position].flip(1)
    assert not torch.isclose(module(x, t), module(other, t)).all(dim=1).any()


def test_the_order_of_the_items_is_read():
    module, (x, t) = build(), blocks()
    with torch.no_grad():
        module.position_embedding.normal_(generator=torch.Generator().manual_seed(0))
    swapped = x[:, [1, 0, 2, 3]]
    assert not torch.isclose(module(x, t), module(swapped, t)).all(dim=1).any()


def test_the_timestep_is_read():
    module, (x, t) = build(), blocks()
    assert not torch.isclose(module(x, t), module(x, t + 500)).all(dim=1).any()


def test_rows_do_not_mix():
    module, (x, t) = build(), blocks()
    alone = torch.cat([module(x[[row]], t[[row]]) for row in range(3)])
    torch.testing.assert_close(module(x, t), alone)


def test_the_gradient_reaches_the_block():
    module, (x, t) = build(), blocks()
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(module(x, t)[:, 0].sum(), x)
    assert (gradient.abs().sum(dim=2) > 0).all()
