"""All parts together: what a network has learnt by heart, it generates."""

from itertools import product
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.augmentation.diffusion import (
    DDIM,
    DDPM,
    ClassifierFreeGuidance,
    LinearSchedule,
    SUNet,
    TransformerDenoiser,
)
from skdiffuasr.augmentation.diffusion.guidance.base import without_guidance
from skdiffuasr.nn.denoiser import drop_condition
from skdiffuasr.nn.rounding import nearest_items

N_ITEMS, EMBEDDING_DIM, N_STEPS = 20, 16, 250
DIFFUSION = LinearSchedule(n_timesteps=50).diffusion()


def overfit(denoiser, x_0, condition):
    """Train on a handful of windows, each with a condition of its own."""
    network = denoiser.build(x_0.shape[1], EMBEDDING_DIM)
    optimizer = torch.optim.Adam(network.parameters())
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=N_STEPS
    )
    rows = torch.arange(64) % len(x_0)
    for _ in range(N_STEPS):
        t = torch.randint(DIFFUSION.n_timesteps, (len(rows),))
        noise = torch.randn(len(rows), *x_0.shape[1:])
        x_t = DIFFUSION.q_sample(x_0[rows], t, noise)
        kept = drop_condition(condition[rows], network.null_condition, 0.1)
        velocity = network(x_t, t, kept)
        loss = F.mse_loss(DIFFUSION.velocity_to_noise(x_t, t, velocity), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return network.eval()


@pytest.mark.parametrize(
    "denoiser",
    [SUNet(n_res_blocks=1, dropout=0.0), TransformerDenoiser(n_layers=2, dropout=0.0)],
    ids=["sunet", "transformer"],
)
@pytest.mark.parametrize(("n_windows", "n_pseudo_items"), [(8, 3), (8, 1), (1, 1)])
def test_windows_learnt_by_heart_are_generated(denoiser, n_windows, n_pseudo_items):
    torch.manual_seed(0)
    catalogue = F.normalize(torch.randn(N_ITEMS, EMBEDDING_DIM)) * EMBEDDING_DIM**0.5
    windows = torch.randint(N_ITEMS, (n_windows, n_pseudo_items))
    condition = torch.randn(n_windows, EMBEDDING_DIM)
    network = overfit(denoiser, catalogue[windows], condition)

    def predict_noise(x_t, t, condition):
        return DIFFUSION.velocity_to_noise(x_t, t, network(x_t, t, condition))

    model = SimpleNamespace(denoiser=network, predict_noise=predict_noise)
    for guided, sampler in product(
        [without_guidance(model), ClassifierFreeGuidance().guide(model, 0.1)],
        [DDIM(), DDPM()],
    ):
        x_T = torch.randn(n_windows, n_pseudo_items, EMBEDDING_DIM)
        x_0 = sampler.sample(
            lambda x_t, t, guided=guided: guided(x_t, t, condition, None),
            x_T,
            DIFFUSION,
        )
        assert torch.equal(nearest_items(x_0, catalogue), windows)
