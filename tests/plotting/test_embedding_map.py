import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import denoising_trajectory
from skdiffuasr.plotting import EmbeddingMapDisplay


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_the_map_is_the_two_leading_directions(split, augmenter):
    X = split[0]
    display = EmbeddingMapDisplay.from_estimator(augmenter, X, n_histories=2)
    centred = unit(augmenter.item_embeddings_)
    centre = centred.mean(axis=0)
    centred = centred - centre
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    for axis in range(2):
        expected = centred @ directions[axis]
        found = display.item_points[:, axis]
        assert abs(np.corrcoef(found, expected)[0, 1]) > 0.999
    shares = singular[:2] ** 2 / (singular**2).sum()
    np.testing.assert_allclose(display.explained_variance_ratio, shares, rtol=1e-4)
    assert f"({shares[0]:.0%} of variance)" in display.ax_.get_xlabel()
    counts = [(X.values == item).sum() for item in augmenter.item_ids_]
    np.testing.assert_array_equal(display.item_counts, counts)
    points = unit(denoising_trajectory(augmenter, X[1:2]).points[-1]) - centre
    expected = np.linalg.norm(points @ directions[:2].T, axis=1)
    found = np.linalg.norm(display.generated_points[1], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_one_history_is_enough(split, augmenter):
    display = EmbeddingMapDisplay.from_estimator(augmenter, split[0][:1])
    assert display.generated_points.shape == (1, 3, 2)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["1"]


def test_many_histories_and_no_history(split, augmenter):
    many = EmbeddingMapDisplay.from_estimator(augmenter, split[0], n_histories=30)
    many.figure_.draw_without_rendering()
    styles = {
        (*dots.get_facecolor()[0], dots.get_paths()[0].vertices.tobytes())
        for dots in many.ax_.collections[1:]
    }
    assert len(styles) == 30
    none = EmbeddingMapDisplay.from_estimator(augmenter, split[0], n_histories=0)
    assert none.generated_points.shape == (0, 3, 2)
    assert none.ax_.get_legend() is None
    with pytest.raises(ValueError, match="at least 0, got -1"):
        EmbeddingMapDisplay.from_estimator(augmenter, split[0], n_histories=-1)


def test_unknown_items_are_not_counted(split, augmenter):
    history = split[0].to_lists()[0]
    display = EmbeddingMapDisplay.from_estimator(augmenter, [[*history, 10_000]])
    assert display.item_counts.sum() == len(history)


def test_the_augmenter_must_be_fitted(split):
    with pytest.raises(NotFittedError):
        EmbeddingMapDisplay.from_estimator(DiffusionSequenceAugmenter(), split[0])
