"""All parts together: what a network has learnt by heart, it generates."""

import pytest
import torch
import torch.nn.functional as F

from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.guidance import classifier_free, conditional, drop_condition
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.nn.samplers import sample
from skdiffuasr.nn.schedules import make_betas
from skdiffuasr.nn.sunet import SUNet

N_ITEMS, EMBEDDING_DIM = 30, 16


def overfit(windows, catalogue, condition, n_steps):
    """Train on a handful of windows, each with a condition of its own."""
    torch.manual_seed(0)
    model = SUNet(windows.shape[1], EMBEDDING_DIM, n_res_blocks=1, dropout=0.0)
    diffusion = GaussianDiffusion(make_betas("linear", 50))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    rows = torch.arange(len(windows)).repeat(64 // len(windows))
    x_0 = catalogue[windows[rows]]
    for _ in range(n_steps):
        t = torch.randint(diffusion.n_timesteps, (len(x_0),))
        noise = torch.randn_like(x_0)
        kept = drop_condition(condition[rows], model.null_condition, 0.1)
        eps = model(diffusion.q_sample(x_0, t, noise), t, kept)
        loss = F.mse_loss(eps, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), diffusion


@pytest.mark.parametrize("n_pseudo_items", [1, 3])
@pytest.mark.parametrize("n_windows", [1, 8])
def test_windows_learnt_by_heart_are_generated(n_pseudo_items, n_windows):
    generator = torch.Generator().manual_seed(0)
    catalogue = torch.randn(N_ITEMS, EMBEDDING_DIM, generator=generator)
    windows = torch.randint(N_ITEMS, (n_windows, n_pseudo_items), generator=generator)
    condition = torch.randn(n_windows, EMBEDDING_DIM, generator=generator)
    model, diffusion = overfit(windows, catalogue, condition, n_steps=200)

    x_T = torch.randn(n_windows, n_pseudo_items, EMBEDDING_DIM, generator=generator)
    for predict_noise in [
        conditional(model, condition),
        classifier_free(model, condition, model.null_condition, 0.1),
    ]:
        for sampler in ["ddim", "ddpm"]:
            x_0 = sample(
                predict_noise, x_T, diffusion, sampler=sampler, n_sampling_steps=10
            )
            assert torch.equal(nearest_items(x_0, catalogue), windows)
