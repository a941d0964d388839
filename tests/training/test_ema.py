import pytest
import torch
from torch import nn

from skdiffuasr.training.ema import averaged_model


class Weighted(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(-100.0))
        self.register_buffer("counter", torch.tensor(0))


def average_of(values, decay):
    """Averaged model after the weight went through the values."""
    module = Weighted()
    averaged = averaged_model(module, decay)
    for value in values:
        with torch.no_grad():
            module.weight.fill_(value)
            module.counter += 1
        averaged.update_parameters(module)
    return averaged.module


@pytest.mark.parametrize("decay", [0.0, 0.15, 0.3, 0.9999])
@pytest.mark.parametrize("n_updates", [1, 2, 3, 20])
def test_average_agrees_with_its_closed_form(decay, n_updates):
    values = torch.randn(n_updates, generator=torch.Generator().manual_seed(0))
    decays = [min(decay, (1 + k) / (10 + k)) for k in range(n_updates)]
    # A value counts by what it came in with, times all later decays.
    expected = sum(
        (1.0 if k == 0 else 1 - decays[k])
        * torch.tensor(decays[k + 1 :]).prod()
        * values[k]
        for k in range(n_updates)
    )
    torch.testing.assert_close(average_of(values, decay).weight.detach(), expected)


def test_a_constant_is_its_own_average():
    assert average_of([3.0] * 5, decay=0.99).weight == 3


def test_initial_weights_leave_no_trace():
    assert average_of([0.0, 0.0], decay=0.9999).weight == 0


def test_buffers_are_copied():
    assert average_of([1.0, 2.0, 3.0], decay=0.9).counter == 3


def test_the_module_stays_as_it_is():
    module = Weighted()
    averaged = averaged_model(module, 0.5)
    averaged.update_parameters(module)
    assert averaged.module.weight is not module.weight
    assert module.weight == -100


def test_frozen_parameters_are_shared():
    module = nn.Sequential(nn.Embedding(5, 2), nn.Linear(2, 1))
    module[0].requires_grad_(False)
    averaged = averaged_model(module, 0.5)
    for _ in range(3):
        with torch.no_grad():
            module[1].weight.add_(1.0)
        averaged.update_parameters(module)
    shared, mean = averaged.module[0].weight, averaged.module[1].weight
    assert shared.data_ptr() == module[0].weight.data_ptr()
    assert not torch.equal(mean, module[1].weight)
