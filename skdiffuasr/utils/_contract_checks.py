"""Checks of what scikit-learn expects of any estimator, made for ragged input."""

import copy
import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skdiffuasr.utils._check_helpers import (
    assert_same_rows,
    assert_same_state,
    fitted,
    fitted_state,
    make_histories,
    memory_mapped,
    output_rows,
    prediction_methods,
    prepared,
    raises,
)


def check_init_sets_parameters_only(estimator: Any) -> None:
    """`__init__` stores each parameter as it is, and nothing else."""
    parameters = {
        name: object() for name in inspect.signature(type(estimator)).parameters
    }
    attributes = vars(type(estimator)(**parameters))
    assert attributes.keys() == parameters.keys(), "__init__ sets other attributes"
    for name, value in parameters.items():
        assert attributes[name] is value, f"__init__ changes {name}"


def check_get_and_set_params(estimator: Any) -> None:
    """All parameters can be read and set by name, and no others."""
    parameters = estimator.get_params(deep=False)
    assert parameters.keys() == inspect.signature(type(estimator)).parameters.keys()
    other = type(estimator)()
    assert other.set_params(**parameters) is other, "set_params does not return self"
    for name, value in other.get_params(deep=False).items():
        assert value is parameters[name], f"set_params changes {name}"
    with raises(ValueError, match="no_such_parameter", given="an unknown parameter"):
        other.set_params(no_such_parameter=1)


def check_clone_is_unfitted(estimator: Any) -> None:
    """Clones have the parameters and none of the fitted attributes."""
    original = fitted(estimator)
    cloned = clone(original)
    assert not fitted_state(cloned), "clone() keeps fitted attributes"
    before, after = (each.get_params(deep=False) for each in (original, cloned))
    assert joblib.hash(before) == joblib.hash(after), "clone() changes parameters"


def check_tags(estimator: Any) -> None:
    """Input is one-dimensional; no classifier, or searches would stratify by y."""
    tags = get_tags(estimator)
    assert tags.input_tags.one_d_array, "input_tags.one_d_array must be True"
    assert not tags.input_tags.two_d_array, "input_tags.two_d_array must be False"
    assert tags.estimator_type != "classifier", "must not be tagged a classifier"
    assert not tags.target_tags.required, "y must not be required"


def check_parameter_validation(estimator: Any) -> None:
    """Name a parameter that has a bad value, in `fit` or set later."""
    name = type(estimator).__name__
    constraints = estimator._parameter_constraints
    assert constraints.keys() == estimator.get_params(deep=False).keys(), (
        "_parameter_constraints do not match the parameters"
    )
    original, X = fitted(estimator), make_histories()
    for parameter, options in _checked_parameters(estimator):
        for value in _bad_values(options):
            changed = copy.copy(original).set_params(**{parameter: value})
            uses = prediction_methods(changed)
            uses["fit"] = prepared(estimator).set_params(**{parameter: value}).fit
            for method, use in uses.items():
                with raises(
                    ValueError,
                    match=f"The '{parameter}' parameter of {name} must be",
                    given=f"{method} with {parameter}={value!r}",
                ):
                    use(X)


def check_parameters_changed_after_fit(estimator: Any) -> None:
    """Use valid values that are set after `fit`, or reject them by name.

    Reject them in any case where `fixed_parameters_` has the parameter.
    """
    original, X = fitted(estimator), make_histories()[:3]
    fixed = getattr(original, "fixed_parameters_", {})
    for parameter, options in _checked_parameters(estimator):
        for value in _other_values(options, getattr(original, parameter)):
            changed = copy.copy(original).set_params(**{parameter: value})
            for method, use in prediction_methods(changed).items():
                given = f"{method} with {parameter}={value!r} set after fit"
                try:
                    use(X)
                except ValueError as error:
                    if parameter not in str(error):
                        message = f"The error on {given} does not name it: {error}"
                        raise AssertionError(message) from error
                else:
                    assert parameter not in fixed, f"There is no error on {given}."


def _checked_parameters(estimator: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the parameters that are validated, and the options of each."""
    for parameter, options in estimator._parameter_constraints.items():
        if options != "no_validation":
            yield parameter, options


def _other_values(options: list[Any], value: Any) -> Iterator[Any]:
    """Yield values that options of a parameter accept, and that are not `value`.

    Options such as types and shapes of arrays are not tried.
    """
    candidates: list[Any] = []
    for option in options:
        if option is None:
            candidates.append(None)
        elif option == "boolean":
            candidates += [False, True]
        elif hasattr(option, "options"):
            candidates += sorted(option.options)
        elif hasattr(option, "closed"):
            near = [value + 1, value - 1] if isinstance(value, int | float) else []
            accepted = [n for n in (*near, 8, 1, 0.5) if n in option and n != value]
            candidates += accepted[:2]
    for candidate in candidates:
        if type(candidate) is not type(value) or candidate != value:
            yield candidate


def _bad_values(options: list[Any]) -> Iterator[Any]:
    """Yield values that none of the options of a parameter accepts."""
    yield object()
    if any(hasattr(option, "options") for option in options) and str not in options:
        yield "no such option"
    for interval in (option for option in options if hasattr(option, "closed")):
        yield float("nan")
        if interval.left is not None:
            yield interval.left - 1
        if interval.right is not None:
            yield interval.right + 1


def check_not_fitted(estimator: Any) -> None:
    """Every prediction method says that `fit` must come first."""
    for method, use in prediction_methods(prepared(estimator)).items():
        with raises(NotFittedError, match="not fitted", given=f"{method} before fit"):
            use(make_histories())


def check_fit_returns_self(estimator: Any) -> None:
    """`fit` returns the estimator."""
    unfitted = prepared(estimator)
    assert unfitted.fit(make_histories()) is unfitted, "fit does not return self"


def check_fitted_attributes(estimator: Any) -> None:
    """Public names that `fit` sets end in "_"; `item_ids_` is sorted."""
    state = fitted_state(fitted(estimator))
    wrong = [name for name in state if not name.startswith("_") and name[-1] != "_"]
    assert not wrong, f"fit sets {wrong}, which do not end in '_'"
    np.testing.assert_array_equal(
        state["item_ids_"], np.unique(make_histories().values), "item_ids_ is wrong"
    )


def check_fit_keeps_parameters(estimator: Any) -> None:
    """`fit` neither replaces nor modifies a parameter."""
    unfitted = prepared(estimator)
    before = unfitted.get_params(deep=False)
    hashes = {name: joblib.hash(value) for name, value in before.items()}
    unfitted.fit(make_histories())
    for name, value in unfitted.get_params(deep=False).items():
        unchanged = value is before[name] and joblib.hash(value) == hashes[name]
        assert unchanged, f"fit changes the parameter {name}"


def check_fit_is_idempotent(estimator: Any) -> None:
    """With an int `random_state` fits repeat, whatever was fitted before."""
    expected, again = fitted(estimator), fitted(estimator)
    assert_same_state(again, expected, "a second fit differs")
    again.fit(make_histories()[:30]).fit(make_histories())
    assert_same_state(again, expected, "fit keeps something of the last")


def check_fit_ignores_y(estimator: Any) -> None:
    """`y` holds what is to be predicted: `fit` must not learn from it."""
    X = make_histories()
    expected = fitted(estimator, X)
    for y in (X.last(), X.last()[::-1], ["garbage"], object()):
        actual = prepared(estimator).fit(X, y)
        assert_same_state(actual, expected, "fit depends on y")


def check_prediction_keeps_state(estimator: Any) -> None:
    """Methods other than `fit` do not change the estimator, nor their own output."""
    estimator, X = fitted(estimator), make_histories()
    before = joblib.hash(vars(estimator))
    expected = output_rows(estimator, X)
    for method, use in prediction_methods(estimator).items():
        use(X)
        assert joblib.hash(vars(estimator)) == before, f"{method} changes the state"
    assert_same_rows(output_rows(estimator, X), expected, "a second call differs")


def check_copies(estimator: Any) -> None:
    """Pickled and memory-mapped estimators, as in joblib's workers, work as before."""
    original, X = fitted(estimator), make_histories()
    expected = output_rows(original, X)
    for copied in (pickle.loads(pickle.dumps(original)), memory_mapped(original)):
        assert_same_rows(output_rows(copied, X), expected, "the copy differs")


def check_pipeline_consistency(estimator: Any) -> None:
    """As the only step of a Pipeline an estimator does what it does alone."""
    X = make_histories()
    pipeline = Pipeline([("estimator", prepared(estimator))]).fit(X, X.last())
    assert_same_rows(
        output_rows(pipeline, X),
        output_rows(fitted(estimator, X), X),
        "the estimator differs in a Pipeline",
    )
