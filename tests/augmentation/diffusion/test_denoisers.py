"""What the networks of all denoisers have in common, and the transformer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skdiffuasr.augmentation.diffusion import SUNet, TransformerDenoiser

DENOISERS = pytest.mark.parametrize(
    "denoiser", [SUNet(), TransformerDenoiser()], ids=["sunet", "transformer"]
)


def awaken(model):
    """Give the layers that are zero at birth something to say."""
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return model.eval()


def inputs(batch, n_pseudo_items, embedding_dim, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, n_pseudo_items, embedding_dim, generator=generator)
    t = torch.randint(1000, (batch,), generator=generator)
    return x, t, torch.randn(batch, embedding_dim, generator=generator)


@DENOISERS
@given(
    batch=st.integers(1, 3),
    n_pseudo_items=st.integers(1, 20),
    embedding_dim=st.integers(1, 130),
)
@settings(max_examples=25, deadline=None)
def test_any_shape_goes_in_and_comes_out(
    denoiser, batch, n_pseudo_items, embedding_dim
):
    model = denoiser.build(n_pseudo_items, embedding_dim)
    x, t, condition = inputs(batch, n_pseudo_items, embedding_dim)
    velocity = model(x, t, condition)
    assert velocity.shape == x.shape
    assert model.null_condition.shape == (embedding_dim,)
    assert not velocity.any()  # born silent
    velocity.sum().backward()  # and yet able to learn
    assert model.head.weight.grad is not None
    assert model.head.bias.grad.abs().sum() > 0


@DENOISERS
@pytest.mark.parametrize("shape", [(4, 1, 16), (4, 3, 16), (3, 2, 10)])
def test_rows_do_not_depend_on_each_other(denoiser, shape):
    model = awaken(denoiser.build(*shape[1:]))
    x, t, condition = inputs(*shape)
    together = model(x, t, condition)
    for row in range(len(x)):
        alone = model(x[[row]], t[[row]], condition[[row]])
        torch.testing.assert_close(together[[row]], alone, atol=1e-5, rtol=1e-4)


@DENOISERS
@pytest.mark.parametrize("changed", [0, 1, 2], ids=["x", "t", "condition"])
def test_every_input_matters(denoiser, changed):
    model = awaken(denoiser.build(3, 16))
    before, other = inputs(2, 3, 16), inputs(2, 3, 16, seed=1)
    after = [other[i] if i == changed else before[i] for i in range(3)]
    assert not torch.allclose(model(*before), model(*after), atol=1e-4)


@DENOISERS
def test_every_position_reads_all_others(denoiser):
    model = awaken(denoiser.build(4, 16))
    x, t, condition = inputs(1, 4, 16)
    for position in range(4):
        other = x.clone()
        other[0, position] += 1
        moved = (model(other, t, condition) - model(x, t, condition)).abs().amax(dim=2)
        assert (moved > 1e-5).all()


@DENOISERS
@pytest.mark.parametrize("embedding_dim", [16, 10])
def test_every_parameter_learns(denoiser, embedding_dim):
    model = awaken(denoiser.build(3, embedding_dim))
    x, t, _ = inputs(2, 3, embedding_dim)
    model(x, t, model.null_condition.expand(2, -1)).square().sum().backward()
    untouched = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert not untouched


@DENOISERS
def test_dropout_acts_in_training_only(denoiser):
    model = awaken(denoiser.build(3, 16))
    arguments = inputs(2, 3, 16)
    assert torch.equal(model(*arguments), model(*arguments))
    model.train()
    assert not torch.equal(model(*arguments), model(*arguments))


def test_the_positions_of_a_transformer_are_told_apart():
    model = awaken(TransformerDenoiser().build(3, 16))
    x, t, condition = inputs(1, 1, 16)
    velocity = model(x.expand(1, 3, 16), t, condition)[0]
    assert not torch.allclose(velocity[0], velocity[1], atol=1e-5)


def test_a_new_block_of_a_transformer_is_the_identity():
    block = TransformerDenoiser().build(3, 16).blocks[0]
    x, context = torch.randn(2, 3, 64), torch.randn(2, 64)
    assert torch.equal(block(x, context), x)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_dim": 30}, "multiple of n_heads=4, got 30"),
        ({"hidden_dim": 9, "n_heads": 3}, "must be even .* got 9"),
        ({"n_layers": 0}, "n_layers"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_a_transformer_that_cannot_be_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        TransformerDenoiser(**parameters).build(3, 16)
