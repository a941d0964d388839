"""One combination of a study: augment, train, rank; and what each took."""

import inspect
import traceback
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from skdiffuasr.metrics import (
    NextItemScorer,
    TargetRanks,
    mask_seen,
    sampled_target_ranks,
    target_ranks,
)
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.metrics.score_blocks import score_blocks
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.study.costs import Costs
from skdiffuasr.study.protocol import StudyData
from skdiffuasr.study.results import RANKINGS

_NEGATIVES_SEED = 0
# Parameters that say how a result is computed, and not what it is.
_HANDLING = frozenset({"memory", "verbose", "device", "n_jobs"})


class AugmentedData(NamedTuple):
    """Histories as an augmenter hands them on, and what that took.

    Those of validation and test are as at prediction.
    """

    X_train: Sequences
    X_val: Sequences
    X_test: Sequences
    seconds: dict[str, float]
    peak_memory_mib: float


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

    Its `memory`, `verbose`, `device` and `n_jobs`, and those of estimators inside it,
    become those of its class.
    """
    if estimator is None:
        return None
    copy = deepcopy(clone(estimator))  # a frozen estimator is not cloned
    for part in (copy, *copy.get_params(deep=True).values()):
        if hasattr(part, "get_params") and not isinstance(part, type):
            defaults = inspect.signature(type(part)).parameters
            names = _HANDLING.intersection(part.get_params(deep=False))
            part.set_params(**{name: defaults[name].default for name in names})
    return copy


def augment(data: StudyData, augmenter: Any) -> AugmentedData:
    """Fit an augmenter on the training histories and augment all.

    The augmenter is fitted in place; None leaves the histories as they are.
    """
    if augmenter is None:
        return AugmentedData(data.X_train, data.X_val, data.X_test, {}, 0.0)
    costs = Costs()
    with costs.step("fit augmenter"):
        X_train = augmenter.fit_transform(data.X_train)
    with costs.step("transform"):
        X_val = augmenter.transform(data.X_val)
        X_test = augmenter.transform(data.X_test)
    return AugmentedData(X_train, X_val, X_test, costs.seconds, costs.peak_memory_mib)


def train_and_rank(
    data: StudyData,
    augmented: AugmentedData,
    recommender: Any,
    n_negatives: int | None,
    *,
    with_test: bool = True,
) -> dict[str, Any]:
    """Fit a recommender on augmented histories and rank the held-out items.

    The recommender is fitted in place: on `X_train` alone, but for early stopping on
    `X_val` where its `fit` takes it. The choice of parameters must not touch the test
    items. Returns the fields of a `RunRecord` that the run decides.
    """
    filter_seen = not data.has_repeats
    _set_everywhere(recommender, "validation_filter_seen", filter_seen)
    validation = {}
    takes_validation = "X_val" in inspect.signature(recommender.fit).parameters
    if takes_validation and getattr(recommender, "early_stopping", True):
        validation = {"X_val": augmented.X_val, "y_val": data.y_val}
    scorer = NextItemScorer(("ndcg@10",), filter_seen=filter_seen)
    costs, ranks = Costs(), {}
    with costs.step("fit recommender"):
        recommender.fit(augmented.X_train, **validation)
    score = scorer(recommender, augmented.X_val, data.y_val)["ndcg@10"]
    if with_test:
        with costs.step("predict"):
            ranks = rank_next_items(
                recommender, augmented.X_test, data.y_test, n_negatives
            )
    return {
        "ranks": ranks,
        "seconds": {**augmented.seconds, **costs.seconds},
        "peak_memory_mib": max(augmented.peak_memory_mib, costs.peak_memory_mib),
        "n_epochs": _n_epochs(recommender),
        "validation_score": score,
    }


def rank_next_items(
    recommender: Any,
    X: Sequences,
    y: npt.ArrayLike,
    n_negatives: int | None = 100,
) -> dict[str, TargetRanks]:
    """Rank the next item of every history in every way, from one scoring pass.

    Return what `RunRecord` calls `ranks`. Pseudo items do not count as seen; an item of
    `y` (n,) that the recommender does not know is a miss. A user has the same negatives
    for every recommender of one catalogue; None leaves the sampled ranking out.
    """
    item_ids = fitted_attribute(recommender, "item_ids_")
    targets = encode_items(np.asarray(y), item_ids)
    seen = encode_sequences(X.variants[0], item_ids)
    keys = row_keys(X, _NEGATIVES_SEED)
    names = ("full", "filtered") if n_negatives is None else RANKINGS
    parts: dict[str, list[TargetRanks]] = {name: [] for name in names}
    for rows, scores in score_blocks(recommender, X, len(item_ids)):
        block = targets[rows]
        parts["full"].append(target_ranks(scores, block, first_row=rows.start))
        masked = mask_seen(scores, seen[rows], block)
        parts["filtered"].append(target_ranks(masked, block, first_row=rows.start))
        if n_negatives is not None:
            sampled = sampled_target_ranks(
                scores,
                block,
                keys[rows],
                n_negatives,
                seen=seen[rows],
                first_row=rows.start,
            )
            parts["sampled"].append(sampled)
    return {name: TargetRanks.concatenate(ranks) for name, ranks in parts.items()}


def failed_run() -> dict[str, Any]:
    """Fields of a `RunRecord` for the exception that is being handled."""
    return {"ranks": {}, "error": traceback.format_exc()}


def _set_everywhere(estimator: Any, name: str, value: Any) -> None:
    """Set a parameter wherever an estimator, or one inside it, has it."""
    names = [
        key
        for key in estimator.get_params(deep=True)
        if key == name or key.endswith(f"__{name}")
    ]
    estimator.set_params(**dict.fromkeys(names, value))


def _n_epochs(recommender: Any) -> int:
    """Epochs that a recommender, or the last step of a pipeline, was trained for."""
    try:
        return int(fitted_attribute(recommender, "n_iter_"))
    except AttributeError:
        return 0
