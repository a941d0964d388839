"""What an estimator has learned, as scikit-learn names it."""

from typing import Any


def forget(estimator: Any) -> None:
    """Drop the fitted attributes, so that a fit that fails leaves none behind.

    Parameters
    ----------
    estimator : estimator
        Loses every attribute whose name ends with an underscore.

    Examples
    --------
    >>> from skdiffuasr import PopularityRecommender
    >>> from skdiffuasr._fitted import forget
    >>> recommender = PopularityRecommender().fit([[1, 2]])
    >>> forget(recommender)
    >>> hasattr(recommender, "item_ids_")
    False
    """
    for name in list(vars(estimator)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(estimator, name)
