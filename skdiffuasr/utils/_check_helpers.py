"""Data and assertions that the estimator checks share."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences

Rows = list[NDArray[Any]]
Check = Callable[[Any], None]

#: An id that `make_histories` does not use.
UNKNOWN_ITEM = 1_000_003

_PREDICTION_METHODS = (
    "transform",
    "generate",
    "decision_function",
    "predict",
    "recommend",
)


def checks_in(module: ModuleType) -> list[Check]:
    """Return the checks that a module defines."""
    return [
        value
        for name, value in vars(module).items()
        if name.startswith("check_") and value.__module__ == module.__name__
    ]


def make_histories() -> Sequences:
    """Forty users with ids, 2 to 12 items each; the item ids are not positions."""
    data = make_sequences(
        n_users=40, n_items=25, n_hidden_items=0, min_length=2, random_state=0
    )
    X = data.X.tail(12)
    return Sequences(10 * X.values + 7, X.offsets, user_ids=X.user_ids + 500)


def prediction_methods(estimator: Any) -> dict[str, Callable[..., Any]]:
    """Return the methods that take histories and nothing else, by name."""
    return {
        name: getattr(estimator, name)
        for name in _PREDICTION_METHODS
        if hasattr(estimator, name)
    }


def has_parameter(estimator: Any, name: str) -> bool:
    """Whether an estimator has a parameter."""
    return name in estimator.get_params(deep=False)


def is_operator(estimator: Any) -> bool:
    """Whether an augmenter changes histories instead of putting items in front."""
    return not has_parameter(estimator, "augment_at")


def prepared(estimator: Any, **parameters: Any) -> Any:
    """Return an unfitted copy that is deterministic and augments at prediction."""
    fixed = {"random_state": 0, "augment_at": "always", "max_history_length": None}
    known = {k: v for k, v in fixed.items() if has_parameter(estimator, k)}
    return clone(estimator).set_params(**(known | parameters))


def fitted(estimator: Any, X: Any = None, **parameters: Any) -> Any:
    """Return a fitted copy."""
    return prepared(estimator, **parameters).fit(make_histories() if X is None else X)


def fitted_state(estimator: Any) -> dict[str, Any]:
    """Return what an estimator holds besides its parameters."""
    parameters = estimator.get_params(deep=False)
    return {k: v for k, v in vars(estimator).items() if k not in parameters}


def output_rows(estimator: Any, X: Any) -> Rows:
    """Return what a fitted estimator makes of each row: pseudo items, or scores."""
    if not hasattr(estimator, "transform"):
        return list(estimator.decision_function(X))
    augmented = estimator.transform(X)
    return [row[:n] for row, n in zip(augmented, augmented.n_pseudo, strict=True)]


def assert_same_rows(actual: Rows, expected: Rows, message: str) -> None:
    """Compare ids exactly and scores up to rounding."""
    assert len(actual) == len(expected), message
    for row, wanted in zip(actual, expected, strict=True):
        if wanted.size and wanted.dtype.kind == "f":
            np.testing.assert_allclose(
                row, wanted, rtol=1e-4, atol=1e-5, err_msg=message
            )
        else:
            np.testing.assert_array_equal(row, wanted, err_msg=message)


def assert_same_state(actual: Any, expected: Any, message: str) -> None:
    """Compare what two fitted estimators have learned."""
    states = [joblib.hash(fitted_state(each)) for each in (actual, expected)]
    assert states[0] == states[1], message


def memory_mapped(value: Any) -> Any:
    """Return a copy whose arrays are read-only memory maps, as joblib's workers get."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "value.joblib"
        joblib.dump(value, path)
        return joblib.load(path, mmap_mode="r")


@contextmanager
def raises(*types: type[Exception], match: str, given: str) -> Iterator[None]:
    """Expect an error whose message matches, in upper or lower case."""
    try:
        yield
    except types as error:
        if not re.search(match, str(error), re.IGNORECASE):
            raise AssertionError(
                f"The error on {given} does not match {match!r}: {error}"
            ) from error
    else:
        raise AssertionError(f"There is no error on {given}.")
