"""Checks for estimators whose input is a ragged batch of histories.

Scikit-learn's ``check_estimator`` feeds rectangular arrays and has nothing to say on
these estimators. This suite checks the same promises, and those of this library, on
histories: of any augmenter (it has ``transform``) and any recommender (it has
``decision_function``).
"""

from collections.abc import Callable, Iterator
from typing import Any

from sklearn.base import clone

from skdiffuasr.utils import (
    _augmenter_checks,
    _contract_checks,
    _input_checks,
    _recommender_checks,
)
from skdiffuasr.utils._check_helpers import checks_in


def estimator_checks_generator(
    estimator: Any,
) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Yield all checks that apply to an estimator, for ``pytest.mark.parametrize``.

    Parameters
    ----------
    estimator : estimator
        An unfitted augmenter or recommender. Choose parameters that make fits fast:
        there are dozens, each on 40 histories of about 8 of 25 items.

    Yields
    ------
    estimator : estimator
        A clone.
    check : callable(estimator) -> None
        Raises an error if the estimator does not behave as the check's name says.

    Examples
    --------
    >>> from skdiffuasr.recommenders import PopularityRecommender
    >>> from skdiffuasr.utils import estimator_checks_generator
    >>> checks = estimator_checks_generator(PopularityRecommender())
    >>> next(checks)[1].__name__
    'check_init_sets_parameters_only'

    In a test module:

    >>> import pytest
    >>> @pytest.mark.parametrize(
    ...     ("estimator", "check"), estimator_checks_generator(PopularityRecommender())
    ... )
    ... def test_estimator(estimator, check):
    ...     check(estimator)
    """
    checks = checks_in(_contract_checks) + checks_in(_input_checks)
    if hasattr(estimator, "transform"):
        checks += checks_in(_augmenter_checks)
    if hasattr(estimator, "decision_function"):
        checks += checks_in(_recommender_checks)
    for check in checks:
        yield clone(estimator), check


def check_estimator(estimator: Any) -> None:
    """Check that an estimator keeps the promises of this library.

    Parameters
    ----------
    estimator : estimator
        An unfitted augmenter or recommender.

    Raises
    ------
    AssertionError
        If a check fails. Errors of the estimator itself pass through.

    Examples
    --------
    >>> from skdiffuasr.recommenders import MarkovRecommender
    >>> from skdiffuasr.utils import check_estimator
    >>> check_estimator(MarkovRecommender())
    """
    for copy, check in estimator_checks_generator(estimator):
        check(copy)
