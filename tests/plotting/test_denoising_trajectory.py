from itertools import pairwise

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr import MarkovRecommender, RandomAugmenter
from skdiffuasr.augmentation.diffusion import denoising_trajectory
from skdiffuasr.plotting import DenoisingTrajectoryDisplay


def written(display):
    return [text.get_text() for text in display.ax_.texts]


def test_every_cell_has_its_item(split, augmenter):
    steps = [("first", RandomAugmenter()), ("aug", augmenter)]
    pipeline = Pipeline([*steps, ("rec", MarkovRecommender())])
    display = DenoisingTrajectoryDisplay.from_estimator(pipeline, split[1][:1])
    expected = denoising_trajectory(augmenter, split[1][:1])
    np.testing.assert_array_equal(display.items, expected.items)
    np.testing.assert_allclose(display.image_.get_array(), expected.similarity)
    assert written(display) == [str(item) for item in expected.items.ravel()]
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["-3", "-2", "-1"]


def test_long_ids_that_begin_alike_stay_apart():
    items = np.array([[f"catalogue-of-2014-item-{n:03d}" for n in range(10)]] * 10)
    display = DenoisingTrajectoryDisplay(items, np.ones((10, 10))).plot()
    assert len(set(written(display))) == 10
    assert all("…" in text for text in written(display))
    display.figure_.draw_without_rendering()
    boxes = [text.get_window_extent() for text in display.ax_.texts[:10]]
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0


def test_ids_are_left_out_where_there_is_no_room():
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 3)
    items = np.full((4, 15), "a long name of an item")
    display = DenoisingTrajectoryDisplay(items, np.ones((4, 15))).plot(axes[0])
    assert written(display) == []


@pytest.mark.parametrize(
    ("cmap", "on_low", "on_high"),
    [("cividis", "white", "black"), ("Greys", "black", "white")],
)
def test_ids_contrast_with_their_cell(cmap, on_low, on_high):
    items = np.array([["a", "b"]])
    display = DenoisingTrajectoryDisplay(items, np.array([[-1.0, 1.0]]))
    texts = display.plot(cmap=cmap).ax_.texts
    assert [text.get_color() for text in texts] == [on_low, on_high]


def test_there_must_be_one_history_and_one_augmenter(split, augmenter):
    with pytest.raises(ValueError, match="must be one history, got 2"):
        DenoisingTrajectoryDisplay.from_estimator(augmenter, split[1][:2])
    message = r"one DiffusionSequenceAugmenter; got \[\] of the steps \['RandomAug"
    with pytest.raises(ValueError, match=message):
        DenoisingTrajectoryDisplay.from_estimator(RandomAugmenter(), split[1][:1])
