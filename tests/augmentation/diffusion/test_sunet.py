import pytest
import torch
from torch import nn

from skdiffuasr.augmentation.diffusion import SUNet


def build(n_pseudo_items, embedding_dim, **parameters):
    return SUNet(**parameters).build(n_pseudo_items, embedding_dim)


def inputs(batch, n_pseudo_items, embedding_dim, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, n_pseudo_items, embedding_dim, generator=generator)
    t = torch.randint(1000, (batch,), generator=generator)
    return x, t, torch.randn(batch, embedding_dim, generator=generator)


@pytest.mark.parametrize(
    ("embedding_dim", "sides"),
    [
        (1, [1]),
        (4, [2]),
        (9, [3, 2]),
        (16, [4, 2]),
        (25, [5, 3, 2]),
        (49, [7, 4, 2]),
        (50, [8, 4, 2]),
        (64, [8, 4, 2]),
        (128, [12, 6, 3, 2]),
        (256, [16, 8, 4, 2]),
    ],
)
def test_depth_follows_the_side_and_stops_at_two(embedding_dim, sides):
    assert build(3, embedding_dim).sides == sides


@pytest.mark.parametrize("base_channels", [8, 16, None])
@pytest.mark.parametrize("embedding_dim", [1, 4, 16, 64, 100])
def test_no_group_norm_has_fewer_than_eight_values(base_channels, embedding_dim):
    values_per_group = []

    def record(norm, arguments, output):
        values_per_group.append(output[0].numel() // norm.num_groups)

    model = build(10, embedding_dim, base_channels=base_channels)
    for module in model.modules():
        if isinstance(module, nn.GroupNorm):
            module.register_forward_hook(record)
    model(*inputs(1, 10, embedding_dim))
    assert min(values_per_group) >= 8


def test_published_network_can_be_built():
    model = build(10, 64, base_channels=8)
    assert model.stem.out_channels == 8
    assert model.sides == [8, 4, 2]
    assert model(*inputs(2, 10, 64)).shape == (2, 10, 64)


@pytest.mark.parametrize("n_pseudo_items", [1, 10, 17, 50])
def test_default_stem_is_no_bottleneck(n_pseudo_items):
    model = build(n_pseudo_items, 16)
    assert model.stem.out_channels >= max(16, n_pseudo_items)


def test_square_dimensions_need_no_projection():
    assert isinstance(build(2, 16).to_square, nn.Identity)
    assert build(2, 17).to_square.out_features == 25


@pytest.mark.parametrize("base_channels", [0, 4, 12])
def test_narrow_or_odd_stem_is_refused(base_channels):
    with pytest.raises(ValueError, match=f"base_channels.*{base_channels}"):
        build(3, 16, base_channels=base_channels)


def test_no_residual_block_is_refused():
    with pytest.raises(ValueError, match="n_res_blocks"):
        build(3, 16, n_res_blocks=0)
