"""Tools for those who write estimators of their own."""

from skdiffuasr.utils.discovery import all_estimators
from skdiffuasr.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
)

__all__ = ["all_estimators", "check_estimator", "estimator_checks_generator"]
