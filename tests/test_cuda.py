"""CUDA gives the numbers that the CPU gives, within the tolerance of its arithmetic."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.datasets import make_sequences
from skdiffuasr.nn.losses import full_cross_entropy
from skdiffuasr.nn.rounding import nearest_items
from tests.test_common import TINY

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


@pytest.fixture(scope="module")
def X():
    return make_sequences(n_users=300, n_items=60, random_state=0).X


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("unique", [False, True])
def test_rounding(unique):
    x, items = draw(30, 5, 16), draw(5000, 16, seed=1)
    on_cuda = nearest_items(x.cuda(), items.cuda(), unique=unique)
    assert torch.equal(on_cuda.cpu(), nearest_items(x, items, unique=unique))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.bfloat16, 1e-2)]
)
def test_full_cross_entropy_and_its_gradients(dtype, tolerance):
    targets = torch.arange(100)
    results = []
    for device in ("cpu", "cuda"):
        hidden = draw(100, 32).to(device).requires_grad_()
        items = draw(500, 32, seed=1).to(device).requires_grad_()
        loss = full_cross_entropy(hidden, items, targets.to(device), dtype)
        gradients = torch.autograd.grad(loss, (hidden, items))
        results.append([loss.cpu(), *(gradient.cpu() for gradient in gradients)])
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).norm() <= tolerance * theirs.norm()


@pytest.mark.parametrize("guidance", [None, "classifier_free", "classifier"])
def test_pseudo_items(X, guidance):
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items=3, guidance=guidance, max_epochs=2, device="cpu", random_state=0
    ).fit(X)
    on_cpu = augmenter.generate(X)
    on_cuda = augmenter.set_params(device="cuda").generate(X)
    assert np.mean(on_cpu == on_cuda) > 0.98  # near ties may fall either way


@pytest.mark.parametrize("sparse_gradients", [False, True])
def test_recommendations(X, sparse_gradients):
    recommender = SASRecEstimator(
        loss="sampled_ce",
        sparse_gradients=sparse_gradients,
        max_epochs=2,
        device="cuda",
        random_state=0,
    ).fit(X)
    on_cuda = recommender.decision_function(X)
    on_cpu = recommender.set_params(device="cpu").decision_function(X)
    np.testing.assert_allclose(on_cuda, on_cpu, rtol=1e-3, atol=1e-3)
    items, _ = recommender.set_params(device="cuda").recommend(X, k=5)
    expected, _ = recommender.set_params(device="cpu").recommend(X, k=5)
    assert np.mean(items == expected) > 0.98


@pytest.mark.parametrize(
    "name", [name for name, tiny in TINY.items() if hasattr(tiny, "device")]
)
def test_what_is_trained_on_cuda_is_used_on_a_cpu(X, name):
    estimator = clone(TINY[name]).set_params(device="cuda", max_epochs=2).fit(X)
    assert np.isfinite(estimator.loss_curve_).all()
    assert len(estimator.loss_curve_) == 2
    method = "generate" if hasattr(estimator, "generate") else "decision_function"
    on_cuda = getattr(estimator, method)(X)
    on_cpu = getattr(estimator.set_params(device="cpu"), method)(X)
    if method == "generate":  # near ties may fall either way
        assert np.mean(on_cuda == on_cpu) > 0.95
    else:
        np.testing.assert_allclose(on_cuda, on_cpu, rtol=1e-2, atol=1e-2)


def test_training_takes_the_same_course(X):
    curves = [
        SASRecEstimator(max_epochs=5, dropout=0.0, device=device, random_state=0)
        .fit(X)
        .loss_curve_
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(*curves, rtol=0.02)
