import pytest
import torch

from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.training import seeded_build

MAX_LENGTH = 6


def build(**settings):
    settings = {"n_heads": 2, "max_length": MAX_LENGTH, **settings}
    return seeded_build(lambda: SASRec(10, 8, **settings), 0).eval()


def last_hidden(module, *history):
    return module.last_hidden(torch.tensor([history]), torch.tensor([len(history)]))


def positions_alone(module):
    """Items all look alike, so that outputs tell positions apart and nothing else."""
    with torch.no_grad():
        module.item_embedding.weight.zero_()
        module.position_embedding.weight.normal_(
            generator=torch.Generator().manual_seed(0)
        )
    return module


def test_padding_has_no_influence():
    module = build()
    items = torch.tensor([[4, 2, 0, 0], [1, 3, 5, 7]])
    lengths = torch.tensor([2, 4])
    others = torch.tensor([[4, 2, 9, 6], [1, 3, 5, 7]])
    first, second = module(items, lengths), module(others, lengths)
    assert torch.equal(first[0, :2], second[0, :2])
    assert torch.equal(first[1], second[1])
    alone = module(torch.tensor([[4, 2]]), torch.tensor([2]))
    torch.testing.assert_close(first[:1, :2], alone)


def test_no_state_depends_on_later_items():
    module = build()
    lengths = torch.tensor([4])
    before = module(torch.tensor([[1, 2, 3, 4]]), lengths)
    after = module(torch.tensor([[1, 2, 3, 9]]), lengths)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.equal(before[:, 3], after[:, 3])


def test_positions_are_counted_from_the_end():
    module = positions_alone(build(n_layers=1))
    hidden = module(torch.zeros(2, 4, dtype=torch.int64), torch.tensor([4, 2]))
    from_end = module.position_embedding.weight[[3, 2, 1, 0]]
    torch.testing.assert_close(hidden[:1], module.encoder(from_end[None]))
    torch.testing.assert_close(hidden[1:, :2], module.encoder(from_end[None, 2:]))


def test_order_matters_and_so_do_old_items():
    module = build()
    first = last_hidden(module, 1, 2, 3)
    assert not torch.allclose(first, last_hidden(module, 2, 1, 3))
    assert not torch.allclose(first, last_hidden(module, 5, 2, 3))


def test_last_hidden_is_the_state_after_the_last_item():
    module = build()
    items, lengths = torch.tensor([[4, 2, 0], [1, 3, 5]]), torch.tensor([2, 3])
    hidden = module(items, lengths)
    expected = torch.stack([hidden[0, 1], hidden[1, 2]])
    torch.testing.assert_close(module.last_hidden(items, lengths), expected)


def test_encode_takes_embedded_items():
    module = build()
    items, lengths = torch.tensor([[4, 2, 7]]), torch.tensor([3])
    encoded = module.encode(module.item_embedding(items), lengths)
    torch.testing.assert_close(encoded, module(items, lengths))


def test_the_longest_history_fits():
    module = build()
    assert last_hidden(module, *range(MAX_LENGTH)).shape == (1, 8)
    with pytest.raises(IndexError):
        last_hidden(module, *range(MAX_LENGTH + 1))


def test_every_parameter_gets_a_gradient():
    module = build()
    (last_hidden(module, *range(MAX_LENGTH)) @ torch.arange(8.0)).backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
