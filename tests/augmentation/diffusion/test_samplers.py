from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.augmentation.diffusion import (
    DDIM,
    DDPM,
    CosineSchedule,
    LinearSchedule,
)
from skdiffuasr.augmentation.diffusion.samplers.base import posterior_variance

BETAS = LinearSchedule().betas()
DIFFUSION = LinearSchedule().diffusion()
SAMPLERS = [DDIM, DDPM]
SHAPE = (2, 3, 4)


def fake_noise_model(x_t, t):
    """The best one for x_0 ~ N(0, I), bent differently at every timestep."""
    bend = 0.1 * torch.sin(x_t + 0.01 * t[:, None, None])
    return DIFFUSION.noise_scale[t, None, None] * x_t + bend


def perfect_noise_model(x_0):
    """Knows the answer."""

    def noise(x_t, t):
        signal_scale = DIFFUSION.signal_scale[t, None, None]
        return (x_t - signal_scale * x_0) / DIFFUSION.noise_scale[t, None, None]

    return noise


def in_double_precision(scheduler):
    """Their table is single, where 1 - abar_0 = 1e-4 has three digits left."""
    scheduler.alphas_cumprod = (1 - BETAS).cumprod(0)
    return scheduler


def start(seed=0):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def noise_stream(seed=1):
    """As many draws as a sampler asks for, each with its own key."""

    def draw_noise(step_index):
        return start(1000 * seed + step_index)

    return draw_noise


@pytest.mark.parametrize("n_steps", [1, 5, 50, 1000])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_follows_the_trajectory_of_diffusers(n_steps, eta):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        trained_betas=BETAS.numpy(),
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )
    in_double_precision(scheduler).set_timesteps(n_steps)
    draw_noise = noise_stream()
    theirs = start()
    for step_index, t in enumerate(scheduler.timesteps):
        eps = fake_noise_model(theirs, t.expand(len(theirs)))
        theirs = scheduler.step(
            eps, int(t), theirs, eta=eta, variance_noise=draw_noise(step_index)
        ).prev_sample
    ours = DDIM(n_steps=n_steps, eta=eta).sample(
        fake_noise_model, start(), DIFFUSION, draw_noise=draw_noise
    )
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_steps", [1, 5, 7, 1000])
def test_ddpm_follows_the_trajectory_of_diffusers(n_steps):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(
        trained_betas=BETAS.numpy(), timestep_spacing="trailing", clip_sample=False
    )
    in_double_precision(scheduler).set_timesteps(n_steps)
    their_generator, our_generator = (torch.Generator().manual_seed(1) for _ in "ab")
    theirs = start()
    for t in scheduler.timesteps:
        eps = fake_noise_model(theirs, t.expand(len(theirs)))
        theirs = scheduler.step(eps, t, theirs, generator=their_generator).prev_sample
    ours = DDPM(n_steps=n_steps).sample(
        fake_noise_model,
        start(),
        DIFFUSION,
        draw_noise=lambda _: torch.randn(SHAPE, generator=our_generator),
    )
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_clamped_ddim_follows_the_trajectory_of_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        trained_betas=BETAS.numpy(),
        timestep_spacing="trailing",
        clip_sample=True,
        clip_sample_range=0.7,
    )
    in_double_precision(scheduler).set_timesteps(10)
    theirs = start()
    for t in scheduler.timesteps:
        eps = fake_noise_model(theirs, t.expand(len(theirs)))
        theirs = scheduler.step(
            eps, int(t), theirs, use_clipped_model_output=True
        ).prev_sample
    ours = DDIM(n_steps=10).sample(fake_noise_model, start(), DIFFUSION, max_abs_x0=0.7)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_timesteps_are_counted_from_the_end():
    assert DDIM(n_steps=5).timesteps(1000) == [999, 799, 599, 399, 199]


@given(n_timesteps=st.integers(1, 1000), data=st.data())
def test_timesteps_descend_from_pure_noise(n_timesteps, data):
    n_steps = data.draw(st.integers(1, n_timesteps))
    timesteps = DDIM(n_steps=n_steps).timesteps(n_timesteps)
    assert len(timesteps) == n_steps
    assert timesteps[0] == n_timesteps - 1
    assert timesteps[-1] >= 0
    assert all(a > b for a, b in pairwise(timesteps))


@given(abar=st.tuples(st.floats(1e-4, 0.99), st.floats(1.001, 1e4)))
def test_ddpm_step_is_ddim_step_of_full_eta(abar):
    abar_t, factor = abar
    abar_s = min(1.0, abar_t * factor)
    x_t, x_0 = start(0), start(1)
    mean, variance = DDPM().step(x_t, x_0, abar_t, abar_s)
    expected_mean, expected_variance = DDIM(eta=1.0).step(x_t, x_0, abar_t, abar_s)
    torch.testing.assert_close(mean, expected_mean, atol=1e-4, rtol=1e-4)
    assert variance == pytest.approx(expected_variance)


@given(eta=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_ddim_step_keeps_the_marginal_of_the_forward_process(eta, seed):
    abar_t, abar_s = 0.2, 0.6
    generator = torch.Generator().manual_seed(seed)
    x_0 = torch.full((1, 1, 40_000), 2.0)
    eps, noise = torch.randn(2, 1, 1, 40_000, generator=generator)
    x_t = abar_t**0.5 * x_0 + (1 - abar_t) ** 0.5 * eps
    mean, variance = DDIM(eta=eta).step(x_t, x_0, abar_t, abar_s)
    x_s = mean + variance**0.5 * noise
    assert x_s.mean().item() == pytest.approx(2 * abar_s**0.5, abs=0.03)
    assert x_s.var().item() == pytest.approx(1 - abar_s, abs=0.03)


def test_posterior_variance_is_that_of_bayes_rule():
    abar_t, abar_s = 0.3, 0.8
    # x_s ~ N(., 1 - abar_s) seen through x_t = sqrt(alpha) x_s + N(0, 1 - alpha).
    alpha = abar_t / abar_s
    precision = 1 / (1 - abar_s) + alpha / (1 - alpha)
    assert posterior_variance(abar_t, abar_s) == pytest.approx(1 / precision)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("shape", [(1, 1, 4), (1, 3, 4), (2, 1, 5)])
@pytest.mark.parametrize("n_steps", [1, 3, 1000])
def test_perfect_noise_model_is_led_to_its_answer(sampler, shape, n_steps):
    x_0 = torch.linspace(-2, 2, shape[0] * shape[1] * shape[2]).view(shape)
    found = sampler(n_steps=n_steps).sample(
        perfect_noise_model(x_0),
        torch.randn(shape, generator=torch.Generator().manual_seed(0)),
        DIFFUSION,
    )
    torch.testing.assert_close(found, x_0, atol=1e-4, rtol=0)


@given(seed=st.integers(0, 2**31))
def test_ddim_without_eta_draws_nothing(seed):
    torch.manual_seed(seed)
    state = torch.get_rng_state()
    first = DDIM().sample(fake_noise_model, start(), DIFFUSION)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, DDIM().sample(fake_noise_model, start(), DIFFUSION))


def test_noise_is_asked_for_at_every_step_but_the_last():
    asked = []

    def draw_noise(step_index):
        asked.append(step_index)
        return start(step_index)

    DDPM(n_steps=4).sample(fake_noise_model, start(), DIFFUSION, draw_noise=draw_noise)
    assert asked == [0, 1, 2]


def test_rows_do_not_depend_on_each_other():
    together = DDIM().sample(fake_noise_model, start(), DIFFUSION)
    alone = DDIM().sample(fake_noise_model, start()[1:], DIFFUSION)
    torch.testing.assert_close(together[1:], alone)


def test_eta_beyond_the_noise_there_is_stays_finite():
    x_0 = DDIM(eta=50.0).sample(
        fake_noise_model, start(), DIFFUSION, draw_noise=noise_stream()
    )
    assert x_0.isfinite().all()


def test_clamp_tames_the_cosine_schedule():
    diffusion = CosineSchedule().diffusion()

    def nearly_right(x_t, t):
        return diffusion.noise_scale[t, None, None] * x_t + 0.01  # for x_0 ~ N(0, I)

    wild = DDIM().sample(nearly_right, start(), diffusion)
    tame = DDIM().sample(nearly_right, start(), diffusion, max_abs_x0=3.0)
    assert wild.abs().max() > 20
    assert tame.abs().max() <= 3


@pytest.mark.parametrize("n_steps", [0, 1001])
def test_impossible_number_of_steps_is_refused(n_steps):
    with pytest.raises(ValueError, match=f"n_timesteps=1000, got {n_steps}"):
        DDIM(n_steps=n_steps).timesteps(1000)


def test_negative_eta_is_refused():
    with pytest.raises(ValueError, match="'eta' parameter of DDIM"):
        DDIM(eta=-0.1).sample(fake_noise_model, start(), DIFFUSION)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_on_step_is_told_every_estimate(sampler):
    x_T = start(7)
    told, asked = [], []

    def model(x_t, t):
        asked.append((x_t, t))
        return fake_noise_model(x_t, t)

    steps = sampler(n_steps=4)
    generated = steps.sample(
        model, x_T, DIFFUSION, draw_noise=noise_stream(), on_step=told.append
    )
    assert len(told) == 4
    for estimate, (x_t, t) in zip(told, asked, strict=True):
        expected = DIFFUSION.predict_x0(x_t, t, fake_noise_model(x_t, t))
        torch.testing.assert_close(estimate, expected)
    torch.testing.assert_close(told[-1], generated)
    unheard = steps.sample(fake_noise_model, x_T, DIFFUSION, draw_noise=noise_stream())
    assert torch.equal(unheard, generated)
