import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, MarkovRecommender
from skdiffuasr.augmentation.trajectory import denoising_trajectory
from skdiffuasr.plotting import DenoisingTrajectoryDisplay


@pytest.mark.parametrize("options", [{}, {"sampler": "ddpm"}, {"n_sampling_steps": 1}])
def test_the_last_step_is_what_is_generated(split, augmenter, options):
    model = DiffusionSequenceAugmenter(
        3, embedding_dim=8, n_res_blocks=1, max_epochs=1, random_state=0, **options
    ).fit(split[0])
    history = split[1][:1]
    trajectory = denoising_trajectory(model, history)
    generated = model.generate(history)[0]
    np.testing.assert_array_equal(trajectory.items[-1], generated)
    np.testing.assert_array_equal(trajectory.generated, generated)
    np.testing.assert_allclose(trajectory.similarity[-1], 1, rtol=1e-5)
    assert trajectory.points.shape == (model.n_sampling_steps, 3, 8)


def test_items_are_the_nearest_by_cosine(split, augmenter):
    trajectory = denoising_trajectory(augmenter, split[1][3:4])
    catalogue = augmenter.item_embeddings_
    catalogue = catalogue / np.linalg.norm(catalogue, axis=1, keepdims=True)
    nearest = (trajectory.points @ catalogue.T).argmax(axis=2)
    np.testing.assert_array_equal(trajectory.items, augmenter.item_ids_[nearest])


def test_every_cell_has_its_item(split, augmenter):
    pipeline = Pipeline([("aug", augmenter), ("rec", MarkovRecommender())])
    display = DenoisingTrajectoryDisplay.from_estimator(pipeline, split[1][:1])
    written = [text.get_text() for text in display.ax_.texts]
    assert written == [str(item) for item in display.items.ravel()]
    np.testing.assert_allclose(display.image_.get_array(), display.similarity)
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == [
        "-3",
        "-2",
        "-1",
    ]


def test_long_ids_are_cut():
    items = np.array([["a very long name of an item"]])
    display = DenoisingTrajectoryDisplay(items, np.ones((1, 1))).plot()
    assert display.ax_.texts[0].get_text() == "a very lo…"


def test_one_history_at_a_time(split, augmenter):
    with pytest.raises(ValueError, match="must be one history, got 2"):
        DenoisingTrajectoryDisplay.from_estimator(augmenter, split[1][:2])
