import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.augmentation.diffusion import LinearSchedule
from skdiffuasr.nn.diffusion import GaussianDiffusion

DIFFUSION = LinearSchedule().diffusion()


def draw(seed, batch, n_pseudo_items, embedding_dim):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, n_pseudo_items, embedding_dim)
    return torch.randn(shape, generator=generator)


@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 4),
    n_pseudo_items=st.integers(1, 3),
    timestep=st.integers(0, 999),
)
def test_x_t_and_the_noise_give_x_0(seed, batch, n_pseudo_items, timestep):
    x_0 = draw(seed, batch, n_pseudo_items, 4)
    noise = draw(seed + 1, batch, n_pseudo_items, 4)
    t = torch.full((batch,), timestep)
    x_t = DIFFUSION.q_sample(x_0, t, noise)
    # The error of single precision is divided by sqrt(abar_t) >= 0.006.
    torch.testing.assert_close(
        DIFFUSION.predict_x0(x_t, t, noise), x_0, atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("timestep", [0, 500, 999])
def test_velocity_tells_the_noise(timestep):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(beta_schedule="linear")
    x_0, noise, t = draw(0, 3, 2, 4), draw(1, 3, 2, 4), torch.full((3,), timestep)
    velocity = scheduler.get_velocity(x_0, noise, t)
    x_t = DIFFUSION.q_sample(x_0, t, noise)
    torch.testing.assert_close(
        DIFFUSION.velocity_to_noise(x_t, t, velocity), noise, atol=1e-5, rtol=0
    )


def test_each_row_has_its_own_timestep():
    x_0, noise = draw(0, 3, 2, 4), draw(1, 3, 2, 4)
    t = torch.tensor([0, 500, 999])
    together = DIFFUSION.q_sample(x_0, t, noise)
    for row in range(3):
        alone = DIFFUSION.q_sample(x_0[[row]], t[[row]], noise[[row]])
        torch.testing.assert_close(together[[row]], alone)


def test_forward_process_equals_that_of_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(beta_schedule="linear")
    x_0, noise = draw(0, 3, 2, 4), draw(1, 3, 2, 4)
    t = torch.tensor([0, 500, 999])
    theirs = scheduler.add_noise(x_0, noise, t)
    torch.testing.assert_close(
        DIFFUSION.q_sample(x_0, t, noise), theirs, atol=1e-5, rtol=0
    )


def test_forward_process_keeps_unit_variance():
    torch.testing.assert_close(
        DIFFUSION.signal_scale**2 + DIFFUSION.noise_scale**2, torch.ones(1000)
    )


def test_nothing_of_the_schedule_is_in_the_state_dict():
    assert not DIFFUSION.state_dict()


@pytest.mark.parametrize("betas", [[], [0.0, 0.5], [0.5, 1.0], [[0.5]], [torch.nan]])
def test_bad_betas_are_refused(betas):
    with pytest.raises(ValueError, match="numbers between 0 and 1"):
        GaussianDiffusion(torch.tensor(betas))
