from itertools import pairwise

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import MarkovRecommender, RandomAugmenter
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import LeaveLastOut
from skdiffuasr.plotting import SearchHeatmapDisplay

X_NAME, Y_NAME = "aug__n_pseudo_items", "rec__smoothing"


@pytest.fixture(scope="module")
def search(split):
    _, X_test, y_test = split
    pipeline = Pipeline(
        [("aug", RandomAugmenter(random_state=0)), ("rec", MarkovRecommender())]
    )
    grid = {
        X_NAME: [3, 1],
        Y_NAME: [0.5, 2.0, 1.0],
        "aug__distribution": ["uniform", "popularity"],
    }
    scoring = NextItemScorer(("ndcg@10", "mrr"))
    return GridSearchCV(
        pipeline, grid, scoring=scoring, refit="mrr", cv=LeaveLastOut()
    ).fit(X_test, y_test)


@pytest.mark.parametrize("metric", [None, "ndcg@10"])
def test_cells_are_the_best_over_the_other_parameters(search, metric):
    display = SearchHeatmapDisplay.from_estimator(search, X_NAME, Y_NAME, metric=metric)
    assert display.x_values == [1, 3]
    assert display.y_values == [0.5, 1.0, 2.0]
    assert display.metric == (metric or "mrr")
    results = search.cv_results_
    for (row, column), score in np.ndenumerate(display.scores):
        expected = max(
            mean
            for params, mean in zip(
                results["params"], results[f"mean_test_{display.metric}"], strict=True
            )
            if params[X_NAME] == display.x_values[column]
            and params[Y_NAME] == display.y_values[row]
        )
        assert score == expected
    frame = display.ax_.patches[0]
    row, column = np.unravel_index(display.scores.argmax(), display.scores.shape)
    assert (frame.get_x(), frame.get_y()) == (column - 0.5, row - 0.5)
    assert f"{display.scores[row, column]:.4f}" in {
        text.get_text() for text in display.ax_.texts
    }


def test_parameters_that_were_not_varied_are_refused(search):
    message = (
        r"did not vary 'rec__unknown_items', but \['aug__distribution', 'aug__n_ps"
    )
    with pytest.raises(ValueError, match=message):
        SearchHeatmapDisplay.from_estimator(search, X_NAME, "rec__unknown_items")
    with pytest.raises(ValueError, match=r"no score 'hr'; it has \['mrr', 'ndcg@10'\]"):
        SearchHeatmapDisplay.from_estimator(search, X_NAME, Y_NAME, metric="hr")


def test_grids_without_a_parameter_are_left_out():
    class Search:
        refit = True
        cv_results_ = {
            "param_a": np.ma.masked_array([1, 1, 0], mask=[0, 0, 1]),
            "param_b": np.ma.masked_array([[2], [3], [9]], mask=[[0], [0], [1]]),
            "params": [{"a": 1, "b": [2]}, {"a": 1, "b": [3]}, {"c": 5}],
            "mean_test_score": np.array([0.5, np.nan, 0.9]),
        }

    display = SearchHeatmapDisplay.from_estimator(Search(), "a", "b")
    assert display.x_values == [1]
    assert display.y_values == [[2], [3]]
    np.testing.assert_array_equal(display.scores, [[0.5], [np.nan]])
    Search.cv_results_["params"] = [{"a": 1}, {"a": 1}, {"b": 5}]
    with pytest.raises(ValueError, match="never varied 'a' and 'b' together"):
        SearchHeatmapDisplay.from_estimator(Search(), "a", "b")


@pytest.mark.parametrize(("n_x", "n_y", "are_written"), [(12, 5, True), (30, 5, False)])
def test_scores_are_written_whole_or_not_at_all(n_x, n_y, are_written):
    scores = np.arange(n_x * n_y).reshape(n_y, n_x) / 1000
    display = SearchHeatmapDisplay(
        scores, range(n_x), range(n_y), "x", "y", metric="m"
    ).plot()
    written = [text.get_text() for text in display.ax_.texts]
    assert written == ([f"{each:.4f}" for each in scores.flat] if are_written else [])
    display.figure_.draw_without_rendering()
    boxes = [text.get_window_extent() for text in display.ax_.texts[:n_x]]
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0


def test_long_values_leave_room_for_the_map():
    values = ["classifier_free", "a\nlong " * 40]
    display = SearchHeatmapDisplay(
        np.ones((2, 2)), values, values, "x", "y", metric="m"
    ).plot()
    display.figure_.draw_without_rendering()
    assert display.ax_.get_window_extent().width > 200
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels[0] == "classifier_free"
    assert len(labels[1]) == 20


def test_cells_that_were_not_tried_stay_empty():
    display = SearchHeatmapDisplay(
        np.array([[0.1, np.nan]]), [None, "a"], [1], "x", "y", metric="m"
    ).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["0.1000"]
