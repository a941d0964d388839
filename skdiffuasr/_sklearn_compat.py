"""Everything that is imported from scikit-learn's private or recent modules."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from sklearn.base import _fit_context as _untyped_fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

from skdiffuasr._fitted import forget

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9 has no callbacks

    class _SilentContext:
        """A callback context without callbacks."""

        def subcontext(self, **kwargs: object) -> "_SilentContext":
            return self

        def call_on_fit_task_begin(self, **kwargs: object) -> "_SilentContext":
            return self

        def call_on_fit_task_end(self, **kwargs: object) -> bool:
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's mixin: there is nothing to report to."""

        def _init_callback_context(self, **kwargs: object) -> _SilentContext:
            return _SilentContext()

    def with_callbacks(method: Any) -> Any:
        """Return the method: there is nothing to tear down."""
        return method


_Method = TypeVar("_Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]:
    """Validate parameters, and leave an estimator whose fit fails unfitted.

    Scikit-learn's own decorator validates. A fit that raises, KeyboardInterrupt
    included, leaves no fitted attribute behind, not even those of a fit before.
    """
    validated = _untyped_fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )

    def decorator(fit: _Method) -> _Method:
        validated_fit = validated(fit)

        @wraps(fit)
        def whole_or_unfitted(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            forget(estimator)  # before the fit: old weights take up memory
            try:
                return validated_fit(estimator, *args, **kwargs)
            except BaseException:
                forget(estimator)
                raise

        return cast(_Method, whole_or_unfitted)

    return decorator


def output_container(estimator: Any) -> str:
    """Return "default", "pandas" or "polars": what scikit-learn's `set_output` says.

    Raises a ValueError for anything else.
    """
    return str(_get_output_config("transform", estimator)["dense"])


__all__ = [
    "BaseComposition",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "fit_context",
    "output_container",
    "with_callbacks",
]
