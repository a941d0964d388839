"""Scikit-learn's base classes with types, so that constructors are checked.

Scikit-learn has no types, and mypy lets a generated constructor take any argument where
a base class has none.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

    class BaseEstimator:
        """Has any other attribute, too, like a class without types."""

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

        def set_params(self, **params: Any) -> Self: ...

        def __sklearn_tags__(self) -> Any: ...

        def __getattr__(self, name: str) -> Any: ...

    class TransformerMixin(BaseEstimator): ...

    class CallbackSupportMixin(BaseEstimator): ...

    class BaseComposition(BaseEstimator):
        def _get_params(self, attr: str, deep: bool = True) -> dict[str, Any]: ...

        def _set_params(self, attr: str, **params: Any) -> Self: ...

else:
    from sklearn.base import BaseEstimator, TransformerMixin

    from skdiffuasr._sklearn_compat import BaseComposition, CallbackSupportMixin

__all__ = [
    "BaseComposition",
    "BaseEstimator",
    "CallbackSupportMixin",
    "TransformerMixin",
]
