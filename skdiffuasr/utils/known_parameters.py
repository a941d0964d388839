"""Parameters by name, whether an estimator has them or one of its parts."""

from collections.abc import Mapping
from typing import Any


def known_parameters(estimator: Any) -> dict[str, str | None]:
    """Return the names that `set_known` can set, with the part that has each.

    What the estimator has itself, with None, goes before what a part has.
    """
    found: dict[str, str | None] = {}
    for part, value in _parts(estimator).items():
        if hasattr(value, "get_params"):
            found |= dict.fromkeys(value.get_params(deep=False), part)
    return found | dict.fromkeys(estimator.get_params(deep=False))


def set_known(estimator: Any, parameters: Mapping[str, Any]) -> Any:
    """Set the parameters that an estimator or one of its parts has; return it.

    A part that was given by its name becomes an object if one of its parameters is set.
    """
    parts = _parts(estimator)
    for name, part in known_parameters(estimator).items():
        if name in parameters:
            setting = {name: parameters[name]}
            if part is not None:
                setting = {part: parts[part].set_params(**setting)}
            estimator.set_params(**setting)
    return estimator


def _parts(estimator: Any) -> dict[str, Any]:
    return estimator._parts() if hasattr(estimator, "_parts") else {}
