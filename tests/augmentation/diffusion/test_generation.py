"""What the sampler is given: its noise, its bound and its first items."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdiffuasr.augmentation.diffusion import CosineSchedule, generation
from skdiffuasr.augmentation.diffusion.samplers import BaseSampler
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences.keys import keyed_normal, row_keys
from tests.test_common import TINY

X = make_sequences(60, 30, n_hidden_items=0, min_length=4, random_state=0).X
D = 4


@pytest.fixture
def sampled(monkeypatch):
    """The arguments with which `sample` is called, and its estimates of x_0."""
    calls = []
    sample = BaseSampler.sample

    def spy(self, predict_noise, x_T, diffusion, **kwargs):
        estimates = []
        call = {**kwargs, "x_T": x_T, "estimates": estimates}
        calls.append(call)
        kwargs["on_step"] = estimates.append
        return sample(self, predict_noise, x_T, diffusion, **kwargs)

    monkeypatch.setattr(BaseSampler, "sample", spy)
    return calls


def noise_of(stream, seed):
    drawn = keyed_normal(row_keys(X, seed), 2 * D, stream)
    return torch.from_numpy(drawn).view(-1, 2, D)


def test_every_step_has_noise_of_its_own(sampled):
    augmenter = clone(TINY["diffusion"]).set_params(sampler="ddpm").fit(X)
    augmenter.generate(X)
    (call,) = sampled
    torch.testing.assert_close(call["x_T"], noise_of(0, augmenter.seed_))
    for step in range(3):
        expected = noise_of(step + 1, augmenter.seed_)
        torch.testing.assert_close(call["draw_noise"](step), expected)
        assert not torch.allclose(expected, call["x_T"])


@pytest.mark.parametrize("guidance", [None, "classifier_free", "classifier"])
def test_estimates_are_clamped_to_the_largest_coordinate(sampled, guidance):
    """Errors of the network must not lead out of the space of the items."""
    augmenter = clone(TINY["diffusion"]).set_params(
        guidance=guidance, guidance_scale=5.0, schedule=CosineSchedule()
    )
    augmenter.fit(X)
    augmenter.weights_["network.head.bias"] += 100.0
    augmenter.generate(X)
    (call,) = sampled
    bound = float(np.abs(augmenter.item_embeddings_).max())
    assert call["max_abs_x0"] == bound
    assert len(call["estimates"]) == augmenter._part("sampler").n_steps
    for x_0 in call["estimates"]:
        assert float(x_0.abs().max()) <= bound * (1 + 1e-6)
    reached = call["estimates"][0].abs() >= bound * (1 - 1e-6)
    assert reached.float().mean() > 0.5


def test_guides_are_given_the_first_observed_item():
    histories = X[:5].prepend(np.full((5, 1), X.values[0])).strip_pseudo()
    first = generation._first_items(histories)
    assert first.tolist() == [row[0] for row in X[:5]]
    empty = X[:2].drop_last(X[:2].lengths)
    assert generation._first_items(empty).tolist() == [-1, -1]


def test_batches_of_rows_are_those_of_the_whole(sampled, monkeypatch):
    augmenter = clone(TINY["diffusion"]).fit(X)
    whole = augmenter.generate(X)
    monkeypatch.setattr(generation, "BATCH_SIZE", 7)
    sampled.clear()
    np.testing.assert_array_equal(augmenter.generate(X), whole)
    n_sampled = [len(call["x_T"]) for call in sampled]
    assert n_sampled == [7] * 8 + [4]  # every row once
