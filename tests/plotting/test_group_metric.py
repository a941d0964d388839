import numpy as np
import pytest

from skdiffuasr import MarkovRecommender
from skdiffuasr.metrics import Groups, NextItemScorer, length_groups
from skdiffuasr.plotting import GroupMetricDisplay


def test_means_are_those_of_the_scorer(split, recommender):
    _, X_test, y_test = split
    display = GroupMetricDisplay.from_estimator(recommender, X_test, y_test)
    expected = NextItemScorer(("ndcg@10",), length_bins=(5, 20))(
        recommender, X_test, y_test
    )
    for name, mean in zip(display.group_names, display.means, strict=True):
        np.testing.assert_allclose(mean, expected[f"ndcg@10[{name}]"], equal_nan=True)
    groups = length_groups(X_test.lengths)
    np.testing.assert_array_equal(display.counts, np.bincount(groups.codes))
    known = display.counts > 1
    assert (display.lows[known] <= display.means[known]).all()
    assert (display.means[known] <= display.highs[known]).all()
    assert display.ax_.get_ylabel() == "ndcg@10"


def test_two_models_stand_side_by_side(split, recommender):
    X_train, X_test, y_test = split
    first = GroupMetricDisplay.from_estimator(recommender, X_test, y_test, name="one")
    baseline = MarkovRecommender().fit(X_train)
    GroupMetricDisplay.from_estimator(baseline, X_test, y_test, ax=first.ax_)
    lines = [container.lines[0] for container in first.ax_.containers]
    places = [line.get_xdata() for line in lines]
    assert (places[1] > places[0]).all()
    assert len({line.get_color() for line in lines}) == 2
    labels = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert labels == ["one", "MarkovRecommender"]


def test_seven_models_stay_within_their_group():
    groups = Groups(("a", "b"), np.array([0, 0, 1, 1]))
    ax = None
    for number in range(7):
        display = GroupMetricDisplay.from_predictions(
            [0, 1, 0, 1], groups, metric="mrr", name=f"model {number}", ax=ax
        )
        ax = display.ax_
    places = np.array([each.lines[0].get_xdata() for each in ax.containers])
    assert (np.diff(places, axis=0) > 0.1).all()
    assert places[:, 0].max() < places[:, 1].min() - 0.1
    np.testing.assert_allclose(ax.get_xticks(), places.mean(axis=0))
    assert ax.get_xlim()[0] < places.min() < places.max() < ax.get_xlim()[1]


def test_the_legend_hides_no_interval():
    groups = Groups(("a",), np.array([0, 0]))
    display = GroupMetricDisplay.from_predictions([0, 1], groups, metric="m", name="x")
    display.figure_.draw_without_rendering()
    legend = display.ax_.get_legend().get_window_extent()
    assert not legend.overlaps(display.ax_.get_window_extent())


def test_a_group_of_one_user_has_no_interval():
    groups = Groups(("a", "b", "empty"), np.array([0, 1, 1]))
    display = GroupMetricDisplay.from_predictions([1, 0, 1], groups, metric="hr@10")
    np.testing.assert_array_equal(display.means, [1, 0.5, np.nan])
    np.testing.assert_array_equal(np.isnan(display.lows), [True, False, True])
    np.testing.assert_array_equal(np.isnan(display.highs), [True, False, True])
    assert display.counts.tolist() == [1, 2, 0]


def test_many_groups_are_slanted():
    names = tuple(f"a long group {number}" for number in range(30))
    groups = Groups(names, np.arange(60) % 30)
    values = np.linspace(0, 1, 60)
    display = GroupMetricDisplay.from_predictions(values, groups, metric="mrr")
    labels = display.ax_.get_xticklabels()
    assert len(labels) == 30
    assert labels[0].get_rotation() == 60


def test_values_and_groups_must_be_of_the_same_users():
    groups = Groups(("a",), np.array([0, 0, 0]))
    with pytest.raises(ValueError, match="2 values and 3 users"):
        GroupMetricDisplay.from_predictions([1, 0], groups, metric="mrr")
    with pytest.raises(ValueError, match=r"values must hold finite .* nan in row 1"):
        GroupMetricDisplay.from_predictions([1, np.nan, 0], groups, metric="mrr")
