import numpy as np
import pytest

from skdiffuasr import Sequences
from skdiffuasr.datasets import Interactions
from skdiffuasr.datasets.rectools import to_rectools

pd = pytest.importorskip("pandas")


def augmented():
    X = Sequences.from_iterable([[5, 6], [7]], user_ids=["b", "a"])
    return X.prepend(np.array([[1, 3], [2, 4]]))


def histories(frame):
    """Histories as a reader of the frame alone makes them."""
    rows = frame.sample(frac=1, random_state=0).sort_values(["user_id", "datetime"])
    return rows.groupby("user_id")["item_id"].agg(list).to_dict()


@pytest.mark.parametrize(
    "times",
    [
        None,
        [10, 12, 5],
        [0.25, 0.5, 9.125],
        ["2026-01-01", "2026-01-02", "2025-01-01"],
        np.array([1_700_000_000, 1_700_000_001, 5]),
    ],
)
def test_sorting_by_datetime_gives_the_histories(times):
    frame = to_rectools(augmented(), times=times)
    assert histories(frame) == {"a": [2, 4, 7], "b": [1, 3, 5, 6]}


def test_columns_are_those_of_rectools():
    frame = to_rectools(augmented())
    assert list(frame.columns) == ["user_id", "item_id", "weight", "datetime"]
    assert frame["weight"].dtype == float
    assert frame["datetime"].dtype == "datetime64[ns]"


def test_a_log_without_times_keeps_its_order():
    log = Interactions(["b", "a", "b"], [3, 2, 1])
    assert histories(to_rectools(log)) == {"a": [2], "b": [3, 1]}


def test_dates_and_numbers_are_kept_exactly():
    dates = np.array(["2026-01-02T03:04:05.123456", "1700-01-01"], "datetime64[us]")
    log = Interactions([1, 2], [3, 4], dates)
    np.testing.assert_array_equal(to_rectools(log)["datetime"].to_numpy(), dates)
    log = Interactions([1, 2], [3, 4], [1_700_000_000.5, -0.5])
    expected = np.array(["2023-11-14T22:13:20.5", "1969-12-31T23:59:59.5"], "M8[ns]")
    np.testing.assert_array_equal(to_rectools(log)["datetime"].to_numpy(), expected)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([0, 1_700_000_000_000], "time of row 1 is 1700000000000, and RecTools holds"),
        (["2026-01-01", "2300-01-01"], "time of row 1 is 2300-01-01"),
        ([1e300, 1.0], "time of row 0 is 1e[+]300"),
    ],
)
def test_times_that_do_not_fit_are_named(time, message):
    with pytest.raises(ValueError, match=message):
        to_rectools(Interactions([1, 2], [3, 4], time))


def test_interactions_have_times_of_their_own():
    with pytest.raises(ValueError, match="times are for Sequences"):
        to_rectools(Interactions([1], [2]), times=[1])


def test_rectools_takes_it():
    dataset = pytest.importorskip("rectools.dataset").Dataset
    frame = to_rectools(augmented(), times=[10, 12, 5])
    built = dataset.construct(frame)
    assert set(built.user_id_map.external_ids) == {"a", "b"}
    matrix = built.get_user_item_matrix().toarray()
    assert matrix.sum(axis=1).tolist() == [4, 3]
