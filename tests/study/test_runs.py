import joblib
import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    EnsembleRecommender,
    MarkovRecommender,
    RandomSequenceAugmenter,
    SASRecEstimator,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.study.runs import (
    augment,
    train_and_rank,
    with_parameters,
    without_handling,
)

DATA = leave_last_out_data(make_sequences(n_users=100, n_items=50, random_state=0).X)


def test_a_copy_gets_parameters_and_seed():
    original = SASRecEstimator(8)
    copy = with_parameters(original, 7, {"dropout": 0.1})
    assert (copy.embedding_dim, copy.dropout, copy.random_state) == (8, 0.1, 7)
    assert (original.dropout, original.random_state) == (0.5, None)
    assert not hasattr(with_parameters(MarkovRecommender(), 7, {}), "random_state")


def test_estimators_inside_get_the_seed():
    original = make_pipeline(RandomSequenceAugmenter(2), SASRecEstimator(8))
    copy = with_parameters(original, 7, {"sasrecestimator__dropout": 0.1})
    assert [step.random_state for _, step in copy.steps] == [7, 7]
    assert [step.random_state for _, step in original.steps] == [None, None]
    assert copy[-1].dropout == 0.1


def test_a_frozen_estimator_is_hashed_alike_and_left_alone():
    hashes = []
    for device in ("cpu", "auto"):
        frozen = FrozenEstimator(SASRecEstimator(8, device=device, verbose=1))
        augmenter = DiffusionSequenceAugmenter(item_embeddings=frozen)
        hashes.append(joblib.hash(without_handling(augmenter)))
        assert (frozen.estimator.device, frozen.estimator.verbose) == (device, 1)
    assert hashes[0] == hashes[1]


def test_an_augmenter_is_fitted_on_training_histories_only():
    augmenter = RandomSequenceAugmenter(2, random_state=0)
    augmented, costs = augment(DATA, augmenter)
    by_hand = RandomSequenceAugmenter(2, random_state=0)
    assert augmented.X_train == by_hand.fit_transform(DATA.X_train)
    assert augmented.X_val == by_hand.transform(DATA.X_val)
    assert augmented.X_test == by_hand.transform(DATA.X_test)
    assert costs.seconds.keys() == {"fit augmenter", "transform"}


def test_nothing_is_done_without_an_augmenter():
    augmented, costs = augment(DATA, None)
    assert augmented.X_train is DATA.X_train
    assert augmented.X_test is DATA.X_test
    assert costs.seconds == {}


def test_test_items_are_not_touched_unless_asked():
    run = train_and_rank(
        DATA, Costs(), MarkovRecommender(), None, filter_seen=True, with_test=False
    )
    assert run["ranks"] == {}
    expected = NextItemScorer(("ndcg@10",), filter_seen=True)(
        MarkovRecommender().fit(DATA.X_train), DATA.X_val, DATA.y_val
    )
    assert run["validation_score"] == expected["ndcg@10"]


def test_early_stopping_is_by_the_validation_items():
    recommender = SASRecEstimator(
        4, n_layers=1, max_epochs=3, batch_size=32, device="cpu", random_state=0
    )
    run = train_and_rank(DATA, Costs(), recommender, 10, filter_seen=True)
    assert recommender.validation_filter_seen
    assert run["validation_score"] == pytest.approx(
        max(recommender.validation_scores_), rel=1e-5
    )
    assert run["n_epochs"] == 3
    assert all(np.isfinite(ranks.n_above).any() for ranks in run["ranks"].values())


def test_members_of_an_ensemble_stop_early_by_the_validation_items():
    tiny = SASRecEstimator(4, n_layers=1, max_epochs=1, device="cpu")
    for estimator in (tiny, [("tiny", tiny), ("markov", MarkovRecommender())]):
        ensemble = EnsembleRecommender(estimator, n_estimators=1, random_state=0)
        train_and_rank(DATA, Costs(), ensemble, None, filter_seen=True)
        member = ensemble.estimators_[0]
        score = NextItemScorer(("ndcg@10",), filter_seen=True)
        assert member.validation_scores_[-1] == pytest.approx(
            score(member, DATA.X_val, DATA.y_val)["ndcg@10"], rel=1e-5
        )


def test_parameters_reach_the_member_that_none_stands_for():
    copy = with_parameters(EnsembleRecommender(), 7, {"n_estimators": 2})
    assert (copy.random_state, copy.n_estimators) == (7, 2)
    assert copy.estimator.keep_interrupted is False


def test_a_recommender_that_does_not_stop_early_can_be_studied():
    recommender = SASRecEstimator(8, max_epochs=1, early_stopping=False)
    run = train_and_rank(DATA, Costs(), recommender, None, filter_seen=True)
    assert np.isfinite(run["ranks"]["full"].n_above).any()


def test_how_a_result_is_come_by_is_left_out_of_a_hash():
    plain = make_pipeline(
        DiffusionSequenceAugmenter(3, random_state=0), SASRecEstimator(8)
    )
    handled = make_pipeline(
        DiffusionSequenceAugmenter(
            3, random_state=0, memory="folder", verbose=1, device="cpu"
        ),
        SASRecEstimator(8, verbose=1, device="cpu"),
        memory="folder",
        verbose=True,
    )
    expected = joblib.hash(plain)
    assert joblib.hash(without_handling(plain)) == expected
    assert joblib.hash(handled) != expected
    assert joblib.hash(without_handling(handled)) == expected
    assert handled[0].memory == "folder"
    other = make_pipeline(
        DiffusionSequenceAugmenter(3, random_state=0), SASRecEstimator(9)
    )
    assert joblib.hash(without_handling(other)) != expected
