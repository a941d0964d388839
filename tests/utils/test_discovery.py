import pytest

from skdiffuasr import recommenders
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.utils.discovery import all_estimators, short_name
from tests.tiny_estimators import tiny_instance


class SomethingNewAugmenter:
    pass


class ABCRec2Estimator:
    pass


class NamedRecommender:
    _short_name = "other"


class InheritingRecommender(NamedRecommender):
    pass


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (SomethingNewAugmenter, "something-new"),
        (ABCRec2Estimator, "abcrec2"),
        (NamedRecommender, "other"),
        (InheritingRecommender, "inheriting"),
    ],
)
def test_short_name(cls, name):
    assert short_name(cls) == name


def test_estimators_are_sorted_and_of_a_kind():
    augmenters, found = all_estimators("augmenter"), all_estimators()
    assert found == sorted(augmenters + all_estimators("recommender"))
    assert all(hasattr(cls, "transform") for _, cls in augmenters)
    assert {name for name, _ in found} >= {"RandomAugmenter", "SASRecEstimator"}


def test_an_export_is_found_and_a_base_class_is_not(monkeypatch):
    class New(recommenders.MarkovRecommender):
        pass

    new = {"New": New, "BaseRecommender": BaseRecommender, "make": lambda: None}
    for name, value in new.items():
        monkeypatch.setattr(recommenders, name, value, raising=False)
    monkeypatch.setattr(recommenders, "__all__", [*recommenders.__all__, *new])
    names = [name for name, _ in all_estimators("recommender")]
    assert "New" in names
    assert not {"BaseRecommender", "make"} & set(names)


def test_another_kind_is_an_error():
    with pytest.raises(ValueError, match="one of augmenter, recommender, got 'both'"):
        all_estimators("both")


def test_tiny_instances_are_small_in_what_they_have():
    tiny = tiny_instance(recommenders.SASRecEstimator, max_epochs=2)
    assert (tiny.embedding_dim, tiny.n_layers, tiny.max_epochs) == (4, 1, 2)
    tiny = tiny_instance(recommenders.MarkovRecommender)
    assert tiny.get_params() == recommenders.MarkovRecommender().get_params()
