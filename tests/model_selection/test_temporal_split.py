from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skdiffuasr.datasets import Interactions
from skdiffuasr.model_selection import TemporalSplit
from skdiffuasr.sequences import Sequences

events = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=2, max_size=40
)


def as_log(pairs):
    """A log of (user, time) pairs in which every interaction has its own item."""
    user, time = np.array(pairs).T
    return Interactions(user=user, item=np.arange(len(pairs)), time=time)


def naive_split(log, cutoff):
    before, after = {}, {}
    for row in sorted(range(len(log)), key=lambda row: log.time[row]):
        side = before if log.time[row] < cutoff else after
        side.setdefault(log.user[row], []).append(log.item[row])
    train = [before[user] for user in sorted(before)]
    evaluated = sorted(set(before) & set(after))
    return (
        train,
        [before[user] for user in evaluated],
        [after[user][0] for user in evaluated],
        evaluated,
    )


@given(pairs=events, cutoff=st.integers(1, 9))
def test_agrees_with_a_naive_loop(pairs, cutoff):
    log = as_log(pairs)
    train, test, targets, users = naive_split(log, cutoff)
    assume(users)
    X_train, X_test, y_test = TemporalSplit(cutoff).split(log)

    assert X_train.to_lists() == train
    assert X_test.to_lists() == test
    assert X_test.user_ids.tolist() == users
    assert y_test.tolist() == targets


@given(pairs=events, test_fraction=st.floats(0.05, 0.95))
def test_nothing_from_the_test_period_reaches_the_training_part(pairs, test_fraction):
    log = as_log(pairs)
    try:
        X_train, X_test, y_test = TemporalSplit(test_fraction=test_fraction).split(log)
    except ValueError:
        assume(False)
    start_of_test = log.time[y_test].min()

    assert log.time[X_train.values].max() < start_of_test
    assert np.isin(X_test.values, X_train.values).all()
    # Items are numbered by row: whatever is not trained on is at least as late.
    held_out = np.setdiff1d(log.item, X_train.values)
    assert log.time[X_train.values].max() < log.time[held_out].min()


def test_the_default_cutoff_holds_out_the_fraction():
    log = as_log([(row % 2, row) for row in range(10)])
    X_train, _, y_test = TemporalSplit(test_fraction=0.3).split(log)

    assert len(X_train.values) == 7
    assert y_test.tolist() == [8, 7]


def test_the_default_cutoff_holds_out_at_least_one():
    X_train, _, y_test = TemporalSplit(test_fraction=0.1).split(
        as_log([(0, 1), (0, 2), (0, 3)])
    )

    assert X_train.to_lists() == [[0, 1]]
    assert y_test.tolist() == [2]


def test_a_repeated_last_interaction_is_warned_of():
    log = Interactions([1, 1, 1], [5, 6, 6], [0, 9, 9])
    with pytest.warns(UserWarning, match="there twice, .* for 1 user"):
        TemporalSplit(cutoff=5).split(log)


def test_ties_at_the_cutoff_belong_to_the_test_period():
    log = as_log([(0, 1), (0, 2), (0, 2), (0, 2), (0, 3)])
    X_train, _, y_test = TemporalSplit(test_fraction=0.4).split(log)

    assert X_train.to_lists() == [[0]]
    assert y_test.tolist() == [1]


def test_the_target_is_the_first_of_simultaneous_items():
    log = as_log([(0, 9), (0, 1), (0, 5), (0, 5)])
    _, _, y_test = TemporalSplit(cutoff=5).split(log)

    assert y_test.tolist() == [2]


def test_new_and_silent_users_are_not_evaluated():
    log = as_log([(0, 1), (1, 1), (1, 8), (2, 9)])
    X_train, X_test, _ = TemporalSplit(cutoff=5).split(log)

    assert X_train.user_ids.tolist() == [0, 1]
    assert X_test.user_ids.tolist() == [1]


@pytest.mark.parametrize(
    "cutoff", ["2020-02-01", datetime(2020, 2, 1), np.datetime64("2020-02-01")]
)
def test_dates_are_cut_by_anything_that_is_a_date(cutoff):
    time = np.array(["2020-01-01", "2020-02-01"], dtype="datetime64[us]")
    log = Interactions(user=["a", "a"], item=["x", "y"], time=time)
    X_train, X_test, y_test = TemporalSplit(cutoff).split(log)

    assert X_train == X_test == Sequences.from_iterable([["x"]], user_ids=["a"])
    assert y_test.tolist() == ["y"]


def test_texts_are_the_numbers_that_they_say():
    numbers = {"user": list("aaabbb"), "item": [1, 2, 3, 4, 5, 6]}
    numbers["time"] = [7, 8, 9, 10, 11, 12]
    texts = {**numbers, "time": ["7", "8", "9", "10", "11", "12"]}
    found, expected = (
        TemporalSplit(test_fraction=0.34).split(log) for log in (texts, numbers)
    )

    assert found[:2] == expected[:2]
    assert found[2].tolist() == expected[2].tolist() == [5]


def test_a_list_of_dates_is_cut_by_a_text():
    log = {
        "user": ["a", "a"],
        "item": [1, 2],
        "time": [date(2014, 6, 30), date(2014, 7, 1)],
    }
    X_train, _, y_test = TemporalSplit("2014-07-01").split(log)

    assert X_train.to_lists() == [[1]]
    assert y_test.tolist() == [2]


@pytest.mark.parametrize("library", ["dict", "pandas", "polars", "pyarrow"])
def test_frames_are_accepted(library):
    columns = {"u": ["a", "b", "a"], "i": [1, 2, 3], "t": [1.0, 2.0, 3.0]}
    if library == "pyarrow":
        frame = pytest.importorskip("pyarrow").table(columns)
    elif library == "dict":
        frame = columns
    else:
        frame = pytest.importorskip(library).DataFrame(columns)
    X_train, X_test, y_test = TemporalSplit(cutoff=3).split(
        frame, user="u", item="i", time="t"
    )

    assert X_train.to_lists() == [[1], [2]]
    assert X_test.to_lists() == [[1]]
    assert y_test.tolist() == [3]


@pytest.mark.parametrize("library", [None, "dict", "pandas", "polars"])
def test_a_log_with_pseudo_items_is_refused(library):
    log = Interactions([1, 1], [5, 6], [0, 9], is_pseudo=[True, False])
    if library is not None:
        log = {name: log[name] for name in log.columns}
    if library in ("pandas", "polars"):
        log = pytest.importorskip(library).DataFrame(log)
    with pytest.raises(ValueError, match="split it first, then augment"):
        TemporalSplit(cutoff=5).split(log)


def test_a_log_without_times_is_refused():
    log = Interactions(user=[1, 1], item=[1, 2])

    with pytest.raises(ValueError, match="no column 'time'"):
        TemporalSplit(cutoff=1).split(log)


@pytest.mark.parametrize("cutoff", [1, 7, 6.5, float("inf"), -(10**30), 10**30])
def test_a_cutoff_outside_the_log_is_refused(cutoff):
    log = as_log([(0, 1), (0, 6)])

    with pytest.raises(ValueError, match=rf"cutoff {cutoff} .* from 1 to 6"):
        TemporalSplit(cutoff).split(log)


def test_a_log_of_one_moment_cannot_be_split():
    with pytest.raises(ValueError, match="from 3 to 3"):
        TemporalSplit().split(as_log([(0, 3), (0, 3)]))


def test_users_on_one_side_only_cannot_be_evaluated():
    with pytest.raises(ValueError, match="No user has interactions both"):
        TemporalSplit(cutoff=5).split(as_log([(0, 1), (1, 9)]))


def test_a_cutoff_of_another_type_is_refused():
    with pytest.raises(TypeError, match="cannot be compared with times of dtype int64"):
        TemporalSplit(cutoff="2020-01-01").split(as_log([(0, 1), (0, 9)]))


@pytest.mark.parametrize("test_fraction", [0, 1, -0.5])
def test_the_fraction_lies_inside_the_unit_interval(test_fraction):
    with pytest.raises(ValueError, match="test_fraction == "):
        TemporalSplit(test_fraction=test_fraction).split(as_log([(0, 1), (0, 9)]))


def test_repr():
    expected = "TemporalSplit(cutoff=5, test_fraction=0.2)"

    assert repr(TemporalSplit(cutoff=5)) == expected


def test_an_empty_log_cannot_be_split():
    with pytest.raises(ValueError, match="no interactions to split"):
        TemporalSplit().split(Interactions([], [], []))


@pytest.mark.parametrize(
    "cutoff",
    [
        "2020-07-01T02:00:00+02:00",
        "2020-07-01 00:00:00Z",
        "2020-07-01",
        "2020-07",
        datetime(2020, 7, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        datetime(2020, 7, 1),
        np.datetime64("2020-07-01"),
    ],
)
def test_a_cutoff_is_in_utc_as_the_times_are(cutoff):
    log = Interactions(
        user=[1, 1],
        item=[1, 2],
        time=["2020-07-01T01:59:59+02:00", "2020-07-01T02:00:00+02:00"],
    )
    X_train, _, y_test = TemporalSplit(cutoff).split(log)
    assert X_train.to_lists() == [[1]]
    assert y_test.tolist() == [2]
