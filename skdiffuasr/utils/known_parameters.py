"""Parameters by name, whether an estimator has them or one of its parts.

An estimator names its parts by `_parts()`: those of the diffusion augmenter, the
members of an ensemble, a student and its teacher; and they may have parts themselves.
"""

from collections.abc import Mapping
from typing import Any


def known_parameters(estimator: Any) -> set[str]:
    """Return the names that `set_known` can set."""
    found = set(estimator.get_params(deep=False))
    return found.union(*map(known_parameters, _parts(estimator).values()))


def set_known(estimator: Any, parameters: Mapping[str, Any]) -> Any:
    """Set the parameters that an estimator has, the others in all its parts; return it.

    A part that was given by its name, or None, becomes an object if one of its
    parameters is set.
    """
    known = estimator.get_params(deep=False)
    own = {name: value for name, value in parameters.items() if name in known}
    handed_down = {k: v for k, v in parameters.items() if k not in own}
    estimator.set_params(**own)
    for name, part in _parts(estimator).items():
        if known_parameters(part) & handed_down.keys():
            estimator.set_params(**{name: set_known(part, handed_down)})
    return estimator


def _parts(estimator: Any) -> dict[str, Any]:
    # A frozen estimator would hand out those of the one inside it.
    parts = estimator._parts() if hasattr(type(estimator), "_parts") else {}
    return {name: part for name, part in parts.items() if hasattr(part, "get_params")}
