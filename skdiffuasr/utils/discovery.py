"""The estimators of the library, found by what its rooms export."""

import inspect
import re

from sklearn.base import BaseEstimator

from skdiffuasr import augmentation, recommenders

_ROOMS = {"augmenter": augmentation, "recommender": recommenders}


def all_estimators(type_filter: str | None = None) -> list[tuple[str, type]]:
    """List the augmenters and recommenders of the library.

    Parameters
    ----------
    type_filter : {"augmenter", "recommender"}, default=None
        List only these. None lists both.

    Returns
    -------
    estimators : list of (str, type)
        Name and class of each, sorted by name; no base classes.

    Raises
    ------
    ValueError
        If `type_filter` is something else.

    Examples
    --------
    >>> from skdiffuasr.utils import all_estimators
    >>> [name for name, _ in all_estimators("recommender")][:2]
    ['BERT4RecEstimator', 'CL4SRecEstimator']
    """
    if type_filter is not None and type_filter not in _ROOMS:
        raise ValueError(
            f"type_filter must be None or one of {', '.join(_ROOMS)}, got "
            f"{type_filter!r}."
        )
    found = {
        name: getattr(room, name)
        for kind, room in _ROOMS.items()
        if type_filter in (None, kind)
        for name in room.__all__
    }
    return sorted((name, value) for name, value in found.items() if _is_concrete(value))


def short_name(cls: type) -> str:
    """Return the name of an estimator on the command line.

    It is the attribute `_short_name` of the class, or its name without the kind at the
    end, in lower case with hyphens: ``"sliding-window"``.
    """
    if "_short_name" in vars(cls):
        return str(vars(cls)["_short_name"])
    name = re.sub("(Augmenter|Recommender|Estimator)$", "", cls.__name__)
    return re.sub("(?<=[a-z])(?=[A-Z][a-z])", "-", name).lower()


def _is_concrete(value: object) -> bool:
    is_estimator = inspect.isclass(value) and issubclass(value, BaseEstimator)
    return is_estimator and not inspect.isabstract(value)
