import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr import MarkovRecommender, RandomAugmenter
from skdiffuasr.plotting import LossCurveDisplay


def test_curves_of_a_recommender(recommender):
    display = LossCurveDisplay.from_estimator(recommender)
    loss, best = display.ax_.get_lines()
    assert loss.get_ydata().tolist() == recommender.loss_curve_
    assert loss.get_xdata().tolist() == [1, 2, 3]
    assert best.get_xdata() == [recommender.best_epoch_] * 2
    (scores,) = display.score_ax_.get_lines()
    assert scores.get_ydata().tolist() == recommender.validation_scores_
    assert display.ax_.get_title() == "SASRecEstimator"


def test_without_validation_there_is_one_axis():
    display = LossCurveDisplay([2.0, 1.0]).plot()
    assert display.score_ax_ is None
    assert len(display.figure_.axes) == 1


def test_the_step_of_a_pipeline_is_found_or_named(augmenter, recommender):
    one = Pipeline([("aug", RandomAugmenter()), ("rec", recommender)])
    assert LossCurveDisplay.from_estimator(one).name == "rec"
    two = Pipeline([("aug", augmenter), ("rec", recommender)])
    with pytest.raises(ValueError, match=r"got \['aug', 'rec'\]"):
        LossCurveDisplay.from_estimator(two)
    display = LossCurveDisplay.from_estimator(two, step="aug", name="diffusion")
    assert display.loss_curve == augmenter.loss_curve_
    assert display.ax_.get_title() == "diffusion"


def test_epochs_are_whole_and_many_have_no_markers():
    for n_epochs, marker in ((1, "o"), (300, "None")):
        display = LossCurveDisplay([1.0] * n_epochs, [0.5] * n_epochs).plot()
        display.figure_.draw_without_rendering()
        assert all(tick == int(tick) for tick in display.ax_.get_xticks())
        assert display.ax_.get_lines()[0].get_marker() == marker


def test_a_model_without_curves_is_refused():
    with pytest.raises(ValueError, match=r"got \[\] of the steps \['Markov"):
        LossCurveDisplay.from_estimator(MarkovRecommender())
