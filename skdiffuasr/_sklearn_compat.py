"""Everything that is imported from scikit-learn's private or recent modules."""

from sklearn.base import _fit_context
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


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "_fit_context",
]
