import pytest
import torch
from torch import nn

from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.guidance import (
    classifier,
    classifier_free,
    conditional,
    drop_condition,
)
from skdiffuasr.nn.samplers import sample
from skdiffuasr.nn.schedules import make_betas

DIFFUSION = GaussianDiffusion(make_betas("linear"))
TARGET = torch.tensor([1.5, -0.5, 0.0, 3.0])
T = torch.tensor([0, 300, 999])


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def gaussian_model(x_t, t, condition):
    """The best noise model for x_0 ~ N(condition, I)."""
    signal = DIFFUSION.signal_scale[t, None, None] * condition[:, None]
    return DIFFUSION.noise_scale[t, None, None] * (x_t - signal)


def log_likelihood(x, t, noise_variance=0.25):
    """log p(y = TARGET | x_t = x) for y = x_0 + noise and x_0 ~ N(0, I)."""
    signal = DIFFUSION.signal_scale[t, None, None]
    variance = noise_variance + DIFFUSION.noise_scale[t] ** 2  # (batch,)
    return -(TARGET - signal * x).square().sum(dim=(1, 2)) / (2 * variance)


def log_closeness(x, t):
    """A log-probability that knows nothing of noise."""
    return -0.01 * (TARGET - x).square().sum(dim=(1, 2))


class CountingModel:
    def __init__(self):
        self.batches = []

    def __call__(self, x_t, t, condition):
        self.batches.append(len(x_t))
        return gaussian_model(x_t, t, condition)


def test_conditional_follows_the_condition():
    condition = draw(200, 4)
    predict_noise = conditional(gaussian_model, condition)
    x_T = draw(200, 1, 4, seed=1)
    x_0 = sample(predict_noise, x_T, DIFFUSION, n_sampling_steps=500)
    torch.testing.assert_close(x_0, condition[:, None] + x_T, atol=0.05, rtol=0)


@pytest.mark.parametrize("guidance_scale", [-1.0, 0.0, 0.3, 2.0])
def test_classifier_free_shifts_the_mean_by_the_guidance_scale(guidance_scale):
    condition, null = draw(20, 4), torch.ones(4)
    x_T = draw(20, 1, 4, seed=1)
    predict_noise = classifier_free(gaussian_model, condition, null, guidance_scale)
    x_0 = sample(predict_noise, x_T, DIFFUSION, n_sampling_steps=500)
    mean = (1 + guidance_scale) * condition - guidance_scale * null
    torch.testing.assert_close(x_0, mean[:, None] + x_T, atol=0.1, rtol=0)


@pytest.mark.parametrize(("guidance_scale", "batches"), [(0.0, [3]), (1.0, [6])])
def test_classifier_free_calls_the_model_once(guidance_scale, batches):
    model = CountingModel()
    predict_noise = classifier_free(model, draw(3, 4), torch.ones(4), guidance_scale)
    predict_noise(draw(3, 2, 4), T)
    assert model.batches == batches


@pytest.mark.parametrize("classifier_input", ["noisy", "x0"])
@pytest.mark.parametrize("guidance_scale", [0.5, 2.0])
def test_classifier_adds_its_gradient_with_the_coefficient_of_the_timestep(
    classifier_input, guidance_scale
):
    x_t, condition = draw(3, 2, 4), draw(3, 4, seed=1)
    eps = gaussian_model(x_t, T, condition)
    signal, noise_scale = (
        scale[T, None, None]
        for scale in (DIFFUSION.signal_scale, DIFFUSION.noise_scale)
    )
    if classifier_input == "noisy":
        gradient = 0.02 * (TARGET - x_t)
    else:  # d x_0 / d x_t = sqrt(abar_t) for the Gaussian model
        gradient = signal * 0.02 * (TARGET - (x_t - noise_scale * eps) / signal)
    predict_noise = classifier(
        gaussian_model,
        condition,
        guidance_scale,
        DIFFUSION,
        log_closeness,
        classifier_input=classifier_input,
    )
    # The Jacobian of x_0 is a difference of numbers near 1 / sqrt(abar_t) <= 160.
    torch.testing.assert_close(
        predict_noise(x_t, T),
        eps - guidance_scale * noise_scale * gradient,
        atol=1e-3,
        rtol=0,
    )


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_classifier_leads_to_the_posterior_of_a_gaussian(sampler):
    predict_noise = classifier(
        gaussian_model,
        torch.zeros(2000, 4),
        1.0,
        DIFFUSION,
        log_likelihood,
        classifier_input="noisy",
    )
    torch.manual_seed(0)
    x_0 = sample(
        predict_noise,
        draw(2000, 1, 4),
        DIFFUSION,
        sampler=sampler,
        n_sampling_steps=500,
    )
    assert x_0.var(dim=0).mean().item() == pytest.approx(0.2, abs=0.02)
    torch.testing.assert_close(x_0.mean(dim=0)[0], TARGET / 1.25, atol=0.05, rtol=0)


def test_reading_the_clean_estimate_leads_to_the_posterior_of_a_weak_likelihood():
    # The estimate is taken for certain, an error of 1 / 50 next to this variance.
    noise_variance, target = 50.0, 100.0

    def log_probability(x_0, t):
        assert (t == 0).all()
        return -(target - x_0).square().sum(dim=(1, 2)) / (2 * noise_variance)

    predict_noise = classifier(
        gaussian_model, torch.zeros(1, 4), 1.0, DIFFUSION, log_probability
    )
    x_0 = sample(predict_noise, torch.zeros(1, 1, 4), DIFFUSION, n_sampling_steps=500)
    mean = torch.full_like(x_0, target / (1 + noise_variance))
    torch.testing.assert_close(x_0, mean, atol=0, rtol=0.03)


@pytest.mark.parametrize("classifier_input", ["noisy", "x0"])
def test_more_guidance_means_more_log_probability(classifier_input):
    log_probs = []
    for guidance_scale in [-1.0, 0.0, 1.0, 3.0]:
        predict_noise = classifier(
            gaussian_model,
            torch.zeros(20, 4),
            guidance_scale,
            DIFFUSION,
            log_closeness,
            classifier_input=classifier_input,
        )
        x_0 = sample(predict_noise, draw(20, 1, 4), DIFFUSION, n_sampling_steps=50)
        log_probs.append(log_closeness(x_0, None))
    assert (torch.stack(log_probs).diff(dim=0) > 0).all()


@pytest.mark.parametrize("classifier_input", ["noisy", "x0"])
def test_classifier_guides_each_row_by_itself(classifier_input):
    x_t, condition = draw(3, 2, 4), draw(3, 4, seed=1)

    def guided(rows):
        predict_noise = classifier(
            gaussian_model,
            condition[rows],
            1.0,
            DIFFUSION,
            log_closeness,
            classifier_input=classifier_input,
        )
        return predict_noise(x_t[rows], T[rows])

    torch.testing.assert_close(guided(slice(1, 2)), guided(slice(None))[1:2])


@pytest.mark.parametrize("classifier_input", ["noisy", "x0"])
def test_classifier_works_without_grad_and_leaves_none_behind(classifier_input):
    network, judge = nn.Linear(4, 4), nn.Linear(4, 1)
    predict_noise = classifier(
        lambda x_t, t, condition: network(x_t),
        torch.zeros(3, 4),
        1.0,
        DIFFUSION,
        lambda x, t: judge(x).sum(dim=(1, 2)),
        classifier_input=classifier_input,
    )
    x_t = draw(3, 2, 4)
    with torch.no_grad():
        quiet = predict_noise(x_t, T)
    loud = predict_noise(x_t, T)
    torch.testing.assert_close(quiet, loud)
    assert not quiet.requires_grad
    assert not loud.requires_grad
    assert not x_t.requires_grad
    assert all(p.grad is None for p in [*network.parameters(), *judge.parameters()])


def test_unknown_classifier_input_is_refused():
    with pytest.raises(ValueError, match="got 'clean'"):
        classifier(
            gaussian_model,
            torch.zeros(3, 4),
            1.0,
            DIFFUSION,
            log_closeness,
            classifier_input="clean",
        )


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
