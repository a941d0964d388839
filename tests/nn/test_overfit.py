"""All parts together: what a network has learnt by heart, it generates."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.guidance import classifier_free, conditional, drop_condition
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.nn.samplers import sample
from skdiffuasr.nn.schedules import make_betas
from skdiffuasr.nn.sunet import SUNet

N_ITEMS, EMBEDDING_DIM, N_STEPS = 20, 16, 250
DIFFUSION = GaussianDiffusion(make_betas("linear", 50))


def overfit(x_0, condition):
    """Train on a handful of windows, each with a condition of its own."""
    network = SUNet(x_0.shape[1], EMBEDDING_DIM, n_res_blocks=1, dropout=0.0)
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


@pytest.mark.parametrize(("n_windows", "n_pseudo_items"), [(8, 3), (8, 1), (1, 1)])
def test_windows_learnt_by_heart_are_generated(n_windows, n_pseudo_items):
    torch.manual_seed(0)
    catalogue = F.normalize(torch.randn(N_ITEMS, EMBEDDING_DIM)) * EMBEDDING_DIM**0.5
    windows = torch.randint(N_ITEMS, (n_windows, n_pseudo_items))
    condition = torch.randn(n_windows, EMBEDDING_DIM)
    network = overfit(catalogue[windows], condition)

    def model(x_t, t, condition):
        return DIFFUSION.velocity_to_noise(x_t, t, network(x_t, t, condition))

    for predict_noise, sampler in product(
        [
            conditional(model, condition),
            classifier_free(model, condition, network.null_condition, 0.1),
        ],
        ["ddim", "ddpm"],
    ):
        x_T = torch.randn(n_windows, n_pseudo_items, EMBEDDING_DIM)
        x_0 = sample(predict_noise, x_T, DIFFUSION, sampler=sampler)
        assert torch.equal(nearest_items(x_0, catalogue), windows)
