"""One combination of a study: augment, train, rank; and what each took."""

import inspect
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.base import clone

from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.metrics.next_item_ranks import RANKINGS, next_item_ranks
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.protocol import StudyData
from skdiffuasr.training.early_stopping import takes_validation
from skdiffuasr.utils.known_parameters import set_known

#: Parameters that say how a result is computed, and not what it is.
HANDLING = frozenset({"checkpoint", "device", "memory", "n_jobs", "verbose"})


def with_parameters(estimator: Any, seed: int, parameters: dict[str, Any]) -> Any:
    """Clone an estimator with some parameters and, wherever it has one, a seed.

    An interrupt stops the study: what a training run has by then is not a result.
    """
    copy = clone(estimator).set_params(**parameters)
    _set_everywhere(copy, "random_state", seed)
    _set_everywhere(copy, "keep_interrupted", False)
    return copy


def without_handling(estimator: Any) -> Any:
    """Clone an estimator for its hash: without what does not change its results.

    Its `HANDLING` parameters, and those of estimators inside it, become those of its
    class.
    """
    if estimator is None:
        return None
    copy = deepcopy(clone(estimator))  # a frozen estimator is not cloned
    for part in (copy, *copy.get_params(deep=True).values()):
        if hasattr(part, "get_params") and not isinstance(part, type):
            defaults = inspect.signature(type(part)).parameters
            names = HANDLING.intersection(part.get_params(deep=False))
            part.set_params(**{name: defaults[name].default for name in names})
    return copy


def augment(data: StudyData, augmenter: Any) -> tuple[StudyData, Costs]:
    """Fit an augmenter in place on the training histories and augment all.

    Histories of validation and test are augmented as at prediction; None leaves all as
    they are.
    """
    costs = Costs()
    if augmenter is None:
        return data, costs
    with costs.step("fit augmenter"):
        X_train = augmenter.fit_transform(data.X_train)
    with costs.step("transform"):
        X_val = augmenter.transform(data.X_val)
        X_test = augmenter.transform(data.X_test)
    return data._replace(X_train=X_train, X_val=X_val, X_test=X_test), costs


def train_and_rank(
    data: StudyData,
    costs: Costs,
    recommender: Any,
    n_negatives: int | None,
    *,
    filter_seen: bool,
    with_test: bool = True,
) -> dict[str, Any]:
    """Fit a recommender on augmented histories and rank the held-out items.

    The recommender is fitted in place: on `X_train` alone, but for early stopping on
    `X_val` where its `fit` takes it. The choice of parameters must not touch the test
    items. `costs` are those of `augment`. Returns the fields of a `RunRecord` that the
    run decides.
    """
    _set_everywhere(recommender, "validation_filter_seen", filter_seen)
    validation = {}
    if takes_validation(recommender):
        validation = {"X_val": data.X_val, "y_val": data.y_val}
    scorer = NextItemScorer(("ndcg@10",), filter_seen=filter_seen)
    costs, ranks = deepcopy(costs), {}
    with costs.step("fit recommender"):
        recommender.fit(data.X_train, **validation)
    score = scorer(recommender, data.X_val, data.y_val)["ndcg@10"]
    if with_test:
        rankings = [name for name in RANKINGS if name != "sampled" or n_negatives]
        with costs.step("predict"):
            ranks = next_item_ranks(
                recommender,
                data.X_test,
                data.y_test,
                rankings,
                n_negatives=n_negatives or 0,
            )
    return {
        "ranks": ranks,
        "seconds": costs.seconds,
        "peak_memory_mib": costs.peak_memory_mib,
        **_epochs(recommender),
        "validation_score": score,
    }


def _set_everywhere(estimator: Any, name: str, value: Any) -> None:
    """Set a parameter wherever an estimator, or one inside it, has it."""
    set_known(estimator, {name: value})  # a part that is None is no parameter yet
    names = [
        key
        for key in estimator.get_params(deep=True)
        if key == name or key.endswith(f"__{name}")
    ]
    estimator.set_params(**dict.fromkeys(names, value))


def _epochs(recommender: Any) -> dict[str, int]:
    """Epochs of the training run that came nearest to its limit, and that limit."""
    epochs = [
        (int(part.n_iter_), int(getattr(part, "max_epochs", 0)))
        for part in _trained(recommender)
    ]
    n_epochs, max_epochs = max(
        epochs, key=lambda of_part: of_part[0] / (of_part[1] or np.inf), default=(0, 0)
    )
    return {"n_epochs": n_epochs, "max_epochs": max_epochs}


def _trained(recommender: Any) -> Iterator[Any]:
    """Find the networks in pipelines, searches, ensembles and students."""
    for name in ("best_estimator_", "student_"):
        if hasattr(recommender, name):
            yield from _trained(getattr(recommender, name))
            return
    if hasattr(recommender, "steps"):
        yield from _trained(recommender.steps[-1][1])
    elif hasattr(recommender, "estimators_"):
        for member in recommender.estimators_:
            yield from _trained(member)
    elif hasattr(recommender, "n_iter_"):
        yield recommender
