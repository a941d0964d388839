import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.augmentation.diffusion import (
    CosineSchedule,
    LinearSchedule,
    QuadraticSchedule,
    SigmoidSchedule,
)

SCHEDULES = [LinearSchedule, QuadraticSchedule, SigmoidSchedule, CosineSchedule]


def betas_of(schedule):
    """Betas of the forward process, 1 - abar_t / abar_{t - 1}."""
    abar = schedule.diffusion().alphas_cumprod
    return 1 - abar / torch.cat([torch.ones(1, dtype=abar.dtype), abar[:-1]])


@pytest.mark.parametrize(
    ("schedule", "name_in_diffusers"),
    [
        (LinearSchedule, "linear"),
        (QuadraticSchedule, "scaled_linear"),
        (SigmoidSchedule, "sigmoid"),
        (CosineSchedule, "squaredcos_cap_v2"),
    ],
)
def test_betas_equal_those_of_diffusers(schedule, name_in_diffusers):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(beta_schedule=name_in_diffusers).betas
    torch.testing.assert_close(betas_of(schedule()).float(), theirs)


@given(schedule=st.sampled_from(SCHEDULES), n_timesteps=st.integers(1, 1500))
def test_betas_are_increasing_variances_that_end_in_noise(schedule, n_timesteps):
    betas = betas_of(schedule(n_timesteps=n_timesteps))
    assert betas.shape == (n_timesteps,)
    assert betas.dtype == torch.float64
    assert ((betas > 0) & (betas <= 0.999)).all()
    assert (betas.diff() >= 0).all()
    assert (1 - betas).prod() < 2e-3


def test_no_timesteps_are_refused():
    with pytest.raises(ValueError, match="'n_timesteps' parameter of LinearSchedule"):
        LinearSchedule(n_timesteps=0).diffusion()
