"""Fitted attributes of a recommender, wherever it stands."""

from typing import Any

import numpy as np
import numpy.typing as npt


def fitted_attribute(estimator: Any, name: str) -> npt.NDArray[Any]:
    """Return a recommender's fitted attribute, found through pipelines and searches."""
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
