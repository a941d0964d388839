"""What recommenders that are made of others do with these."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from skdiffuasr._progress import stage, track
from skdiffuasr._typing import FloatArray, IdArray, IntArray
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.pipelines import (
    final_recommender,
    served_recommender,
    unwrapped,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ragged import id_type
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.training.early_stopping import takes_validation

#: Methods of which a member needs one.
_SCORES = ("predict_log_proba", "decision_function")


def check_member(member: Any, name: str) -> None:
    """Raise unless a member can be fitted, or is frozen and fitted, and scores."""
    if isinstance(member, type):
        raise TypeError(f"{name} is the class {member.__name__}; pass an instance.")
    if not hasattr(member, "fit") or not any(hasattr(member, m) for m in _SCORES):
        raise TypeError(
            f"{name} must be a recommender, with fit and {' or '.join(_SCORES)}, got "
            f"{type(member).__name__}."
        )
    if isinstance(member, FrozenEstimator):
        check_is_fitted(
            member,
            msg=f"{name} is a FrozenEstimator around an unfitted "
            f"{type(member.estimator).__name__}; fit that first, or pass it as it is.",
        )


def check_pairs(members: list[Any]) -> None:
    """Raise a ValueError unless there are members, all of them (name, recommender)."""
    if not members:
        raise ValueError("estimator is an empty list; an ensemble takes a member.")
    for place, pair in enumerate(members):
        if not (isinstance(pair, tuple) and len(pair) == 2 and type(pair[0]) is str):
            raise ValueError(
                f"estimator must be a recommender or a list of (name, recommender), "
                f"but its entry {place} is {pair!r:.80}."
            )


def check_id_types(item_ids: dict[str, IdArray]) -> None:
    """Raise a TypeError if some ids are integers and others strings."""
    types = {name: id_type(ids) for name, ids in item_ids.items() if len(ids)}
    for name, found in types.items():
        first, expected = next(iter(types.items()))
        if found != expected:
            raise TypeError(
                f"All item ids must be of one type, but those of {first} are of type "
                f"{expected} and those of {name} of type {found}."
            )


def set_random_states(estimator: Any, rng: np.random.RandomState) -> None:
    """Draw every `random_state` of an estimator and of those inside it."""
    seeds = {
        name: rng.randint(2**31 - 1)
        for name in sorted(estimator.get_params(deep=True))
        if name == "random_state" or name.endswith("__random_state")
    }
    if seeds:
        estimator.set_params(**seeds)


def fit_member(
    member: Any,
    X: Sequences,
    y: Any,
    validation: dict[str, Any],
    *,
    stage_name: str,
    verbose: int,
) -> Any:
    """Fit a member, with the data for early stopping where it takes them.

    It may be in another process, to which only a `stage` brings how it is called.
    """
    with stage(stage_name, verbose=verbose):
        return member.fit(X, y, **(validation if takes_validation(member) else {}))


def fit_members(
    members: list[Any],
    X: Sequences,
    y: Any,
    validation: dict[str, Any],
    *,
    n_jobs: int | None,
    name: str,
    verbose: int,
) -> list[Any]:
    """Fit members by `fit_member`, in several processes if asked to; return them."""
    # Not by threads, which some contexts prefer: torch has one generator for all.
    parallel = Parallel(n_jobs=n_jobs, backend="loky", return_as="generator")
    fitted = []
    with track(name, "member", len(members), verbose=verbose) as progress:
        for member in parallel(
            delayed(fit_member)(
                member,
                X,
                y,
                validation,
                stage_name=f"member {number}/{len(members)}",
                verbose=verbose,
            )
            for number, member in enumerate(members, start=1)
        ):
            fitted.append(member)
            progress.advance()
    return fitted


def member_item_ids(member: Any) -> IdArray:
    """Return the catalogue of a fitted member, sorted."""
    return fitted_attribute(member, "item_ids_")


def item_cosines(member: Any, codes: IntArray) -> FloatArray | None:
    """Return cosines (n, n_items) of a fitted member's items; see `similar_items`."""
    recommender = final_recommender(member)
    if isinstance(recommender, BaseRecommender):
        return recommender._item_cosines(codes)
    return None


def n_epochs(member: Any) -> int:
    """Return the number of epochs that a fitted member was trained for, or 0."""
    try:
        return int(fitted_attribute(member, "n_iter_"))
    except AttributeError:
        return 0


def log_probability_scorer(
    member: Any, X: Sequences, is_normalised: bool = True
) -> Callable[[slice], Tensor]:
    """Prepare a fitted member to score slices of rows; each may overwrite the last.

    Return a function from a slice to log-probabilities (n, n_items) over the member's
    catalogue. Items that it does not know are left out of the histories. Augmenters in
    a pipeline transform all rows first. Log-probabilities that are not normalised may
    lack a constant of each row.
    """
    member, X = unwrapped(member, X)
    if isinstance(member, BaseRecommender):
        member._check_fitted()
        codes = encode_sequences(X, member.item_ids_)
        return member._block_scorer(
            codes, as_log_probabilities=True, is_normalised=is_normalised
        )
    if hasattr(member, "predict_log_proba"):
        return lambda rows: torch.as_tensor(member.predict_log_proba(X[rows]))
    return lambda rows: torch.as_tensor(member.decision_function(X[rows])).log_softmax(
        1
    )


def served_member(member: Any) -> nn.Module:
    """Return a module of a fitted member; see `BaseRecommender._served_module`."""
    module: nn.Module
    module = served_recommender(member)._served_module(as_log_probabilities=True)
    return module
