import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    SUNet,
    denoising_trajectory,
)
from skdiffuasr.datasets import make_sequences

X = make_sequences(n_users=150, n_items=40, random_state=0).X


def fitted(**options):
    return DiffusionSequenceAugmenter(
        3, denoiser=SUNet(n_res_blocks=1), max_epochs=1, random_state=0, **options
    ).fit(X)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("sampler", "n_steps"), [("ddim", 5), ("ddpm", 5), (DDIM(n_steps=1), 1)]
)
def test_the_last_step_is_what_is_generated(sampler, n_steps):
    model = fitted(sampler=sampler)
    trajectory = denoising_trajectory(model, X[:1])
    generated = model.generate(X[:1])[0]
    np.testing.assert_array_equal(trajectory.items[-1], generated)
    np.testing.assert_array_equal(trajectory.generated, generated)
    assert trajectory.points.shape == (n_steps, 3, 16)


def test_unique_items_are_what_is_generated():
    model = fitted(unique=True)
    for row in range(10):
        history = X[row : row + 1]
        trajectory = denoising_trajectory(model, history)
        np.testing.assert_array_equal(trajectory.generated, model.generate(history)[0])


def test_items_and_similarity_are_by_cosine():
    model = fitted()
    trajectory = denoising_trajectory(model, X[3:4])
    cosines = unit(trajectory.points) @ unit(model.item_embeddings_).T
    nearest = cosines.argmax(axis=2)
    np.testing.assert_array_equal(trajectory.items, model.item_ids_[nearest])
    for position, final in enumerate(nearest[-1]):
        np.testing.assert_allclose(
            trajectory.similarity[:, position], cosines[:, position, final], atol=1e-6
        )


def test_one_history_at_a_time():
    with pytest.raises(ValueError, match="must be one history, got 2"):
        denoising_trajectory(fitted(), X[:2])


def test_the_augmenter_must_be_fitted():
    with pytest.raises(NotFittedError):
        denoising_trajectory(DiffusionSequenceAugmenter(), X[:1])
