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

else:
    from sklearn.base import BaseEstimator, TransformerMixin

    from skdiffuasr._sklearn_compat import CallbackSupportMixin

__all__ = ["BaseEstimator", "CallbackSupportMixin", "TransformerMixin"]
