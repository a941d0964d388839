import numpy as np

from skdiffuasr.augmentation.trajectory import denoising_trajectory
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
    share = (singular[:2] ** 2).sum() / (singular**2).sum()
    np.testing.assert_allclose(display.explained_variance_ratio, share, rtol=1e-4)
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
    assert labels == ["history 1"]
