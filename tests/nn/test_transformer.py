from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from skdiffuasr.nn import transformer
from skdiffuasr.nn.transformer import TransformerBlock, TransformerEncoder
from skdiffuasr.training import seeded_build

D = 8


def inputs(batch=2, length=5):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, length, D, generator=generator)


def block(n_heads=2):
    return seeded_build(lambda: TransformerBlock(D, n_heads, dropout=0.5), 0).eval()


def encoder(n_layers=2):
    build = partial(TransformerEncoder, D, n_layers, 2, dropout=0.5)
    return seeded_build(build, 0).eval()


def torch_attention(block):
    """The same weights in torch's own attention."""
    attention = nn.MultiheadAttention(D, block.n_heads, batch_first=True)
    attention.load_state_dict(
        {
            "in_proj_weight": block.query_key_value.weight,
            "in_proj_bias": block.query_key_value.bias,
            "out_proj.weight": block.attention_output.weight,
            "out_proj.bias": block.attention_output.bias,
        }
    )
    return attention.eval()


def block_by_hand(block, x, **masks):
    normed = block.attention_norm(x)
    attention = torch_attention(block)
    x = x + attention(normed, normed, normed, need_weights=False, **masks)[0]
    return x + block.feedforward(block.feedforward_norm(x))


@pytest.mark.parametrize("n_heads", [1, 2, 8])
def test_causal_block_equals_torch_multihead_attention(n_heads):
    x, causal_block = inputs(), block(n_heads)
    after = torch.ones(5, 5, dtype=torch.bool).triu(1)
    expected = block_by_hand(causal_block, x, attn_mask=after)
    torch.testing.assert_close(causal_block(x), expected)


def test_masked_block_equals_torch_multihead_attention():
    x, masked_block = inputs(), block()
    visible = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected = block_by_hand(masked_block, x, key_padding_mask=~visible)
    torch.testing.assert_close(masked_block(x, visible[:, None, None]), expected)


@pytest.mark.parametrize("changed", range(5))
def test_no_output_depends_on_later_inputs(changed):
    x, causal = inputs(), encoder()
    other = x.clone()
    other[:, changed] = x[:, changed].flip(1)
    same = (causal(x) == causal(other)).all(dim=2)
    assert same[:, :changed].all()
    assert not same[:, changed:].any()


def test_no_output_depends_on_masked_inputs():
    x, masked = inputs(batch=1), encoder()
    visible = torch.tensor([True, True, False, True, False])
    other = torch.where(visible[:, None], x, 100.0)
    outputs = (masked(values, visible[None, None, None]) for values in (x, other))
    first, second = (output[:, visible] for output in outputs)
    torch.testing.assert_close(first, second)


def test_a_mask_lets_earlier_positions_see_later_ones():
    x, bidirectional = inputs(), encoder()
    other = x.clone()
    other[:, -1] = x[:, -1].flip(1)
    everything = torch.ones(2, 1, 1, 5, dtype=torch.bool)
    first, second = (bidirectional(values, everything)[:, 0] for values in (x, other))
    assert not torch.equal(first, second)


def test_rows_do_not_mix():
    x, causal = inputs(batch=3), encoder()
    alone = torch.cat([causal(row[None]) for row in x])
    torch.testing.assert_close(causal(x), alone)


def test_an_encoder_is_its_blocks_and_a_norm():
    x, stacked = inputs(), encoder(n_layers=3)
    expected = x
    for part in stacked.blocks:
        expected = part(expected)
    expected = F.layer_norm(expected, (D,), stacked.norm.weight, stacked.norm.bias)
    assert len(stacked.blocks) == 3
    torch.testing.assert_close(stacked(x), expected)


@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("is_causal", [True, False])
def test_only_the_states_that_are_wanted_are_computed(n_layers, is_causal):
    x, stacked = inputs(), encoder(n_layers)
    is_wanted = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 0, 0, 1]], dtype=torch.bool)
    everyone = None if is_causal else torch.ones(2, 1, 1, 5, dtype=torch.bool)
    n_normed = []
    stacked.norm.register_forward_hook(lambda *call: n_normed.append(call[2].shape[0]))
    wanted = stacked(x, everyone, is_wanted)
    assert n_normed == [3]
    torch.testing.assert_close(wanted, stacked(x, everyone)[is_wanted])


def test_dropout_acts_in_training_only():
    x, trained = inputs(), encoder()
    assert torch.equal(trained(x), trained(x))
    trained.train()
    assert not torch.equal(trained(x), trained(x))


def test_attention_can_start_as_a_mean_of_its_normalised_input():
    """With no random share and no preference, values and outputs change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformer, "RANDOM_SHARE", 0.0)
        start = block()
        start.start_as_mean()
    with torch.no_grad():
        start.query_key_value.weight[: 2 * D] = 0
        start.query_key_value.bias.zero_()
        start.attention_output.bias.zero_()
        for parameter in start.feedforward.parameters():
            parameter.zero_()
        x = inputs()
        everyone = torch.ones(2, 1, 1, 5, dtype=torch.bool)
        mean = start.attention_norm(x).mean(dim=1, keepdim=True)
        torch.testing.assert_close(start(x, everyone), x + mean)


def test_an_encoder_starts_all_blocks_as_means():
    build = partial(TransformerEncoder, D, 2, 2, dropout=0.5, starts_as_mean=True)
    started, plain = seeded_build(build, 0), encoder()
    for block, random in zip(started.blocks, plain.blocks, strict=True):
        expected = torch.eye(D) + 0.3 * random.attention_output.weight
        torch.testing.assert_close(block.attention_output.weight, expected)
        torch.testing.assert_close(
            block.query_key_value.weight[: 2 * D],
            random.query_key_value.weight[: 2 * D],
        )
