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
    with pytest.raises(ValueError, match="has no 'param_rec__unknown_items'"):
        SearchHeatmapDisplay.from_estimator(search, X_NAME, "rec__unknown_items")


def test_cells_that_were_not_tried_stay_empty():
    display = SearchHeatmapDisplay(
        np.array([[0.1, np.nan]]), [None, "a"], [1], "x", "y", metric="m"
    ).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["0.1000"]
