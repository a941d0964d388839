import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.bert4rec import BERT4Rec
from skdiffuasr.nn.cl4srec import CL4SRec
from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.nn.transformer import TransformerBlock
from skdiffuasr.training import seeded_build

N_ITEMS = 10
NETWORKS = {
    "SASRec": lambda: SASRec(N_ITEMS, 8, n_heads=2, max_length=9),
    "CL4SRec": lambda: CL4SRec(SASRec(N_ITEMS, 8, max_length=9)),
    "GRU4Rec": lambda: GRU4Rec(N_ITEMS, 8, hidden_dim=6, n_layers=2),
    "BERT4Rec": lambda: BERT4Rec(N_ITEMS, 8, n_heads=2, max_length=9),
}
every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=list(NETWORKS))
HISTORY = [3, 1, 4, 1, 5]
#: Pseudo items 2 and 7 before the history.
PREFIXED = [N_ITEMS + 2, N_ITEMS + 7, *HISTORY]


def build_telling(build, *, bias=None, gate=None, mark=None):
    module = seeded_build(build, 0).eval()
    module.tell_pseudo_items(N_ITEMS)
    with torch.no_grad():
        for name, value in {"bias": bias, "gate": gate, "mark": mark}.items():
            if value is not None:
                getattr(module.pseudo_items, name).fill_(value)
    return module


def last_hidden(module, history):
    # Padding behind the end, as in a batch.
    items = torch.tensor([[*history, 0, 0]])
    return module.last_hidden(items, torch.tensor([len(history)]))


@every_network
def test_closed_a_prefix_is_as_good_as_none(build):
    module = build_telling(build, bias=-1e4, gate=2.0, mark=0.5)
    expected = last_hidden(module, HISTORY)
    torch.testing.assert_close(last_hidden(module, PREFIXED), expected)
    if not isinstance(module, BERT4Rec):
        columns = torch.arange(len(PREFIXED))
        states = module(torch.tensor([PREFIXED]), torch.tensor([7]))
        alone = module(torch.tensor([HISTORY]), torch.tensor([5]))
        torch.testing.assert_close(states[:, columns >= 2], alone)


@every_network
def test_open_a_pseudo_item_is_read_like_an_observed_one(build):
    plain = seeded_build(build, 0).eval()
    module = build_telling(build, bias=0.0, gate=1.0, mark=0.0)
    codes = [item % N_ITEMS for item in PREFIXED]
    torch.testing.assert_close(last_hidden(module, PREFIXED), last_hidden(plain, codes))


@every_network
def test_gate_mark_and_bias_are_read_and_learned(build):
    module = build_telling(build)
    closed = last_hidden(module, HISTORY)
    hidden = last_hidden(module, PREFIXED)
    assert not torch.allclose(hidden, closed, atol=1e-6)
    hidden.square().sum().backward()
    for parameter in module.pseudo_items.parameters():
        assert (parameter.grad != 0).any()


@every_network
def test_what_is_new_draws_no_random_number(build):
    module = seeded_build(build, 0)
    weights = {name: w.clone() for name, w in module.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(())
    torch.manual_seed(0)
    module.tell_pseudo_items(N_ITEMS)
    assert torch.rand(()) == expected
    new = {f"pseudo_items.{name}" for name in ("gate", "mark", "bias")}
    assert set(module.state_dict()) - set(weights) == new
    for name, weight in weights.items():
        assert torch.equal(module.state_dict()[name], weight)


def test_without_being_told_codes_are_read():
    module = seeded_build(NETWORKS["SASRec"], 0)
    assert module.pseudo_offset == 0
    embedded, is_pseudo = module.embed(torch.tensor([HISTORY]))
    assert is_pseudo is None
    assert torch.equal(embedded[0], module.item_embedding.weight[HISTORY])


def test_pseudo_items_are_embedded_by_gate_and_mark():
    module = build_telling(NETWORKS["SASRec"], gate=0.5, mark=3.0)
    embedded, is_pseudo = module.embed(torch.tensor([PREFIXED]))
    assert is_pseudo.tolist() == [[True, True, *[False] * 5]]
    table = module.item_embedding.weight
    torch.testing.assert_close(embedded[0, :2], 0.5 * table[[2, 7]] + 3.0)
    assert torch.equal(embedded[0, 2:], table[HISTORY])


@pytest.mark.parametrize("mask", ["causal", "bool", "float"])
def test_the_bias_of_keys_is_added_to_any_mask(mask):
    torch.manual_seed(0)
    block = TransformerBlock(8, 2, 0.0).eval()
    x, key_bias = torch.randn(3, 5, 8), torch.randn(3, 5)
    is_within = torch.rand(3, 1, 5, 5) < 0.7
    is_within |= torch.eye(5, dtype=torch.bool)
    given = {"causal": None, "bool": is_within, "float": torch.randn(1, 2, 5, 5)}[mask]
    if mask == "causal":
        whole = torch.full((5, 5), -torch.inf).triu(1)
    elif mask == "bool":
        whole = torch.zeros(3, 1, 5, 5).masked_fill(~is_within, -torch.inf)
    else:
        whole = given
    expected = block(x, whole + key_bias[:, None, None])
    torch.testing.assert_close(block(x, given, key_bias=key_bias), expected)


def test_the_update_gate_is_lowered_step_by_step():
    """The recurrence of torch's documentation, with the bias."""
    module = build_telling(NETWORKS["GRU4Rec"])
    with torch.no_grad():
        module.pseudo_items.bias.copy_(torch.tensor([-1.0, -3.0]))
    # Pseudo items may be anywhere.
    items = torch.tensor([[3, N_ITEMS + 2, 1, N_ITEMS + 7, 5]])
    embedded, is_pseudo = module.embed(items)
    steps = list(embedded[0] * 8**0.5)
    for layer in range(2):
        of_input, of_state, input_bias, state_bias = module.gru.all_weights[layer]
        bias = module.pseudo_items.bias[layer] * is_pseudo[0]
        h, states = torch.zeros(6), []
        for x, lowered in zip(steps, bias, strict=True):
            r_x, z_x, n_x = F.linear(x, of_input, input_bias).chunk(3)
            r_h, z_h, n_h = F.linear(h, of_state, state_bias).chunk(3)
            z = torch.sigmoid(z_x + z_h - lowered)
            n = torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
            h = z * h + (1 - z) * n
            states.append(h)
        steps = states
    expected = module.output(torch.stack(steps))
    torch.testing.assert_close(module(items, torch.tensor([5]))[0], expected)
