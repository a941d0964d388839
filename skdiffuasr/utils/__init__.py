"""Tools for those who write estimators of their own."""

from skdiffuasr.utils.discovery import all_estimators, short_name
from skdiffuasr.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    tiny_instance,
)

__all__ = [
    "all_estimators",
    "check_estimator",
    "estimator_checks_generator",
    "short_name",
    "tiny_instance",
]
