import pytest
import torch

from skdiffuasr.nn.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_units_are_dropped_with_the_probability_and_the_mean_is_kept(p):
    torch.manual_seed(0)
    dropped = Dropout(p)(torch.ones(999, 1001))
    n = dropped.numel()
    share = float((dropped == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / n) ** 0.5)
    kept = dropped[dropped != 0]
    assert kept.unique().numel() == 1
    assert float(kept[0]) == pytest.approx(1 / (1 - p), rel=1e-4)
    # What is kept makes up exactly for the probability that is really used.
    used = round(p * 2**16) / 2**16
    assert float(kept[0]) * (1 - used) == pytest.approx(1, rel=1e-6)


def test_units_are_dropped_independently():
    torch.manual_seed(0)
    masks = Dropout(0.5)(torch.ones(4000, 16)) > 0
    correlation = torch.corrcoef(masks.T.double())
    off_diagonal = correlation - torch.eye(16, dtype=torch.float64)
    assert off_diagonal.abs().max() < 5 / 4000**0.5


def test_the_gradient_goes_where_the_value_went():
    x = torch.randn(7, 13, requires_grad=True)
    dropped = Dropout(0.3)(x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad * x, dropped)


def test_nothing_is_dropped_in_evaluation_or_without_a_probability():
    x = torch.randn(5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_everything_can_be_dropped():
    assert (Dropout(1.0)(torch.ones(10)) == 0).all()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shapes_and_dtypes(shape, dtype):
    dropped = Dropout(0.5)(torch.ones(shape, dtype=dtype))
    assert dropped.shape == shape
    assert dropped.dtype == dtype


def test_masks_follow_the_seed():
    masks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        masks.append(Dropout(0.5)(torch.ones(100)))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
