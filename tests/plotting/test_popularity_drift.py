from itertools import pairwise

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr.plotting import PopularityDriftDisplay


def test_popularity_is_counted_in_the_histories(split, augmenter, recommender):
    X = split[0]
    display = PopularityDriftDisplay.from_estimator(
        augmenter, X, recommender=recommender, k=2
    )
    counts = {item: (X.values == item).sum() for item in np.unique(X.values)}
    for name, items in {
        "observed": X.values,
        "pseudo": augmenter.generate(X).ravel(),
        "recommended": recommender.recommend(X, 2)[0].ravel(),
    }.items():
        expected = [counts[item] for item in items.tolist()]
        np.testing.assert_array_equal(display.popularities[name], expected)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["observed", "pseudo", "recommended"]


def test_items_outside_the_catalogue_have_no_occurrences():
    display = PopularityDriftDisplay.from_predictions(
        {"a": ["x", "z"], "none": []}, ["x", "y"], [3, 1]
    )
    assert display.popularities["a"].tolist() == [3, 0]
    assert len(display.ax_.get_lines()) == 1


def test_the_catalogue_may_be_in_any_order():
    display = PopularityDriftDisplay.from_predictions(
        {"a": ["x", "y", "z"]}, ["z", "x", "y"], [1, 2, 3]
    )
    assert display.popularities["a"].tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    ("item_ids", "item_counts", "message"),
    [
        (["x", "y", "x"], [1, 2, 3], "has x more than once"),
        (
            ["x", "y"],
            [1],
            "item_counts must have one number for each of the 2 rows, got 1",
        ),
        (["x", "y"], [1, -2], "item_counts must be 0 or more, got -2.0 in row 1"),
        (["x", "y"], [1, np.nan], "finite numbers, got nan in row 1"),
    ],
)
def test_a_catalogue_that_does_not_fit_is_refused(item_ids, item_counts, message):
    with pytest.raises(ValueError, match=message):
        PopularityDriftDisplay.from_predictions({"a": ["x"]}, item_ids, item_counts)


def test_a_pipeline_recommends_behind_its_augmenter(split, augmenter, recommender):
    X = split[0]
    pipeline = Pipeline([("aug", augmenter), ("rec", recommender)])
    display = PopularityDriftDisplay.from_estimator(
        pipeline, X, recommender=pipeline, k=2
    )
    counts = {item: (X.values == item).sum() for item in np.unique(X.values)}
    for name, items in {
        "pseudo": augmenter.generate(X),
        "recommended": recommender.recommend(augmenter.transform(X), 2)[0],
    }.items():
        expected = [counts[item] for item in items.ravel().tolist()]
        np.testing.assert_array_equal(display.popularities[name], expected)


def test_ticks_stay_apart_over_many_decades():
    display = PopularityDriftDisplay({"a": [0, 10, 99_999]}).plot()
    display.figure_.draw_without_rendering()
    axis = display.ax_.xaxis
    labels = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
    boxes = [text.get_window_extent() for text in labels if text.get_text()]
    boxes = sorted((box for box in boxes if box.width), key=lambda box: box.x0)
    assert len(boxes) >= 3
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0


def test_nothing_to_draw_has_no_legend():
    assert PopularityDriftDisplay({"a": []}).plot().ax_.get_legend() is None
