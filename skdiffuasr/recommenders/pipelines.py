"""Recommenders inside pipelines and searches."""

from typing import Any

import numpy.typing as npt
from sklearn.frozen import FrozenEstimator

from skdiffuasr._typing import SequencesLike
from skdiffuasr.sequences import Sequences, check_sequences


def recommend(model: Any, X: SequencesLike, k: int = 10, **options: Any) -> Any:
    """Recommend with a fitted recommender, or a pipeline or search that ends in one.

    The augmenters of a pipeline transform the histories first.

    Parameters
    ----------
    model : estimator
        A recommender of this library, a ``Pipeline`` or search that ends in one, or
        one in a ``FrozenEstimator``.
    X : Sequences or iterable of n sequences of item ids
        Histories, oldest item first.
    k : int, default=10
        Number of items for each history.
    **options : object
        Others of the recommender's `recommend`, such as `candidates` and `as_frame`.

    Returns
    -------
    recommendations : (items, scores) or DataFrame
        What the recommender's `recommend` returns.

    Raises
    ------
    TypeError
        If the model ends in something that cannot recommend.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdiffuasr import MarkovRecommender, RandomAugmenter, recommend
    >>> model = make_pipeline(RandomAugmenter(1, random_state=0), MarkovRecommender())
    >>> model = model.fit([["a", "b", "c"], ["b", "c"], ["a", "c"]])
    >>> items, scores = recommend(model, [["a", "b"]], k=1)
    >>> items.tolist()
    [['c']]
    """
    recommender, X = _recommender_and_input(model, X)
    return recommender.recommend(X, k, **options)


def recommend_columns(
    model: Any, X: SequencesLike, k: int, **options: Any
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of the table that `recommend` returns, as arrays."""
    recommender, X = _recommender_and_input(model, X)
    columns: dict[str, npt.NDArray[Any]]
    columns = recommender._recommend_columns(X, k, **options)
    return columns


def _recommender_and_input(model: Any, X: SequencesLike) -> tuple[Any, Sequences]:
    """Return the recommender of `unwrapped`, or raise if it is none."""
    recommender, X = unwrapped(model, check_sequences(X))
    if not hasattr(recommender, "recommend"):
        raise TypeError(
            f"{type(recommender).__name__} has no recommend; pass a fitted "
            "recommender, or a pipeline or search that ends in one."
        )
    return recommender, X


def unwrapped(model: Any, X: Sequences) -> tuple[Any, Sequences]:
    """Return the recommender that a fitted model ends in, and X as it gets there."""
    while (inner := _inside(model)) is not model:
        if hasattr(model, "steps") and len(model.steps) > 1:
            X = model[:-1].transform(X)
        model = inner
    return model, X


def final_recommender(model: Any) -> Any:
    """Return the recommender that a fitted model ends in."""
    while (inner := _inside(model)) is not model:
        model = inner
    return model


def served_recommender(model: Any) -> Any:
    """Return the recommender that a fitted model ends in, to be served without it.

    Raises a ValueError if what comes before it changes the histories at prediction, and
    a TypeError if it has no module to be served.
    """
    recommender = final_recommender(model)
    if not hasattr(recommender, "_served_module"):
        raise TypeError(
            f"{type(recommender).__name__} cannot be exported; pass a fitted "
            "recommender of this library, or a pipeline or search that ends in one."
        )
    while model is not recommender:
        for name, step in getattr(model, "steps", ())[:-1]:
            if not _is_identity(step):
                raise ValueError(
                    f"The step {name!r}, {type(step).__name__}, changes histories at "
                    "prediction, which cannot be exported. Export a recommender that "
                    "is trained without it, or with augment_at='fit' in its augmenter."
                )
        model = _inside(model)
    return recommender


def _is_identity(step: Any) -> bool:
    """Return whether a fitted step of a pipeline leaves histories as they are."""
    if hasattr(step, "steps"):
        return all(_is_identity(inner) for _, inner in step.steps)
    if isinstance(step, FrozenEstimator):
        return _is_identity(step.estimator)
    return step in (None, "passthrough") or getattr(step, "augment_at", "") == "fit"


def _inside(model: Any) -> Any:
    """Return what a search found, a FrozenEstimator holds or a pipeline ends in."""
    if isinstance(model, FrozenEstimator):
        return model.estimator
    if hasattr(model, "best_estimator_"):
        return model.best_estimator_
    return model.steps[-1][1] if hasattr(model, "steps") else model
