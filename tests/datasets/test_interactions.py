import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skdiffuasr.datasets import Interactions


@pytest.fixture
def log():
    return Interactions(
        user=["b", "a", "b", "b"], item=[1, 2, 3, 4], time=[3.0, 1.0, 2.0, 2.0]
    )


def test_columns_can_be_read_by_name(log):
    assert log.columns == ("user", "item", "time")
    assert_array_equal(log["item"], [1, 2, 3, 4])
    assert len(log) == 4


def test_time_is_no_column_if_unknown():
    log = Interactions(user=[1], item=[2])

    assert log.columns == ("user", "item")
    with pytest.raises(KeyError, match="'time'; the columns are user, item"):
        log["time"]


def test_histories_are_sorted_by_time_and_ties_keep_their_order(log):
    X = log.to_sequences()

    assert X.to_lists() == [[2], [3, 4, 1]]
    assert X.user_ids.tolist() == ["a", "b"]


def test_histories_keep_the_order_of_a_log_without_time(log):
    X = Interactions(user=log.user, item=log.item).to_sequences()

    assert X.to_lists() == [[2], [1, 3, 4]]


@pytest.mark.parametrize("rows", [[2, 0], np.array([2, 0])])
def test_take_selects_by_position(log, rows):
    expected = Interactions(user=["b", "b"], item=[3, 1], time=[2.0, 3.0])

    assert log.take(rows) == expected


def test_take_selects_by_mask(log):
    assert log.take(log.item > 2).item.tolist() == [3, 4]


def test_equality_compares_columns(log):
    assert log == log.take(np.arange(4))
    assert log != Interactions(user=log.user, item=log.item)
    assert log != "log"


def test_repr_is_short(log):
    assert repr(log) == "Interactions(n=4, n_users=2, n_items=4, time=1.0..3.0)"


def test_repr_of_an_empty_log(log):
    empty = log.take(log.item > 4)

    assert repr(empty) == "Interactions(n=0, n_users=0, n_items=0)"


def test_pickle_round_trip(log):
    assert pickle.loads(pickle.dumps(log)) == log


def test_columns_of_a_data_frame_are_accepted():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"user": ["a", "b"], "item": [1, 2], "time": pandas.to_datetime([0, 1])}
    )
    log = Interactions(user=frame["user"], item=frame["item"], time=frame["time"])

    assert log.user.dtype.kind == "U"
    assert log.time.dtype.kind == "M"


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (
            {"user": [1, 2], "item": [1]},
            ValueError,
            r"differ in length: 2 users, 1 items",
        ),
        ({"user": [1.5], "item": [1]}, TypeError, "user.* is 1.5"),
        ({"user": [1], "item": [[1]]}, ValueError, "item.* is "),
        (
            {"user": [1], "item": [1], "time": ["x"]},
            ValueError,
            "Row 0 of column 'time' is 'x'",
        ),
        ({"user": [1], "item": [1], "time": [[1]]}, ValueError, r"shape \(1, 1\)"),
    ],
)
def test_bad_columns_are_refused(columns, error, message):
    with pytest.raises(error, match=message):
        Interactions(**columns)


rows = st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 3))


@settings(max_examples=200, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.booleans())
@pytest.mark.parametrize("keep", ["first", "last"])
def test_drop_duplicates_follows_a_loop(keep, rows, with_time):
    users, items, times = map(list, zip(*rows, strict=True))
    log = Interactions(users, items, times if with_time else None)
    found = log.drop_duplicates(keep=keep)

    order = sorted(range(len(rows)), key=lambda row: rows[row][2] * with_time)
    kept = {}
    for row in order if keep == "last" else order[::-1]:
        kept[rows[row][:2]] = row
    assert found == log.take(sorted(kept.values()))


def test_drop_duplicates_at_the_same_time_and_of_nothing():
    log = Interactions(user=[1, 1, 1], item=[5, 6, 5], time=[3, 3, 3])
    assert log.drop_duplicates(keep="first").item.tolist() == [5, 6]
    assert log.drop_duplicates(keep="last").item.tolist() == [6, 5]
    with pytest.raises(ValueError, match="keep must be 'first' or 'last', got 'any'"):
        log.drop_duplicates(keep="any")
    empty = log.take([])
    assert empty.drop_duplicates() == empty


def test_duplicates_are_kept_unless_they_are_dropped():
    log = Interactions(user=[1, 1, 1], item=[5, 6, 5])
    assert log.to_sequences().to_lists() == [[5, 6, 5]]
    assert log.drop_duplicates().to_sequences().to_lists() == [[5, 6]]


def test_pseudo_items_are_carried_along():
    log = Interactions([8, 7, 7], [1, 2, 3], [5, 9, 5], is_pseudo=[0, 0, 1])
    assert log.columns == ("user", "item", "time", "is_pseudo")
    assert log["is_pseudo"].dtype == bool
    assert log.take([2, 0]).is_pseudo.tolist() == [True, False]
    assert log.sort().is_pseudo.tolist() == [True, False, False]
    assert log.to_sequences().n_pseudo.tolist() == [1, 0]
    assert log != Interactions([8, 7, 7], [1, 2, 3], [5, 9, 5])
    assert repr(log) == "Interactions(n=3, n_users=2, n_items=3, time=5..9, n_pseudo=1)"
    untimed = Interactions([7, 7], [1, 2], is_pseudo=[True, False])
    assert untimed.columns == ("user", "item", "is_pseudo")
    assert untimed.take([0]).is_pseudo.tolist() == [True]
    description = log.to_sequences().describe()
    assert (description.n_interactions, description.n_pseudo_items) == (2, 1)


def test_no_observed_interaction_is_dropped_for_a_pseudo_item():
    log = Interactions([7] * 5, [1, 1, 1, 2, 1], is_pseudo=[1, 1, 0, 0, 0])
    kept = log.drop_duplicates()
    assert kept.item.tolist() == [1, 1, 2]
    assert kept.is_pseudo.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([0, 2], r"Row 1 of column 'is_pseudo' is .*2"),
        ([0.0, 1.0], r"Row 0 of column 'is_pseudo' is .*0\.0"),
        (["0", "1"], r"Row 0 of column 'is_pseudo' is .*'0'"),
        ([True, None], r"Row 1 of column 'is_pseudo' is None"),
        ([[0], [1]], "column 'is_pseudo' must be one-dimensional"),
        ([True], "differ in length: .* 1 marks of pseudo items"),
    ],
)
def test_other_marks_of_pseudo_items_are_refused(marks, message):
    with pytest.raises(ValueError, match=message):
        Interactions([1, 1], [2, 3], is_pseudo=marks)
