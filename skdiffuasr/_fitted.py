"""What an estimator has learned, and the parameters that this depends on."""

from typing import Any, ClassVar

from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from skdiffuasr._fork import avoid_deadlock


def forget(estimator: Any) -> None:
    """Drop fitted attributes, so that a fit that fails leaves none behind."""
    for name in list(vars(estimator)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(estimator, name)


class FixedByFitMixin:
    """Parameters that can no longer change once `fit` has used them.

    Scikit-learn checks parameters in `fit` alone, but many act when the fitted
    estimator is used. Others, such as the shape of a network, describe what `fit` has
    learned. A subclass names those in `_fixed_by_fit`; its `fit` calls
    `_remember_parameters`, and every method that uses what was fitted begins with
    `_check_fitted`. Their values are in `fixed_parameters_`, if there are any.
    """

    _fixed_by_fit: ClassVar[tuple[str, ...]] = ()

    fixed_parameters_: dict[str, Any]

    def _fixed_parameters(self) -> dict[str, Any]:
        """Return the parameters that a fit with them would fix."""
        return {name: getattr(self, name) for name in self._fixed_by_fit}

    def _check_parameters(self) -> None:
        """Raise if parameters do not fit together; in `fit` and whenever used."""

    def _remember_parameters(self) -> None:
        """Store the parameters that are fixed from now on."""
        avoid_deadlock()
        fixed = self._fixed_parameters()
        if fixed:
            self.fixed_parameters_ = fixed

    def _check_fitted(self: Any) -> None:
        """Raise if the estimator is not fitted or a parameter cannot be used with it.

        That is one that is invalid, or that `fit` has fixed and was changed.
        """
        check_is_fitted(self)
        avoid_deadlock()
        if not get_config()["skip_parameter_validation"]:
            self._validate_params()
        now = self._fixed_parameters()
        for name, fitted in getattr(self, "fixed_parameters_", {}).items():
            if name in now and now[name] != fitted:
                raise ValueError(
                    f"{name}={now[name]!r}, but this {type(self).__name__} was fitted "
                    f"with {name}={fitted!r}, which what it has learned depends on; "
                    f"fit it again, or set {name} back."
                )
        self._check_parameters()
