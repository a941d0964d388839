import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdiffuasr import PopularityRecommender
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import mask_seen, sampled_target_ranks, target_ranks
from skdiffuasr.metrics.next_item_ranks import RANKINGS, next_item_ranks
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences

FULL = make_sequences(n_users=150, n_items=60, random_state=0).X
X, Y = FULL.drop_last(), FULL.last()
MODEL = PopularityRecommender().fit(X)


def ranks_of(estimator, X, rankings=RANKINGS, block_size=None):
    return next_item_ranks(
        estimator, X, Y, rankings, n_negatives=20, block_size=block_size
    )


def test_ranks_of_blocks_are_those_of_all_scores():
    scores = MODEL.decision_function(X)
    targets = encode_items(Y, MODEL.item_ids_)
    seen = encode_sequences(X, MODEL.item_ids_)
    assert ranks_of(MODEL, X, block_size=7) == {
        "full": target_ranks(scores, targets),
        "filtered": target_ranks(mask_seen(scores, seen, targets), targets),
        "sampled": sampled_target_ranks(scores, targets, row_keys(X, 0), 20, seen=seen),
    }


def test_pseudo_items_do_not_count_as_seen():
    assert ranks_of(MODEL, X.prepend(Y[:, np.newaxis])) == ranks_of(MODEL, X)


def test_only_the_rankings_asked_for_are_made():
    assert list(ranks_of(MODEL, X, ["filtered"])) == ["filtered"]


def test_pipelines_are_looked_through():
    pipeline = make_pipeline(FunctionTransformer(), PopularityRecommender()).fit(X)
    assert ranks_of(pipeline, X) == ranks_of(MODEL, X)
