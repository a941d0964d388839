"""Scikit-learn's base classes, so that mypy checks the constructors of estimators.

Scikit-learn has no types, and the generated constructor of a class with an untyped base
class takes any argument as far as mypy is concerned.
"""

from typing import Any

MYPY = False  # mypy alone takes it for true; editors read scikit-learn itself

if MYPY:

    class BaseEstimator:
        """Has any attribute, like a class without types."""

        def __getattr__(self, name: str) -> Any: ...

        def __sklearn_tags__(self) -> Any: ...

    class TransformerMixin(BaseEstimator): ...

    class CallbackSupportMixin(BaseEstimator): ...

else:
    from sklearn.base import BaseEstimator, TransformerMixin

    from skdiffuasr._sklearn_compat import CallbackSupportMixin

__all__ = ["BaseEstimator", "CallbackSupportMixin", "TransformerMixin"]
