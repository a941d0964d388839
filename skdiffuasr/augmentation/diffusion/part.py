"""Parts of the diffusion augmenter: small objects with parameters of their own."""

from types import ModuleType
from typing import Any, ClassVar

import joblib
from sklearn import get_config

from skdiffuasr._sklearn_bases import BaseEstimator

#: Of a recommender that is a parameter of the augmenter.
UNFITTED = (
    "{} is an unfitted %(name)s. Pass a fitted one inside "
    "sklearn.frozen.FrozenEstimator, or clone(), and so every search, unfits it."
)


class Part(BaseEstimator):
    """Parameters that belong together, and the code that reads them.

    Scikit-learn clones, prints and searches a part like an estimator:
    ``set_params(sampler__n_steps=3)`` reaches into the augmenter's sampler. Decorate a
    subclass with `estimator_class`, or write `__init__` as for an estimator, and give
    it `_parameter_constraints`, which the augmenter checks with its own. Two class
    attributes go with it:

    - `name`, such as ``"ddim"``, by which the augmenter knows the part with its default
      values;
    - `fixed_by_fit`, the parameters that trained weights depend on, which cannot change
      after `fit`; None stands for all.
    """

    name: ClassVar[str | None] = None
    fixed_by_fit: ClassVar[tuple[str, ...] | None] = None
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def check(self) -> None:
        """Raise a ValueError if a parameter is not what the constraints allow."""
        if not get_config()["skip_parameter_validation"]:
            self._validate_params()


def names(room: ModuleType) -> dict[str, type[Part]]:
    """Find the parts that a room exports, by their names."""
    exported = (getattr(room, name) for name in room.__all__)
    return {cls.name: cls for cls in exported if getattr(cls, "name", None)}


def fixed_values(parameter: str, part: Any) -> dict[str, Any]:
    """Return what a fit with this part fixes: plain values by nested names."""
    cls = type(part)
    fixed = getattr(part, "fixed_by_fit", None)
    values = part.get_params(deep=False)
    return {
        parameter: vars(cls).get("name") or cls.__name__,
        **{
            f"{parameter}__{name}": _plain(value)
            for name, value in values.items()
            if fixed is None or name in fixed
        },
    }


def _plain(value: Any) -> Any:
    """Return the value itself, or a hash of what ``==`` may not compare."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return joblib.hash(value)
