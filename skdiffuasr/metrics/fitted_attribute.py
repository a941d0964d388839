"""Fitted attributes of a recommender, wherever it stands."""

from typing import Any

import numpy as np
import numpy.typing as npt


def fitted_attribute(estimator: Any, name: str) -> npt.NDArray[Any]:
    """Find a recommender's fitted attribute behind pipelines and searches.

    Parameters
    ----------
    estimator : object
        A fitted recommender, or a pipeline or search that ends in one.
    name : str
        Name of the attribute.

    Returns
    -------
    attribute : ndarray

    Raises
    ------
    AttributeError
        If the recommender has no such attribute.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdiffuasr import MarkovRecommender, RandomAugmenter
    >>> from skdiffuasr.metrics.fitted_attribute import fitted_attribute
    >>> pipeline = make_pipeline(RandomAugmenter(), MarkovRecommender())
    >>> fitted_attribute(pipeline.fit([[10, 20], [30]]), "item_ids_")
    array([10, 20, 30])
    """
    recommender = estimator
    while not hasattr(recommender, name):
        if hasattr(recommender, "best_estimator_"):
            recommender = recommender.best_estimator_
        elif hasattr(recommender, "steps"):
            recommender = recommender.steps[-1][1]
        else:
            raise AttributeError(
                f"{type(recommender).__name__} has no attribute {name!r}; a scorer "
                "needs a fitted recommender, or a pipeline or search that ends in one."
            )
    return np.asarray(getattr(recommender, name))
