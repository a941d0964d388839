import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from skdiffuasr.augmentation import RandomSequenceAugmenter
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.metrics.score_blocks import score_blocks
from skdiffuasr.recommenders import MarkovRecommender, PopularityRecommender
from skdiffuasr.sequences import Sequences

CATALOGUE = [[10, 20, 30, 40]]
ROWS = [[10], [20, 30], [], [40], [30], [10, 40], [20]]


@pytest.mark.parametrize("block_size", [1, 3, 7, 100, None])
def test_blocks_together_are_all_scores(block_size):
    model = MarkovRecommender().fit(CATALOGUE)
    X = Sequences.from_iterable(ROWS)
    blocks = list(score_blocks(model, X, 4, block_size))
    sizes = [rows.stop - rows.start for rows, _ in blocks]
    assert sum(sizes) == len(ROWS)
    assert max(sizes) == min(block_size or 100, len(ROWS))
    scores = np.concatenate([scores for _, scores in blocks])
    np.testing.assert_array_equal(scores, model.decision_function(X))


@pytest.mark.parametrize("block_size", [1, 3, 100])
def test_unknown_items_are_named_with_their_row_in_the_whole(block_size):
    model = PopularityRecommender(unknown_items="error").fit(CATALOGUE)
    X = Sequences.from_iterable([*ROWS, [10, 99]])
    with pytest.raises(ValueError, match=r"1 unknown .* first in row 7 of X: 99;"):
        list(score_blocks(model, X, 4, block_size))


def test_a_score_names_the_row_of_an_unknown_item():
    model = PopularityRecommender(unknown_items="error").fit([range(300_000)])
    with pytest.raises(ValueError, match=r"first in row 64 of X: -5;"):
        model.score([[1]] * 64 + [[-5]], [1] * 65)


@pytest.mark.parametrize("step", ["augmenter", "recommender"])
def test_a_pipeline_names_the_row_of_an_unknown_item(step):
    augmenter = RandomSequenceAugmenter(1, random_state=0)
    model = Pipeline([("augmenter", augmenter), ("recommender", MarkovRecommender())])
    model.set_params(**{f"{step}__unknown_items": "error"}).fit(CATALOGUE * 2)
    scorer = NextItemScorer(("mrr",), block_size=2)
    with pytest.raises(ValueError, match=r"first in row 3 of X: 99;"):
        scorer(model, [[10], [20], [30], [40, 99]], [20] * 4)


def test_scores_of_the_wrong_shape_are_refused():
    model = PopularityRecommender().fit(CATALOGUE)
    X = Sequences.from_iterable(ROWS)
    with pytest.raises(ValueError, match=r"shape \(3, 4\) for 3 rows and 5 items"):
        list(score_blocks(model, X, 5, 3))
