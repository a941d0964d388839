from types import SimpleNamespace

import pytest
import torch
from torch import nn

from skdiffuasr.augmentation.diffusion import (
    DDIM,
    DDPM,
    ClassifierFreeGuidance,
    ClassifierGuidance,
    LinearSchedule,
)
from skdiffuasr.augmentation.diffusion.guidance.base import without_guidance

DIFFUSION = LinearSchedule().diffusion()
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


class GuidedByLikelihood(ClassifierGuidance):
    """Climbs any function of (x, t) in place of a classifier's log-probability."""

    likelihood = None

    def _log_probability(self, model):
        return lambda x, t, first_items: self.likelihood(x, t)


def conditional(model, condition):
    return bind(without_guidance(as_trained(model)), condition)


def classifier_free(model, condition, null_condition, guidance_scale):
    trained = as_trained(model, null_condition)
    return bind(ClassifierFreeGuidance().guide(trained, guidance_scale), condition)


def classifier(
    model, condition, guidance_scale, log_probability, classifier_input="x0"
):
    guidance = GuidedByLikelihood(classifier_input=classifier_input)
    guidance.likelihood = log_probability
    return bind(guidance.guide(as_trained(model), guidance_scale), condition)


def as_trained(model, null_condition=None):
    """A noise model as a guidance sees it."""
    return SimpleNamespace(
        predict_noise=model,
        diffusion=DIFFUSION,
        denoiser=SimpleNamespace(null_condition=null_condition),
    )


def bind(guided, condition):
    first_items = torch.zeros(len(condition), dtype=torch.int64)
    return torch.no_grad()(lambda x_t, t: guided(x_t, t, condition, first_items))


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
    x_0 = DDIM(n_steps=500).sample(predict_noise, x_T, DIFFUSION)
    torch.testing.assert_close(x_0, condition[:, None] + x_T, atol=0.05, rtol=0)


@pytest.mark.parametrize("guidance_scale", [-1.0, 0.0, 0.3, 2.0])
def test_classifier_free_shifts_the_mean_by_the_guidance_scale(guidance_scale):
    condition, null = draw(20, 4), torch.ones(4)
    x_T = draw(20, 1, 4, seed=1)
    predict_noise = classifier_free(gaussian_model, condition, null, guidance_scale)
    x_0 = DDIM(n_steps=500).sample(predict_noise, x_T, DIFFUSION)
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


@pytest.mark.parametrize("sampler", [DDIM(n_steps=500), DDPM(n_steps=500)])
def test_classifier_leads_to_the_posterior_of_a_gaussian(sampler):
    predict_noise = classifier(
        gaussian_model,
        torch.zeros(2000, 4),
        1.0,
        log_likelihood,
        classifier_input="noisy",
    )
    torch.manual_seed(0)
    x_0 = sampler.sample(predict_noise, draw(2000, 1, 4), DIFFUSION)
    assert x_0.var(dim=0).mean().item() == pytest.approx(0.2, abs=0.02)
    torch.testing.assert_close(x_0.mean(dim=0)[0], TARGET / 1.25, atol=0.05, rtol=0)


def test_reading_the_clean_estimate_leads_to_the_posterior_of_a_weak_likelihood():
    # The estimate is taken for certain, an error of 1 / 50 next to this variance.
    noise_variance, target = 50.0, 100.0

    def log_probability(x_0, t):
        assert (t == 0).all()
        return -(target - x_0).square().sum(dim=(1, 2)) / (2 * noise_variance)

    predict_noise = classifier(gaussian_model, torch.zeros(1, 4), 1.0, log_probability)
    x_0 = DDIM(n_steps=500).sample(predict_noise, torch.zeros(1, 1, 4), DIFFUSION)
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
            log_closeness,
            classifier_input=classifier_input,
        )
        x_0 = DDIM(n_steps=50).sample(predict_noise, draw(20, 1, 4), DIFFUSION)
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
    with pytest.raises(ValueError, match="'classifier_input' parameter of Classifier"):
        ClassifierGuidance(classifier_input="clean").check()
