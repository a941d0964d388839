"""Checks of how an estimator reads histories."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import joblib
import numpy as np

from skdiffuasr.sequences import Sequences
from skdiffuasr.utils._check_helpers import (
    UNKNOWN_ITEM,
    assert_same_rows,
    assert_same_state,
    fitted,
    has_parameter,
    make_histories,
    memory_mapped,
    output_rows,
    prediction_methods,
    prepared,
    raises,
)


def check_rows_are_independent(estimator: Any) -> None:
    """Neither the order of the rows nor other rows change the output of a row."""
    estimator, X = fitted(estimator), make_histories()
    expected, numbers = output_rows(estimator, X), np.arange(len(X))
    order = np.random.default_rng(0).permutation(len(X))
    for rows in (order, numbers[:1], numbers[5:9], numbers[20:]):
        assert_same_rows(
            output_rows(estimator, X[rows]),
            [expected[row] for row in rows],
            "the output of a row depends on the other rows",
        )


def check_containers(estimator: Any) -> None:
    """All containers of the same ids give the same fit and the same output."""
    X = Sequences(make_histories().values, make_histories().offsets)
    expected = fitted(estimator, X)
    expected_rows = output_rows(expected, X)
    for name, wrap in _containers().items():
        actual = fitted(estimator, wrap(X))
        message = f"{name} gives something else than Sequences"
        assert_same_state(actual, expected, message)
        assert_same_rows(output_rows(actual, wrap(X)), expected_rows, message)


def _containers() -> dict[str, Callable[[Sequences], Any]]:
    """Return builders of all containers that the installed libraries allow."""
    containers: dict[str, Callable[[Sequences], Any]] = {
        "a list of lists": Sequences.to_lists,
        "a tuple of tuples": lambda X: tuple(map(tuple, X.to_lists())),
        "a list of arrays": list,
        "a list of int32 arrays": lambda X: [row.astype(np.int32) for row in X],
        "an object array": np.asarray,
        "a generator": lambda X: (row for row in X),
        "a read-only memory map": memory_mapped,
    }
    if find_spec("pandas"):
        import pandas

        containers["a pandas column"] = lambda X: pandas.Series(X.to_lists())
    if find_spec("polars"):
        import polars

        containers["a polars column"] = lambda X: polars.Series(X.to_lists())
    if find_spec("pyarrow"):
        import pyarrow

        containers["an arrow column"] = lambda X: pyarrow.array(X.to_lists())
    return containers


def check_string_ids(estimator: Any) -> None:
    """Ids are opaque: renaming them in the same order renames the output."""
    X = make_histories()
    renamed = Sequences(_rename(X.values), X.offsets, user_ids=X.user_ids)
    expected = output_rows(fitted(estimator, X), X)
    if hasattr(estimator, "transform"):
        expected = [_rename(row) for row in expected]
    by_name = fitted(estimator, renamed)
    np.testing.assert_array_equal(by_name.item_ids_, np.unique(renamed.values))
    assert_same_rows(
        output_rows(by_name, renamed), expected, "the output depends on the ids' names"
    )


def _rename(items: Any) -> Any:
    return np.array([f"item {item:06d}" for item in items])


def check_input_is_not_modified(estimator: Any) -> None:
    """Neither `fit` nor prediction writes to what it is given."""
    X = [row.copy() for row in make_histories()]
    before = joblib.hash(X)
    estimator = fitted(estimator, X)
    assert joblib.hash(X) == before, "fit modifies X"
    for method, use in prediction_methods(estimator).items():
        use(X)
        assert joblib.hash(X) == before, f"{method} modifies X"


def check_bad_input(estimator: Any) -> None:
    """`fit` and every prediction method say what is wrong with their input.

    There is nothing to learn from empty histories, and strings are an error of an
    estimator that knows integers, not just unknown items.
    """
    fit, predictions = prepared(estimator).fit, prediction_methods(fitted(estimator))
    cases = [
        (name, use, bad)
        for name, use in ({"fit": fit} | predictions).items()
        for bad in _bad_inputs()
    ]
    cases.append(("fit", fit, ("empty histories alone", [[], []], "item")))
    for name, use in predictions.items():
        cases.append((name, use, ("strings", [["17", "27"]], "str")))
    for name, use, (given, X, match) in cases:
        with raises(TypeError, ValueError, match=match, given=f"{name} with {given}"):
            use(X)


def _bad_inputs() -> Iterator[tuple[str, Any, str]]:
    """Yield what a bad input is, the input, and what its error must say."""
    yield "None", None, "None"
    yield "a string", "abc", "abc"
    yield "no rows", [], "0 sample"
    yield "a single history", [17, 27], "row 0"
    yield "a two-dimensional array", np.full((2, 2), 17), "dimensional"
    yield "a nested row", [[17], [[17, 27]]], "row 1.*nested"
    yield "a fraction", [[17], [27, 17.5]], r"row 1.*17\.5"
    yield "NaN", [[17], [27, np.nan]], "row 1.*missing"
    yield "a missing id", [[17], [27, None]], "row 1.*missing"
    yield "a bool", [[17], [27, True]], "row 1.*bool"
    yield "integers and strings", [[17], [27, "a"]], "row 1.*str"
    if find_spec("pandas"):
        import pandas

        yield "a DataFrame", pandas.DataFrame({"item": [17, 27]}), "from_interactions"


def check_short_histories(estimator: Any) -> None:
    """Empty histories and histories of one item are rows like any other."""
    X = [[], [17], *make_histories().to_lists(), []]
    rows = output_rows(fitted(estimator, X), X)
    assert len(rows) == len(X), "short histories change the number of rows"
    if has_parameter(estimator, "n_pseudo_items") or not hasattr(
        estimator, "transform"
    ):
        widths = {len(row) for row in rows}
        assert len(widths) == 1, "short histories get another kind of output"


def check_single_user(estimator: Any) -> None:
    """One history is enough to fit, and to predict from."""
    items = np.random.default_rng(0).integers(25, size=150)
    rows = output_rows(fitted(estimator, [items]), [items[:5]])
    assert len(rows) == 1, "a single user does not get a single row"


def check_unknown_items_are_ignored(estimator: Any) -> None:
    """By default items that training did not have do not change the output."""
    X = make_histories()[:6]
    with_unknown = [
        [row[0], UNKNOWN_ITEM, *row[1:], UNKNOWN_ITEM] for row in X.to_lists()
    ]
    estimator = fitted(estimator)
    assert_same_rows(
        output_rows(
            estimator, Sequences.from_iterable(with_unknown, user_ids=X.user_ids)
        ),
        output_rows(estimator, X),
        "an unknown item changes the output",
    )
    nothing_known = Sequences.from_iterable([[UNKNOWN_ITEM]], user_ids=[3])
    assert_same_rows(
        output_rows(estimator, nothing_known),
        output_rows(estimator, Sequences.from_iterable([[]], user_ids=[3])),
        "a history of unknown items differs from an empty one",
    )


def check_unknown_items_raise(estimator: Any) -> None:
    """With ``unknown_items="error"`` they are named."""
    if not has_parameter(estimator, "unknown_items"):
        return
    for use in prediction_methods(fitted(estimator, unknown_items="error")).values():
        use(make_histories())
        with raises(ValueError, match=str(UNKNOWN_ITEM), given="unknown items"):
            use([[17, UNKNOWN_ITEM]])
