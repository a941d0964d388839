import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr import MarkovRecommender, RandomAugmenter
from skdiffuasr.sequences import Sequences, check_sequences

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

quick = settings(max_examples=40, deadline=None)

LIBRARIES = ("arrow", "pandas", "polars")


def without_nul(text):
    """NumPy loses NUL characters at the end; elsewhere they stay."""
    return text.rstrip("\0")


ids = st.one_of(
    st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4), max_size=5),
    st.lists(
        st.lists(st.text("aé→\0", max_size=3).map(without_nul), max_size=4), max_size=5
    ),
)


def frame_of(X, library):
    return getattr(X, f"to_{library}")()


@quick
@given(ids, st.booleans(), st.data())
@pytest.mark.parametrize("library", LIBRARIES)
def test_histories_come_back_as_they_were(library, rows, with_users, data):
    user_ids = np.arange(len(rows)) if with_users else None
    X = Sequences.from_iterable(rows, user_ids)
    n = len(X.values)
    roles = data.draw(st.none() | st.lists(st.integers(0, 7), min_size=n, max_size=n))
    X = Sequences(X.values, X.offsets, roles, user_ids)
    back = Sequences.from_frame(frame_of(X, library))
    if len(X.values):
        assert back == X
    else:
        np.testing.assert_array_equal(back.offsets, X.offsets)


@pytest.mark.parametrize("library", LIBRARIES)
def test_slices_are_slices(library):
    X = Sequences.from_iterable([[1, 2], [], [3], [4, 5]], [7, 8, 9, 10])
    assert Sequences.from_frame(frame_of(X[1:3], library)) == X[1:3]


def test_integer_ids_are_not_copied():
    X = Sequences.from_iterable([[1, 2], [3]])
    items = X.to_arrow()["items"].chunk(0).values
    assert items.buffers()[1].address == X.values.ctypes.data


@pytest.mark.parametrize("library", LIBRARIES)
def test_estimators_take_the_column_of_items(library):
    rows = [["a", "b"], ["b", "c", "a"], ["c"]] * 3
    column = frame_of(Sequences.from_iterable(rows), library)["items"]
    recommender = MarkovRecommender().fit(column)
    np.testing.assert_array_equal(
        recommender.decision_function(column), recommender.decision_function(rows)
    )
    augmenter = RandomAugmenter(2, random_state=0).fit(column)
    assert augmenter.transform(column) == augmenter.transform(rows)


class Capsule:
    """A column of a library that nobody knows."""

    def __init__(self, column):
        self.column = column

    def __len__(self):
        return len(self.column)

    def __iter__(self):
        raise AssertionError("rows must not be read one by one")


class ArrayCapsule(Capsule):
    def __arrow_c_array__(self, requested_schema=None):
        return self.column.__arrow_c_array__(requested_schema)


class StreamCapsule(Capsule):
    def __arrow_c_stream__(self, requested_schema=None):
        return self.column.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "column",
    [
        ArrayCapsule(pa.array([[1, 2], [3]])),
        StreamCapsule(pa.chunked_array([[[1, 2]], [[3]]])),
    ],
)
def test_columns_of_other_libraries_are_read_by_arrows_interface(column):
    assert check_sequences(column).to_lists() == [[1, 2], [3]]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_narwhals_wraps_any_of_them(make):
    nw = pytest.importorskip("narwhals")
    log = nw.from_native(make({"u": [2, 1, 2], "i": ["a", "b", "c"], "t": [9, 5, 8]}))
    X = Sequences.from_interactions(log, user="u", item="i", time="t")
    assert X.to_lists() == [["b"], ["c", "a"]]
    with pytest.raises(ValueError, match="no column 'v'; the columns are"):
        Sequences.from_interactions(log, user="v", item="i")
    frame = nw.from_native(make({"items": [["a"], ["b", "a"]], "roles": [[6], [5, 6]]}))
    assert check_sequences(frame["items"]).to_lists() == [["a"], ["b", "a"]]
    assert Sequences.from_frame(frame).n_pseudo.tolist() == [0, 1]


def test_lazy_tables_are_refused_with_a_hint():
    lazy = pl.LazyFrame({"u": [1], "i": [2]})
    with pytest.raises(TypeError, match=r"collect it first"):
        Sequences.from_interactions(lazy, user="u", item="i")


def test_a_frame_needs_items():
    with pytest.raises(ValueError, match="no column 'items'; the columns are"):
        Sequences.from_frame(pd.DataFrame({"user": [1]}))
