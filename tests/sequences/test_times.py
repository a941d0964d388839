from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences.times import as_times

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
        (["2026-01-01T00:00:00.0000000001"], "Row 0 is .*to the nanosecond"),
        ([np.datetime64(1, "ns"), np.datetime64(1, "ps")], "Row 1 is .*datetime64"),
        ([np.datetime64(0, "s"), np.datetime64(2**50, "s")], "Row 1 is .*datetime64"),
        (["9999-12-31", "1970-01-01T00:00:00.000000001"], "Row 0 .*1678 and 2261"),
        (["9999-12-31", "1970-01-01T00:00:00.000000001", "x"], "Row 2 is 'x'"),
        ([True, False], "Row 0 is"),
        ([[1], [2]], r"times must be one-dimensional, got shape \(2, 1\)"),
    ],
)
def test_what_cannot_be_read_is_named(times, message):
    with pytest.raises(ValueError, match=message):
        read(times)


@pytest.mark.parametrize("kind", [list, "Series"])
def test_nanoseconds_of_pandas_are_kept(kind):
    pd = pytest.importorskip("pandas")
    times = [pd.Timestamp(2), pd.Timestamp(1, tz="Asia/Tokyo").tz_convert(None)]
    found = read(times if kind is list else pd.Series(times))
    np.testing.assert_array_equal(found, np.array([2, 1], "M8[ns]"))


def test_pandas_dates_that_python_cannot_hold():
    pd = pytest.importorskip("pandas")
    far = np.datetime64("20000-01-01", "s")
    assert read([pd.Timestamp(far), date(2026, 1, 1)])[0] == far


@given(
    st.lists(st.integers(10**6 - 2**63, 2**63 - 10**6), min_size=1, max_size=5),
    st.sampled_from(["", "Z", "+00:00", "+05:30", "-23:59"]),
)
def test_texts_keep_nanoseconds(instants, zone):
    dates = np.array(instants, "M8[ns]")
    sign = -1 if zone.startswith("-") else 1
    hours, minutes = map(int, zone[1:].split(":")) if len(zone) > 1 else (0, 0)
    offset = np.timedelta64(sign * (60 * hours + minutes), "m").astype("m8[us]")
    texts = []
    for instant in instants:
        seconds, nanoseconds = divmod(instant, 10**9)
        local = np.datetime64(seconds, "s").astype("M8[us]") + offset
        texts.append(f"{local.astype('M8[s]')}.{nanoseconds:09}{zone}")
    np.testing.assert_array_equal(read(texts), dates)


def test_zones_at_the_ends_of_the_calendar():
    texts = ["0001-01-01T00:00+02:00", "9999-12-31T23:00-02:00"]
    assert read(texts).astype(str).tolist() == [
        "0000-12-31T22:00",
        "10000-01-01T01:00",
    ]


@pytest.mark.parametrize(
    "times",
    [
        [datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1), date(2026, 1, 1)],
        ["2026-01-02T00:00Z", "2026-01-01T00:00", "2026-01-01"],
        np.array(["20260102T000000+0000", "2026-W01-4", "20260101"]),
        [np.datetime64("2026-01-01"), "2026-01-01", "2026-01-02 00:00:00-00:00"],
    ],
)
def test_mixed_zones_are_counted(times):
    with pytest.warns(UserWarning, match=r"a time zone \(1\) and without one \(2\)"):
        read(times)
