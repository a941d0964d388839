from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from skdiffuasr._times import as_times

PLUS_TWO = timezone(timedelta(hours=2))
DAYS = np.array(["2026-01-02", "2026-01-01"], dtype="datetime64[us]")


def read(times):
    return as_times(times, lambda row: f"Row {row}", "times")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([3, 1], np.array([3, 1])),
        (np.array([3, 1], dtype=np.uint8), np.array([3, 1])),
        ([3.5, 1.0], np.array([3.5, 1.0])),
        (["10", "9"], np.array([10, 9])),
        (["10", "9.5"], np.array([10, 9.5])),
        ([3, 1.5, "2"], np.array([3, 1.5, 2])),
        (np.array([3, 1], dtype=object), np.array([3, 1])),
        (DAYS.astype("M8[D]"), DAYS),
        ([date(2026, 1, 2), date(2026, 1, 1)], DAYS),
        ([datetime(2026, 1, 2), date(2026, 1, 1)], DAYS),
        (["2026-01-02", " 2026-01-01T00:00 "], DAYS),
        ([datetime(2026, 1, 2, 2, tzinfo=PLUS_TWO), "2026-01-01T00:00Z"], DAYS),
        ([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1)], DAYS),
        (["2026-02", "2026"], np.array(["2026-02", "2026-01"], "M8[us]")),
    ],
)
def test_times_of_every_kind(times, expected):
    found = read(times)
    assert found.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32", "float64"])
def test_a_list_may_hold_numbers_of_numpy(dtype):
    array = np.array([9, 3, 5], dtype=dtype)
    times = as_times(list(array), str, "times")
    assert times.tolist() == array.tolist()
    assert times.dtype.kind == ("f" if array.dtype.kind == "f" else "i")


@pytest.mark.parametrize("times", [["9", "3"], [2**62, "3"], ["9" * 18, 3]])
def test_large_integers_are_kept(times):
    assert read(times).tolist() == [int(time) for time in times]


def test_times_of_a_kind_that_is_known():
    for times, kind in ((["2013"], "M"), (["3", 4], "f"), (["3"], "i")):
        found = as_times(times, lambda row: f"Row {row}", "times", kind)
        assert found.dtype.kind == kind
    with pytest.raises(ValueError, match=r"Row 1 is '3\.5'.*before it are int"):
        as_times(["3", "3.5"], lambda row: f"Row {row}", "times", "i")


def test_columns_with_a_time_zone_become_utc():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    local = pd.Series(DAYS).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    for column in (
        local,
        pd.DatetimeIndex(local),
        local.array,
        pl.from_pandas(local),
        pa.array(local),
        pa.chunked_array([pa.array(local)]),
        local.astype("timestamp[us, tz=Asia/Tokyo][pyarrow]"),
    ):
        np.testing.assert_array_equal(read(column).astype("M8[us]"), DAYS)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1, None], "Row 1 is None"),
        ([1.0, float("nan")], "Row 1 is .*nan"),
        (np.array(["2026", "NaT"], "M8[D]"), "Row 1 is .*NaT"),
        (["1", "soon"], r"Row 1 is 'soon' \(str\): accepted are numbers"),
        (["2026-01-01", "2026-13-01"], "Row 1 is '2026-13-01'"),
        (["2026-01-01", 5], r"Row 1 is 5 \(int\)"),
        ([5, date(2026, 1, 1)], r"Row 1 is .*\(date\)"),
        (["inf", "1"], "Row 0 is 'inf'"),
        (np.array([1.0, -np.inf]), r"Row 1 is .*-inf.*: times must be finite"),
        (np.array([1, 2**63], np.uint64), r"Row 1 is .*9223372036854775808.* must be"),
        ([2**63 + 2, 2**63], r"Row 0 is 9223372036854775810 .*integers of 64 bits"),
        (["5", "-9223372036854775809"], "Row 1 is '-9223372036854775809'"),
        ([0.5, 2**53 + 1], "Row 1 is 9007199254740993 .* of 53 beside fractions"),
        (["2026-01-01T00:00:00.0000001"], "Row 0 is .*to the microsecond"),
        ([np.datetime64(1, "us"), np.datetime64(1, "ns")], "Row 1 is .*datetime64"),
        ([True, False], "Row 0 is"),
        ([[1], [2]], r"times must be one-dimensional, got shape \(2, 1\)"),
    ],
)
def test_what_cannot_be_read_is_named(times, message):
    with pytest.raises(ValueError, match=message):
        read(times)


def test_nanoseconds_of_pandas_are_refused_in_a_list_and_kept_in_a_column():
    pd = pytest.importorskip("pandas")
    times = [pd.Timestamp(2), pd.Timestamp(1)]
    with pytest.raises(ValueError, match="Row 0 is Timestamp"):
        read(times)
    assert read(pd.Series(times)).argsort().tolist() == [1, 0]
