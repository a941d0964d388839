import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.nn.schedules import make_betas

SCHEDULES = ["linear", "quadratic", "sigmoid", "cosine"]


@pytest.mark.parametrize(
    ("schedule", "name_in_diffusers"),
    [
        ("linear", "linear"),
        ("quadratic", "scaled_linear"),
        ("sigmoid", "sigmoid"),
        ("cosine", "squaredcos_cap_v2"),
    ],
)
def test_betas_equal_those_of_diffusers(schedule, name_in_diffusers):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(beta_schedule=name_in_diffusers).betas
    torch.testing.assert_close(make_betas(schedule).float(), theirs)


@given(schedule=st.sampled_from(SCHEDULES), n_timesteps=st.integers(1, 1500))
def test_betas_are_increasing_variances_that_end_in_noise(schedule, n_timesteps):
    betas = make_betas(schedule, n_timesteps)
    assert betas.shape == (n_timesteps,)
    assert betas.dtype == torch.float64
    assert ((betas > 0) & (betas <= 0.999)).all()
    assert (betas.diff() >= 0).all()
    assert (1 - betas).prod() < 2e-3


def test_unknown_schedule_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"cosine.*linear.*quadratic.*sigmoid.*'warp'"):
        make_betas("warp")


def test_no_timesteps_are_refused():
    with pytest.raises(ValueError, match="n_timesteps must be at least 1, got 0"):
        make_betas("linear", 0)
