import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdiffuasr import PopularityRecommender
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.study.ranking import rank_next_items

FULL = make_sequences(n_users=150, n_items=60, random_state=0).X
X, Y = FULL.drop_last(), FULL.last()
MODEL = PopularityRecommender().fit(X)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("full", {}),
        ("filtered", {"filter_seen": True}),
        ("sampled", {"n_negatives": 20}),
    ],
)
def test_ranks_are_those_of_the_scorer(name, parameters):
    expected = NextItemScorer(**parameters).per_user(MODEL, X, Y)["rank"]
    ranks = rank_next_items(MODEL, X, Y, 20)[name]
    np.testing.assert_array_equal(ranks.expected, expected)


def test_pseudo_items_are_not_taken_out():
    augmented = X.prepend(Y[:, np.newaxis])
    of_augmented = rank_next_items(MODEL, augmented, Y, 20)["filtered"]
    assert of_augmented == rank_next_items(MODEL, X, Y, 20)["filtered"]


def test_the_sampled_ranking_can_be_left_out():
    assert rank_next_items(MODEL, X, Y, None).keys() == {"full", "filtered"}


def test_pipelines_are_looked_through():
    pipeline = make_pipeline(FunctionTransformer(), PopularityRecommender()).fit(X)
    assert rank_next_items(pipeline, X, Y, 20) == rank_next_items(MODEL, X, Y, 20)
