import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from skdiffuasr.augmentation.diffusion import LinearSchedule, SUNet
from skdiffuasr.nn import denoiser as denoisers
from skdiffuasr.nn.denoiser import (
    Denoiser,
    denoising_loss,
    drop_condition,
    on_sphere,
)
from skdiffuasr.training import seeded_build

N_ITEMS, M, D = 12, 2, 4
DIFFUSION = LinearSchedule(n_timesteps=50).diffusion()


def build():
    network = SUNet(base_channels=8, n_res_blocks=1, dropout=0.0)
    return seeded_build(lambda: Denoiser(N_ITEMS, M, D, network.build), 0)


def pairs():
    """Three windows, followed by suffixes of the lengths 2, 0 and 3."""
    windows = torch.arange(6).view(3, M)
    return windows, torch.tensor([3, 4, 9, 10, 11]), torch.tensor([2, 0, 3])


def loss_of(denoiser, seed=0, **settings):
    settings = {"condition_dropout": 0.0, "rounding_weight": 1.0, **settings}
    windows, suffixes, lengths = pairs()
    condition = denoiser.condition(suffixes, lengths)
    torch.manual_seed(seed)
    return denoising_loss(denoiser, windows, condition, diffusion=DIFFUSION, **settings)


def draws(seed=0):
    """Timesteps and noise of `loss_of`, in the order it draws them."""
    torch.manual_seed(seed)
    return torch.randint(DIFFUSION.n_timesteps, (3,)), torch.randn(3, M, D)


def train(denoiser, n_steps, rounding_weight):
    """Minimise the loss on random pairs; return its values."""
    optimizer = torch.optim.Adam(
        [parameter for parameter in denoiser.parameters() if parameter.requires_grad],
        lr=0.03,
    )
    torch.manual_seed(0)
    losses = []
    for _ in range(n_steps):
        loss = denoising_loss(
            denoiser,
            torch.randint(N_ITEMS, (32, M)),
            denoiser.embed(torch.randint(N_ITEMS, (32,))),
            diffusion=DIFFUSION,
            condition_dropout=0.1,
            rounding_weight=rounding_weight,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def spread(denoiser):
    """Mean distance of an item from the centre of the catalogue, in [0, sqrt(d)]."""
    catalogue = denoiser.catalogue().detach()
    return (catalogue - catalogue.mean(0)).norm(dim=1).mean().item()


def test_embeddings_have_the_norm_of_noise():
    denoiser = build()
    with torch.no_grad():
        denoiser.item_embedding.weight *= torch.logspace(-3, 3, N_ITEMS)[:, None]
    norms = denoiser.catalogue().norm(dim=1)
    torch.testing.assert_close(norms, torch.full((N_ITEMS,), math.sqrt(D)))


def test_embeddings_are_rows_of_the_catalogue():
    denoiser, codes = build(), torch.tensor([[3, 1], [7, 7]])
    embedded = denoiser.embed(codes)
    assert embedded.shape == (2, 2, D)
    torch.testing.assert_close(embedded, denoiser.catalogue()[codes])


def test_condition_is_the_mean_of_the_history():
    denoiser = build()
    histories = [[3, 3, 4], [], [5], [11, 0, 2, 7]]
    condition = denoiser.condition(
        torch.tensor([item for history in histories for item in history]),
        torch.tensor([len(history) for history in histories]),
    )
    catalogue = denoiser.catalogue()
    for row, history in enumerate(histories):
        expected = catalogue[history].mean(0) if history else denoiser.null_condition
        torch.testing.assert_close(condition[row], expected)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_condition_of_no_items_at_all(lengths):
    denoiser = build()
    nothing = torch.empty(0, dtype=torch.int64)
    condition = denoiser.condition(nothing, torch.tensor(lengths, dtype=torch.int64))
    expected = denoiser.null_condition.expand(len(lengths), D)
    torch.testing.assert_close(condition, expected)


def test_condition_does_not_grow_with_the_history():
    denoiser = build()
    items = torch.arange(N_ITEMS)
    once = denoiser.condition(items, torch.tensor([N_ITEMS]))
    ten_times = denoiser.condition(items.repeat(10), torch.tensor([10 * N_ITEMS]))
    torch.testing.assert_close(once, ten_times)


def test_loss_is_the_squared_error_on_the_noise():
    denoiser = build()
    nn.init.normal_(denoiser.network.head.weight, std=0.1)
    windows, suffixes, lengths = pairs()
    t, noise = draws()
    x_t = DIFFUSION.q_sample(denoiser.catalogue()[windows], t, noise)
    condition = denoiser.condition(suffixes, lengths)
    expected = F.mse_loss(
        denoiser.predict_noise(x_t, t, condition, diffusion=DIFFUSION), noise
    )
    loss = loss_of(denoiser, rounding_weight=0.0)
    torch.testing.assert_close(loss, expected)


def test_loss_is_zero_for_a_network_that_knows_the_velocity():
    denoiser, windows = build(), pairs()[0]
    t, noise = draws()
    signal_scale = DIFFUSION.signal_scale[t, None, None]
    noise_scale = DIFFUSION.noise_scale[t, None, None]
    velocity = signal_scale * noise - noise_scale * denoiser.catalogue()[windows]
    denoiser.network.register_forward_hook(lambda *call: velocity)
    assert loss_of(denoiser, rounding_weight=0.0) < 1e-10


def test_rounding_term_is_a_cross_entropy_over_the_catalogue():
    denoiser = build()
    nn.init.normal_(denoiser.network.head.weight, std=0.1)
    windows, suffixes, lengths = pairs()
    t, noise = draws()
    x_t = DIFFUSION.q_sample(denoiser.catalogue()[windows], t, noise)
    condition = denoiser.condition(suffixes, lengths)
    estimate = DIFFUSION.predict_x0(
        x_t, t, denoiser.predict_noise(x_t, t, condition, diffusion=DIFFUSION)
    )
    cosines = F.cosine_similarity(
        estimate[:, :, None], denoiser.catalogue(), dim=3
    )  # (batch, M, n_items)
    logits = DIFFUSION.signal_scale[t, None, None] * D * cosines
    expected = F.cross_entropy(logits.flatten(0, 1), windows.flatten())
    rounding = (
        loss_of(denoiser, rounding_weight=2.0) - loss_of(denoiser, rounding_weight=0.0)
    ) / 2
    torch.testing.assert_close(rounding, expected)


@pytest.mark.parametrize("condition_dropout", [0.0, 1.0])
def test_dropped_conditions_are_the_null_condition(condition_dropout):
    denoiser = build()
    nn.init.normal_(denoiser.network.head.weight, std=0.1)
    seen = []
    denoiser.network.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[2])
    )
    loss_of(denoiser, condition_dropout=condition_dropout)
    is_null = (seen[0] == denoiser.null_condition).all(dim=1)
    # The second history is empty.
    assert is_null.tolist() == [condition_dropout == 1, True, condition_dropout == 1]


def test_a_batch_of_one_pair_is_enough():
    denoiser = build()
    loss = denoising_loss(
        denoiser,
        torch.arange(M)[None],
        denoiser.embed(torch.tensor([5])),
        diffusion=DIFFUSION,
        condition_dropout=0.1,
        rounding_weight=1.0,
    )
    assert loss.shape == ()
    assert torch.isfinite(loss)


def test_rounding_keeps_the_table_from_collapsing():
    spreads = []
    for rounding_weight in (0.0, 1.0):
        denoiser = build()
        with torch.no_grad():
            denoiser.item_embedding.weight *= 0.1  # so that steps turn the items far
        losses = train(denoiser, n_steps=120, rounding_weight=rounding_weight)
        assert sum(losses[-10:]) < sum(losses[:10])
        spreads.append(spread(denoiser))
    assert spreads[0] < 0.5 * math.sqrt(D)
    assert spreads[1] > 0.9 * math.sqrt(D)


def test_a_frozen_table_is_left_alone():
    denoiser = build()
    denoiser.item_embedding.requires_grad_(False)
    before = denoiser.item_embedding.weight.clone()
    train(denoiser, n_steps=3, rounding_weight=1.0)
    assert denoiser.item_embedding.weight.grad is None
    assert torch.equal(denoiser.item_embedding.weight, before)


def test_conditions_are_dropped_at_the_given_rate():
    torch.manual_seed(0)
    dropped = drop_condition(torch.zeros(10_000, 2), torch.ones(2), 0.2)
    assert (dropped[:, 0] == dropped[:, 1]).all()  # whole rows
    assert dropped.mean().item() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_all_conditions_are_dropped_or_none(probability):
    dropped = drop_condition(torch.zeros(1000, 2), torch.ones(2), probability)
    assert (dropped == probability).all()


def test_dropped_rows_train_the_null_condition_and_kept_rows_the_condition():
    condition = torch.zeros(100, 2, requires_grad=True)
    null = torch.ones(2, requires_grad=True)
    torch.manual_seed(0)
    drop_condition(condition, null, 0.5).sum().backward()
    n_kept = condition.grad[:, 0].sum()
    assert 0 < n_kept < 100
    assert torch.equal(null.grad, (100 - n_kept).expand(2))


@pytest.mark.parametrize("width", [1, 9, 64])
def test_vectors_on_the_sphere_have_the_norm_of_the_noise(width):
    vectors = torch.randn(5, width)
    scaled = on_sphere(vectors)
    torch.testing.assert_close(scaled.norm(dim=1), torch.full((5,), width**0.5))
    torch.testing.assert_close(F.cosine_similarity(scaled, vectors), torch.ones(5))


def test_dtype_is_that_of_the_products_of_rounding(monkeypatch):
    def cross_entropy(states, catalogue, targets, dtype):
        dtypes.append(dtype)
        return F.cross_entropy(states @ catalogue.T, targets)

    dtypes = []
    monkeypatch.setattr(denoisers, "full_cross_entropy", cross_entropy)
    loss_of(build(), dtype=torch.bfloat16)
    assert dtypes == [torch.bfloat16]
