"""What a user writes, checked by ``mypy --strict`` in ``make lint``."""

from typing import Any, assert_type

from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    BERT4RecEstimator,
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    RandomAugmenter,
    RepeatedPaddingAugmenter,
    SASRecEstimator,
    Sequences,
    check_sequences,
)
from skdiffuasr.datasets import Interactions, k_core, make_sequences, read_interactions
from skdiffuasr.metrics import NextItemScorer, paired_bootstrap
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.study import AugmentationStudy


def read(path: str) -> Sequences:
    log = k_core(read_interactions(path, user="who", item="what"), 5)
    assert_type(log, Interactions)
    return log.to_sequences()


def compare(histories: list[list[str]]) -> float:
    X = check_sequences(histories)
    assert_type(X[0], NDArray[Any])
    assert_type(X[1:], Sequences)
    X_train, y_valid, X_test, y_test = leave_last_out(X)
    augmenter = DiffusionSequenceAugmenter(5, guidance_scale=2.0, device="cpu")
    DiffusionSequenceAugmenter(5, 4)  # type: ignore[call-arg]
    augmented = augmenter.fit_transform(X_train)
    assert_type(augmented, Sequences)
    recommender = SASRecEstimator(embedding_dim=32, loss="bce").fit(augmented)
    assert_type(recommender, SASRecEstimator)
    SASRecEstimator(embedding_dims=32)  # type: ignore[call-arg]
    BERT4RecEstimator(patience="long")  # type: ignore[arg-type]
    items, scores = recommender.recommend(X_test, k=3)
    assert_type(recommender.score(X_test, y_test), float)
    print(items.shape, scores.mean())

    scorer = NextItemScorer(("ndcg@10",))
    with_augmenter = scorer.per_user(recommender, X_test, y_test)["ndcg@10"]
    floor = MarkovRecommender().fit(X_train)
    without = scorer.per_user(floor, X_test, y_test)["ndcg@10"]
    result = paired_bootstrap(with_augmenter, without, random_state=0)

    search = GridSearchCV(
        Pipeline([("aug", RandomAugmenter()), ("rec", BERT4RecEstimator())]),
        {"aug__n_pseudo_items": [1, 2]},
        cv=LeaveLastOut(),
    )
    search.fit(X_train, y_valid)
    return float(result.difference)


def study(folder: str) -> None:
    augmenters = {"RepPad": RepeatedPaddingAugmenter(max_length=20)}
    results = AugmentationStudy(augmenters, {"SASRec": SASRecEstimator()}, 2).run(
        make_sequences(random_state=0).X, folder
    )
    for record in results.records:
        print(record.augmenter, record.seconds)
