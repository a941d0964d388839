import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr import MarkovRecommender, RandomAugmenter
from skdiffuasr.plotting._steps import only_step


def is_augmenter(each):
    return isinstance(each, RandomAugmenter)


@pytest.fixture
def pipeline():
    steps = [("a", RandomAugmenter()), ("b", RandomAugmenter())]
    return Pipeline([*steps, ("rec", MarkovRecommender())])


def test_the_only_one_is_found(pipeline):
    assert only_step(pipeline[1:], is_augmenter, "augmenter")[0] == "b"
    assert only_step(pipeline, is_augmenter, "augmenter", step="a")[0] == "a"
    model = RandomAugmenter()
    assert only_step(model, is_augmenter, "augmenter") == ("RandomAugmenter", model)


def test_a_search_is_about_its_best_estimator(pipeline):
    class Search:
        best_estimator_ = pipeline[1:]

    name, model = only_step(Search(), is_augmenter, "augmenter")
    assert (name, model) == ("b", pipeline.steps[1][1])


def test_several_or_none_are_refused(pipeline):
    for estimator, found in ((pipeline, r"\['a', 'b'\]"), (pipeline[2:], r"\[\]")):
        with pytest.raises(ValueError, match=f"one augmenter; got {found} of the step"):
            only_step(estimator, is_augmenter, "augmenter")
