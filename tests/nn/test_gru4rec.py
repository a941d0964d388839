import pytest
import torch

from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.training import seeded_build


def build(**settings):
    settings = {"hidden_dim": 5, "n_layers": 2, **settings}
    return seeded_build(lambda: GRU4Rec(10, 8, **settings), 0).eval()


def naive_state(gru, x, state):
    """One step of one layer of gated recurrent units, by its equations."""
    from_x = gru.weight_ih_l0 @ x + gru.bias_ih_l0
    from_state = gru.weight_hh_l0 @ state + gru.bias_hh_l0
    x_reset, x_update, x_new = from_x.chunk(3)
    h_reset, h_update, h_new = from_state.chunk(3)
    reset, update = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_update + h_update)
    new = torch.tanh(x_new + reset * h_new)
    return (1 - update) * new + update * state


def test_hidden_states_follow_the_equations():
    module = build(n_layers=1)
    items = [3, 1, 4, 1]
    state = torch.zeros(5)
    expected = []
    for item in items:
        x = module.item_embedding.weight[item] * 8**0.5
        state = naive_state(module.gru, x, state)
        expected.append(module.output.weight @ state + module.output.bias)
    hidden = module(torch.tensor([items]), torch.tensor([4]))
    torch.testing.assert_close(hidden[0], torch.stack(expected))


def test_padding_has_no_influence():
    module = build()
    items = torch.tensor([[4, 2, 0, 0], [1, 3, 5, 7]])
    lengths = torch.tensor([2, 4])
    alone = module(torch.tensor([[4, 2]]), torch.tensor([2]))
    torch.testing.assert_close(module(items, lengths)[:1, :2], alone)
    last = module.last_hidden(items, lengths)
    torch.testing.assert_close(last[:1], alone[:, 1])
    torch.testing.assert_close(last[1], module(items, lengths)[1, 3])


def test_no_state_depends_on_later_items():
    module = build()
    lengths = torch.tensor([4])
    before = module(torch.tensor([[1, 2, 3, 4]]), lengths)
    after = module(torch.tensor([[1, 2, 3, 9]]), lengths)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])


def test_order_matters_and_so_do_old_items():
    module = build()
    lengths = torch.tensor([3])
    first = module.last_hidden(torch.tensor([[1, 2, 3]]), lengths)
    for other in ([2, 1, 3], [5, 2, 3]):
        assert not torch.allclose(
            first, module.last_hidden(torch.tensor([other]), lengths)
        )


def test_states_that_are_wanted_are_those_of_all():
    module = build()
    items, lengths = torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([3, 1])
    is_wanted = torch.tensor([[True, False, True], [True, False, False]])
    torch.testing.assert_close(
        module(items, lengths, is_wanted), module(items, lengths)[is_wanted]
    )


@pytest.mark.parametrize("n_layers", [1, 2])
def test_dropout_acts_in_training_only(n_layers):
    module = build(n_layers=n_layers, dropout=0.5)
    batch = torch.tensor([[1, 2, 3]]), torch.tensor([3])
    assert torch.equal(module(*batch), module(*batch))
    module.train()
    assert not torch.equal(module(*batch), module(*batch))


def test_every_parameter_gets_a_gradient():
    module = build()
    hidden = module.last_hidden(torch.tensor([[1, 2, 3]]), torch.tensor([3]))
    (hidden @ torch.arange(8.0)).backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
