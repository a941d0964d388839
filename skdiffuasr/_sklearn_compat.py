"""Everything that is imported from scikit-learn's private or recent modules."""

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.base import _fit_context as _untyped_fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

try:
    from sklearn.callback import CallbackSupportMixin
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


_Method = TypeVar("_Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]:
    """Validate parameters before a fit: scikit-learn's own decorator, with its type.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators inside are fitted without validating their parameters.

    Returns
    -------
    decorator : callable(method) -> method
        For `fit` and its kin.
    """
    decorator: Callable[[_Method], _Method] = _untyped_fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )
    return decorator


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "fit_context",
]
