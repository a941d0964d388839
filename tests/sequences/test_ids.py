import re
import warnings
from collections import deque
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

import numpy as np
import pytest
import scipy.sparse

from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.ids import as_ids

INT_ROWS = [[3, -1, 4], [], [5]]
STR_ROWS = [["b", "long name"], [], ["ü"]]


class Color(IntEnum):
    RED = 1


def object_array(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


# Containers


@pytest.mark.parametrize("rows", [INT_ROWS, STR_ROWS])
@pytest.mark.parametrize(
    "convert",
    [
        list,
        tuple,
        iter,
        deque,
        object_array,
        lambda rows: list(map(tuple, rows)),
        lambda rows: list(map(deque, rows)),
        lambda rows: [iter(row) for row in rows],
        lambda rows: [np.array(row) for row in rows],
        lambda rows: object_array([np.array(row) for row in rows]),
        lambda rows: [np.array(row, dtype=object) for row in rows],
        lambda rows: [list(np.array(row)) for row in rows],
        lambda rows: [np.array(rows[0]), *rows[1:]],
    ],
)
def test_python_and_numpy_containers(rows, convert):
    assert check_sequences(convert(rows)).to_lists() == rows


@pytest.mark.parametrize("rows", [INT_ROWS, STR_ROWS])
def test_pandas_list_columns(rows):
    pd = pytest.importorskip("pandas")
    index = [7, 8, 9]
    for series in (
        pd.Series(rows, index=index),
        pd.Series([np.array(row) for row in rows], index=index),
        pd.Series(list(map(pd.Series, rows))),
    ):
        assert check_sequences(series).to_lists() == rows


@pytest.mark.parametrize("rows", [INT_ROWS, STR_ROWS])
def test_arrow_list_columns(rows):
    pa = pytest.importorskip("pyarrow")
    item = pa.infer_type(rows[0])
    columns = [pa.array(rows, kind(item)) for kind in (pa.list_, pa.large_list)]
    columns += [pa.chunked_array([column[:1], column[1:]]) for column in columns]
    columns += [pa.array(rows, pa.list_view(item))]
    if item == pa.string():
        encoded = pa.array(["b", "long name", "ü"]).dictionary_encode()
        columns += [pa.ListArray.from_arrays([0, 2, 2, 3], encoded)]
        columns += [pa.array(rows, pa.list_(pa.string_view()))]
    for column in columns:
        assert check_sequences(column).to_lists() == rows
        assert check_sequences(column[1:]).to_lists() == rows[1:]


def test_arrow_columns_of_fixed_width():
    pa = pytest.importorskip("pyarrow")
    column = pa.array([[1, 2], [3, 4]], pa.list_(pa.int32(), 2))
    assert check_sequences(column).to_lists() == [[1, 2], [3, 4]]


def test_arrow_values_are_not_copied():
    pa = pytest.importorskip("pyarrow")
    column = pa.array(INT_ROWS, pa.list_(pa.int64()))
    values = column.values.to_numpy()
    assert np.shares_memory(check_sequences(column).values, values)


def test_arrow_columns_without_rows():
    pa = pytest.importorskip("pyarrow")
    kind = pa.list_(pa.int64())
    for column in (pa.array([], kind), pa.chunked_array([], kind)):
        assert len(Sequences.from_iterable(column)) == 0


@pytest.mark.parametrize("rows", [INT_ROWS, STR_ROWS])
def test_arrow_columns_in_pandas(rows):
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    kind = pd.ArrowDtype(pa.list_(pa.infer_type(rows[0])))
    assert check_sequences(pd.Series(rows, dtype=kind)).to_lists() == rows


@pytest.mark.parametrize("rows", [INT_ROWS, STR_ROWS])
def test_polars_list_columns(rows):
    pl = pytest.importorskip("polars")
    series = pl.Series(rows)
    assert check_sequences(series).to_lists() == rows
    assert check_sequences(series[1:]).to_lists() == rows[1:]
    if isinstance(rows[0][0], str):
        categories = series.cast(pl.List(pl.Categorical))
        assert check_sequences(categories).to_lists() == rows
    else:
        array = pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int16, 2))
        assert check_sequences(array).to_lists() == [[1, 2], [3, 4]]


def test_torch_rows():
    torch = pytest.importorskip("torch")
    rows = [torch.tensor([1, 2]), torch.tensor([3])]
    assert check_sequences(rows).to_lists() == [[1, 2], [3]]


@pytest.mark.parametrize(
    "rows",
    [[[]], [(), ()], [np.array([])], [np.empty(0), np.empty(0, dtype=np.str_)]],
)
def test_rows_without_items_hold_int64(rows):
    X = check_sequences(rows)
    assert X.values.dtype == np.int64
    assert X.lengths.tolist() == [0] * len(rows)


def test_integer_and_string_types_are_made_canonical():
    integers = [[1, np.int8(2), np.uint64(3), Color.RED], np.array([4], ">i4")]
    assert check_sequences(integers).values.tolist() == [1, 2, 3, 1, 4]
    strings = [["a", np.str_("b")], np.array(["c"], ">U9")]
    assert check_sequences(strings).values.dtype == "<U1"
    bounds = [[-(2**63), 2**63 - 1]]
    assert check_sequences(bounds).to_lists() == bounds


# Bad input


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([[1], [2, 1.0]], TypeError, r"Item 1 in row 1 of X is 1.0 \(float\).*to int"),
        ([[0.5]], TypeError, r"0.5 \(float\): ids must be .* convert to int"),
        ([[1], [float("nan")]], ValueError, r"row 1 of X is nan \(float\): missing"),
        ([np.array([1.0])], TypeError, r"row 0 of X is 1.0 \(float\).*to int"),
        ([np.array([1]), np.array([2.5])], TypeError, "row 1 of X is 2.5"),
        ([[np.float32(1)]], TypeError, "convert to int"),
        ([[1, True]], TypeError, r"Item 1 in row 0 of X is True \(bool\)"),
        ([[np.True_]], TypeError, "bool"),
        ([np.array([True])], TypeError, r"row 0 of X is True \(bool\)"),
        ([[1], [None]], ValueError, r"row 1 of X is None .*missing"),
        ([["a", None]], ValueError, "Item 1 in row 0 of X is None"),
        ([[b"a"]], TypeError, r"b'a' \(bytes\).* convert bytes with id.decode\(\)"),
        ([np.array([b"a"])], TypeError, r"b'a' \(bytes\).* with id.decode\(\)"),
        ([[Decimal(1)]], TypeError, r"\(Decimal\).* decimals with int\(id\)"),
        ([[Decimal("nan")]], ValueError, r"NaN.* missing"),
        (
            [[1], [7, UUID(int=1)]],
            TypeError,
            r"Item 1 in row 1 .*\(UUID\).*with str\(id",
        ),
        ([[1j]], TypeError, r"\(complex\)"),
        ([[datetime(2020, 1, 1)]], TypeError, r"\(datetime\)"),
        ([[[1]]], ValueError, "row 0 of X is .* nested too deep"),
        ([[1], [2, (3,)]], ValueError, "Item 1 in row 1 of X is .* nested too deep"),
        ([np.array([[1]])], ValueError, "nested too deep"),
        ([[np.array([1])]], ValueError, "nested too deep"),
        ([[1, 2], [3, "a"]], TypeError, r"Item 1 in row 1 of X is 'a' .* type int"),
        ([["a"], [1]], TypeError, r"Item 0 in row 1 of X is 1 \(int\).* of type str"),
        ([np.array([1]), np.array(["a"])], TypeError, "row 1 of X is 'a'"),
        ([[1], [2**63]], ValueError, f"row 1 of X is {2**63} .*: outside"),
        ([[-(2**63) - 1]], ValueError, "outside the range"),
        (
            [np.array([1, 2**63], "uint64")],
            ValueError,
            f"Item 1 .* is .*{2**63}.*: outside",
        ),
        ([[np.uint64(2**63)]], ValueError, "outside the range"),
        ([["a", "b\0"]], ValueError, r"Item 1 in row 0 of X is 'b\\x00'"),
        ([1, 2], TypeError, r"row 0 is 1 \(int\); a single history .* \[history\]"),
        (np.array([1, 2]), TypeError, r"row 0 is 1 .*\[history\]"),
        (np.array(["a"]), TypeError, r"row 0 is 'a' .*\[history\]"),
        (["abc"], TypeError, r"row 0 is 'abc' \(str\)"),
        ([[1], "ab"], TypeError, r"row 1 is 'ab' \(str\)"),
        ([[1], b"ab"], TypeError, r"row 1 is b'ab'"),
        ([[1], None], TypeError, "row 1 is None"),
        ([[1], float("nan")], TypeError, "row 1 is nan"),
        ([[1], {2}], TypeError, r"row 1 is \{2\} \(set\)"),
        ([[1], {2: 3}], TypeError, r"row 1 is \{2: 3\} \(dict\)"),
        (np.ones((2, 2), int), ValueError, r"shape \(2, 2\); pass a list of rows"),
        (np.array([[1, "a"]], object), ValueError, "pass a list of rows"),
        (scipy.sparse.csr_array(np.eye(2)), ValueError, r"shape \(2, 2\)"),
        ("abc", TypeError, r"iterable of id sequences .* got 'abc' \(str\)"),
        (b"abc", TypeError, "iterable of id sequences"),
        ({"a": [1]}, TypeError, r"iterable of id sequences .*\(dict\)"),
        ({(1, 2)}, TypeError, r"iterable of id sequences .*\(set\)"),
        (5, TypeError, r"got 5 \(int\)"),
        (None, TypeError, r"got None"),
        (np.array(5), TypeError, r"got array\(5\) \(ndarray\)"),
    ],
)
def test_bad_input_is_refused_by_row_and_value(rows, error, message):
    with pytest.raises(error, match=message):
        check_sequences(rows)


def test_messages_name_the_input():
    with pytest.raises(TypeError, match="row 0 of histories"):
        check_sequences([[1.5]], input_name="histories")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_are_refused(library):
    frame = pytest.importorskip(library).DataFrame({"a": [1]})
    with pytest.raises(TypeError, match=r"Sequences\.from_interactions"):
        check_sequences(frame)


def test_arrow_tables_are_refused():
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(TypeError, match=r"Sequences\.from_interactions"):
        check_sequences(pa.table({"a": [[1]]}))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([[1], None], TypeError, "row 1 is None"),
        ([[1], [2, None]], ValueError, "Item 1 in row 1 of X is .* missing"),
        ([["a"], [None]], ValueError, "Item 0 in row 1 of X is None"),
        ([[1.5]], TypeError, "convert to int"),
        ([[1], [True]][1:], TypeError, r"True \(bool\)"),
        ([[[1]]], ValueError, "nested too deep"),
    ],
)
@pytest.mark.parametrize("library", ["pyarrow", "polars", "pandas"])
def test_bad_list_columns_are_refused(library, rows, error, message):
    module = pytest.importorskip(library)
    column = module.array(rows) if library == "pyarrow" else module.Series(rows)
    with pytest.raises(error, match=message):
        check_sequences(column)


def test_flat_columns_are_refused():
    for library in ("pandas", "polars"):
        series = pytest.importorskip(library).Series([1, 2])
        with pytest.raises(TypeError, match="row 0 is 1"):
            check_sequences(series)
    with pytest.raises(TypeError, match="row 0 is 1"):
        check_sequences(pytest.importorskip("pyarrow").array([1, 2]))


# Interactions

LOG = {
    "who": ["u2", "u1", "u2", "u1"],
    "what": [10, 11, 12, 13],
    "when": [3, 2, 1, 2],
}


def make_frame(library, columns):
    """A table of the given library."""
    if library == "dict":
        return columns
    module = pytest.importorskip(library)
    return (module.table if library == "pyarrow" else module.DataFrame)(columns)


libraries = pytest.mark.parametrize("library", ["dict", "pandas", "polars", "pyarrow"])


@libraries
def test_interactions_of_every_library(library):
    frame = make_frame(library, LOG)
    X = Sequences.from_interactions(frame, user="who", item="what", time="when")
    assert X.user_ids.tolist() == ["u1", "u2"]
    assert X.to_lists() == [[11, 13], [12, 10]]
    with pytest.warns(UserWarning, match=r"'when' looks like times .* time='when'\."):
        X = Sequences.from_interactions(frame, user="who", item="what")
    assert X.to_lists() == [[11, 13], [10, 12]]


@libraries
@pytest.mark.parametrize(
    ("values", "is_warned_of"),
    [
        (["2024-01-31", "2024-02-01T10:00"], True),
        (np.array(["2024-01-31", "2024-02-01"], dtype="M8[us]"), True),
        ([1_700_000_000, 1_700_000_001], True),
        ([1_700_000_000, 5], False),
        (["2024-01-31", "soon"], False),
        ([2.5, 3.5], False),
    ],
)
def test_unused_columns_of_times_are_warned_of(library, values, is_warned_of):
    frame = make_frame(library, {"who": [1, 1], "what": [2, 3], "x": values})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X = Sequences.from_interactions(frame, user="who", item="what")
    assert X.to_lists() == [[2, 3]]
    assert ["pass time='x'." in str(each.message) for each in caught] == (
        [True] * is_warned_of
    )


@libraries
@pytest.mark.parametrize("missing", ["user", "item", "time"])
def test_missing_columns_are_named(library, missing):
    names = {"user": "who", "item": "what", "time": "when", missing: "nothing"}
    with pytest.raises(ValueError, match=r"'nothing'.*'who', 'what', 'when'"):
        Sequences.from_interactions(make_frame(library, LOG), **names)


@libraries
@pytest.mark.parametrize("column", ["who", "what", "when"])
def test_missing_values_are_named_by_row(library, column):
    columns = LOG | {column: [*LOG[column][:2], None, LOG[column][3]]}
    with pytest.raises(ValueError, match=rf"Row 2 of column '{column}' is .* missing"):
        Sequences.from_interactions(
            make_frame(library, columns), user="who", item="what", time="when"
        )


def test_missing_values_of_nullable_pandas_columns():
    pd = pytest.importorskip("pandas")
    for column in ("who", "what", "when"):
        columns = LOG | {column: pd.array([1, None, 2, 3], dtype="Int64")}
        with pytest.raises(
            ValueError, match=rf"Row 1 of column '{column}' is .* missing"
        ):
            Sequences.from_interactions(columns, user="who", item="what", time="when")


@pytest.mark.parametrize(
    "times",
    [
        np.array([3, 2, 1, 2], dtype="datetime64[D]"),
        [0.3, 0.2, 0.1, 0.2],
        ["2020-03", "2020-02", "2020-01", "2020-02"],
        [datetime(2020, month, 1, tzinfo=UTC) for month in (3, 2, 1, 2)],
    ],
)
@libraries
def test_times_of_every_type(library, times):
    frame = make_frame(library, LOG | {"when": times})
    X = Sequences.from_interactions(frame, user="who", item="what", time="when")
    assert X.to_lists() == [[11, 13], [12, 10]]


def test_missing_times_of_every_type():
    for times in ([1.0, np.nan], np.array([0, "NaT"], "M8[s]"), ["a", None]):
        with pytest.raises(
            ValueError, match=r"Row 1 of column 't' is .* missing times"
        ):
            Sequences.from_interactions(
                {"u": [1, 1], "i": [1, 2], "t": times}, user="u", item="i", time="t"
            )


def test_ids_of_every_column_type():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    names = ["b", "a", "b"]
    for column in (
        pd.Series(names, dtype="category"),
        pd.Series(names, dtype="str"),
        pd.Series(names, dtype=object, index=[5, 6, 7]),
        pl.Series(names, dtype=pl.Categorical),
    ):
        X = Sequences.from_interactions(
            {"who": column, "what": column}, user="who", item="what"
        )
        assert X.user_ids.tolist() == ["a", "b"]
        assert X.to_lists() == [["a"], ["b", "b"]]


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"u": [1.0], "i": [1]}, TypeError, "Row 0 of column 'u' is 1.0 .*to int"),
        ({"u": [1], "i": [True]}, TypeError, "Row 0 of column 'i' is True"),
        ({"u": [1, "a"], "i": [1, 2]}, TypeError, "Row 1 of column 'u' is 'a'"),
        ({"u": [1], "i": [1, 2]}, ValueError, "differ in length: 1 users, 2 items"),
        ({"u": [1], "i": np.ones((1, 1), int)}, ValueError, r"shape \(1, 1\)"),
        ({"u": [1], "i": [[1]]}, ValueError, "nested too deep"),
        ({"u": "abc", "i": [1]}, TypeError, "must be a sequence of ids, got 'abc'"),
    ],
)
def test_bad_columns_are_refused(columns, error, message):
    with pytest.raises(error, match=message):
        Sequences.from_interactions(columns, user="u", item="i")


def test_times_must_be_one_dimensional():
    log = {"u": [1], "i": [1], "t": [[1]]}
    with pytest.raises(ValueError, match=r"column 't' must be one-dimensional"):
        Sequences.from_interactions(log, user="u", item="i", time="t")


def test_an_empty_log_gives_no_rows():
    log = {"u": np.array([]), "i": np.array([])}
    assert len(Sequences.from_interactions(log, user="u", item="i")) == 0


UUIDS = [UUID(int=2**100 + n) for n in (3, 1)]
BYTES = "convert bytes with id.decode(), or id.hex() if not UTF-8"
DECIMALS = "convert decimals with int(id) if all are whole, else with str(id)"
FOREIGN = {
    "UUID": (UUIDS, "convert UUIDs with str(id)", str),
    "text": ([b"b", "ä".encode()], BYTES, bytes.decode),
    "bytes": ([value.bytes + b"\xff" for value in UUIDS], BYTES, bytes.hex),
    "whole": ([Decimal(7), Decimal("5.0")], DECIMALS, int),
    "fraction": ([Decimal("7.5"), Decimal(5)], DECIMALS, str),
}


def as_container(ids, container):
    """The ids in a container."""
    if container == "pandas":
        return pytest.importorskip("pandas").Series(ids)
    if container == "pyarrow":
        return pytest.importorskip("pyarrow").array(ids)
    if container == "polars":
        return pytest.importorskip("polars").Series(ids)
    if container == "array":
        array = np.empty(len(ids), dtype=object)
        array[:] = ids
        return array
    return container(ids)


@pytest.mark.parametrize(
    "container", [list, tuple, "array", "pandas", "pyarrow", "polars"]
)
@pytest.mark.parametrize("kind", FOREIGN)
def test_ids_of_other_types_are_refused_with_their_conversion(kind, container):
    ids, remedy, convert = FOREIGN[kind]
    if container in ("pyarrow", "polars") and kind == "UUID":
        pytest.skip("has another type")
    column = as_container(ids, container)
    message = rf"Row 0 of column 'i' is .*: ids must be .*; {re.escape(remedy)}\.$"
    with pytest.raises(TypeError, match=message):
        Sequences.from_interactions({"u": [1, 1], "i": column}, user="u", item="i")
    converted = [convert(value) for value in ids]
    log = {"u": [1, 1], "i": converted}
    X = Sequences.from_interactions(log, user="u", item="i")
    assert X.to_lists() == [converted]


def test_bytes_of_numpy_and_of_uuid_columns():
    with pytest.raises(TypeError, match=r"Row 0 of user is b'b'.*with id.decode\(\)"):
        as_ids(np.array([b"b", b"a"]), "user")
    pa = pytest.importorskip("pyarrow")
    column = pa.array([value.bytes + b"\xff" for value in UUIDS], pa.binary(17))
    with pytest.raises(TypeError, match=r"Row 0 of user is .*or id.hex\(\)"):
        as_ids(column, "user")


@pytest.mark.parametrize("first", ["a", 2])
def test_decimals_beside_other_ids_are_refused(first):
    with pytest.raises(TypeError, match=r"Row 1 of user .*convert decimals with"):
        as_ids([first, Decimal(1)], "user")
