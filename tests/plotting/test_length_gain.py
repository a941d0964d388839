import numpy as np
import pytest

from skdiffuasr import MarkovRecommender
from skdiffuasr.metrics import NextItemScorer, paired_bootstrap
from skdiffuasr.plotting import LengthGainDisplay


def test_gains_are_paired_differences(split, recommender):
    X_train, X_test, y_test = split
    baseline = MarkovRecommender().fit(X_train)
    display = LengthGainDisplay.from_estimator(
        recommender, baseline, X_test, y_test, bins=(5,)
    )
    scorer = NextItemScorer(("ndcg@10",))
    values, baseline_values = (
        scorer.per_user(model, X_test, y_test)["ndcg@10"]
        for model in (recommender, baseline)
    )
    for group, users in enumerate((X_test.lengths <= 5, X_test.lengths > 5)):
        expected = paired_bootstrap(
            values[users], baseline_values[users], random_state=0
        )
        assert display.means[group] == pytest.approx(expected.difference)
        assert display.lows[group] == pytest.approx(expected.low)
        assert display.highs[group] == pytest.approx(expected.high)
    assert display.group_names == ("<=5", ">5")
    drawn = display.ax_.containers[0].lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, display.means)


def test_a_value_is_missing():
    values, baseline_values = [0.5, 0.4], [0.4]
    with pytest.raises(ValueError, match="1 values and 2 users"):
        LengthGainDisplay.from_predictions(
            values, baseline_values, [2, 2], metric="mrr"
        )
    with pytest.raises(ValueError, match=r"baseline_values must .* inf in row 1"):
        LengthGainDisplay.from_predictions(values, [0.1, np.inf], [2, 2], metric="mrr")


def test_the_gain_of_one_user_has_no_interval():
    display = LengthGainDisplay.from_predictions(
        [0.5], [0.25], [3], bins=(2,), metric="mrr"
    )
    np.testing.assert_array_equal(display.means, [np.nan, 0.25])
    assert np.isnan(display.lows).all()
    drawn = display.ax_.containers[0].lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, display.means)


def test_it_can_be_drawn_again():
    display = LengthGainDisplay.from_predictions(
        [0.5, 0.4, 0.3, 0.1], [0.4, 0.4, 0.1, 0.2], [2, 2, 30, 30], metric="mrr"
    )
    other = display.figure_
    assert display.plot().figure_ is not other
    assert display.ax_.get_ylabel() == "gain in mrr"
