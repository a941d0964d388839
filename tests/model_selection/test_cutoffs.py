from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import Interactions
from skdiffuasr.model_selection import TemporalSplit
from skdiffuasr.model_selection.cutoffs import is_at_or_after

quick = settings(max_examples=300, deadline=None)

NANOSECONDS = {
    "W": 604_800 * 10**9,
    "D": 86_400 * 10**9,
    "h": 3_600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "ns": 1,
}
KINDS = (
    *("numpy", "pandas", "pandas zoned", "pyarrow", "pyarrow zoned"),
    *("text", "text zoned", "text Z", "datetime", "datetime zoned", "date"),
)
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
ZONES = st.integers(-1439, 1439).map(lambda n: timezone(timedelta(minutes=n)))


def check(times, instants, cutoff, instant):
    """Compare with integers of any size, in nanoseconds."""
    expected = [own >= instant for own in instants]
    assert is_at_or_after(times, cutoff).tolist() == expected


@st.composite
def datetimes_of_numpy(draw):
    """Times of one unit, and the same in nanoseconds."""
    unit = draw(st.sampled_from(list(NANOSECONDS)))
    ticks = draw(st.lists(INT64 | st.integers(-5, 5), min_size=1, max_size=5))
    return np.array(ticks, f"M8[{unit}]"), [tick * NANOSECONDS[unit] for tick in ticks]


@quick
@given(datetimes_of_numpy(), datetimes_of_numpy(), st.integers(-1, 1))
def test_units_that_do_not_fit_into_each_other(times, cutoffs, shift):
    check(*times, cutoffs[0][0], cutoffs[1][0])
    # Next to a time, where rounding shows, if 64 bits of nanoseconds hold it.
    near = times[1][0] + shift
    if abs(near) < 2**63:
        check(*times, np.datetime64(near, "ns"), near)


@st.composite
def cutoffs(draw):
    """The same instant as objects of many types, and in nanoseconds."""
    pd = pytest.importorskip("pandas")
    pa = pytest.importorskip("pyarrow")
    instant = draw(st.integers(-(2**62), 2**62) | st.integers(-5000, 5000))
    kind = draw(st.sampled_from(KINDS))
    exact = np.datetime64(instant, "ns")
    zone = draw(ZONES)
    if kind == "numpy":
        return draw(st.sampled_from([exact, np.array(exact)])), instant
    if kind == "pandas":
        return pd.Timestamp(exact), instant
    if kind == "pandas zoned":
        return pd.Timestamp(exact).tz_localize("UTC").tz_convert(zone), instant
    if kind.startswith("pyarrow"):
        zone = "Asia/Tokyo" if kind.endswith("zoned") else None
        return pa.scalar(instant, pa.timestamp("ns", zone)), instant
    seconds, rest = divmod(instant, 10**9)
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if kind == "date":
        days = instant // NANOSECONDS["D"]
        return date(1970, 1, 1) + timedelta(days), days * NANOSECONDS["D"]
    if kind.startswith("datetime"):
        value = whole + timedelta(microseconds=rest // 1000)
        instant -= rest % 1000
        if kind == "datetime":
            return value.replace(tzinfo=None), instant
        return value.astimezone(zone), instant
    local = whole.astimezone(zone if kind == "text zoned" else UTC)
    text = f"{local.replace(tzinfo=None).isoformat()}.{rest:09}"
    if kind == "text zoned":
        hours, minutes = divmod(abs(zone.utcoffset(None)).seconds // 60, 60)
        sign = "-" if zone.utcoffset(None) < timedelta(0) else "+"
        text += f"{sign}{hours:02}:{minutes:02}"
    return text + "Z" * (kind == "text Z"), instant


@quick
@given(datetimes_of_numpy(), cutoffs(), st.data())
def test_cutoffs_of_any_type_are_the_same_instant(times, cutoff, data):
    check(*times, *cutoff)
    near = data.draw(st.lists(st.integers(-1500, 1500), min_size=1, max_size=5))
    instants = [cutoff[1] + shift for shift in near]
    check(np.array(instants, "M8[ns]"), instants, *cutoff)


@quick
@given(
    st.lists(INT64, min_size=1, max_size=5),
    st.sampled_from([0, 1, 3]),
    st.booleans(),
)
def test_years_and_months_begin_with_their_first_day(ticks, shift, are_years):
    dates = [date(1 + tick % 9998, 1 + tick // 9998 % 12, 1) for tick in ticks]
    if are_years:
        dates = [day.replace(month=1) for day in dates]
    times = np.array([day.isoformat() for day in dates], f"M8[{'MY'[are_years]}]")
    cutoff = dates[0] + timedelta(days=shift)
    expected = [day >= cutoff for day in dates]
    assert is_at_or_after(times, cutoff).tolist() == expected
    days = np.array(dates, "M8[D]")
    expected = [day >= dates[0] for day in dates]
    assert is_at_or_after(days, times[0]).tolist() == expected


def test_units_of_several_steps_and_finer_than_nanoseconds():
    times = np.array([0, 1, 2], "M8[25s]")
    assert is_at_or_after(times, np.datetime64(25, "s")).tolist() == [False, True, True]
    assert is_at_or_after(times, np.datetime64(26, "s")).tolist() == [
        False,
        False,
        True,
    ]
    nanoseconds = np.array([0, 1, 2], "M8[ns]")
    for unit, per_nanosecond in (("ps", 10**3), ("fs", 10**6), ("as", 10**9)):
        just_after = np.datetime64(per_nanosecond + 1, unit)
        assert is_at_or_after(nanoseconds, just_after).tolist() == [False, False, True]
    assert is_at_or_after(np.array([1], "M8[25s]"), np.datetime64(1, "25s")).all()


def test_quarters_begin_with_their_first_day():
    quarters = np.array([0, 1, 2], "M8[3M]")
    for day, expected in (
        (date(1970, 4, 1), [False, True, True]),
        (date(1970, 4, 2), [False, False, True]),
    ):
        assert is_at_or_after(quarters, day).tolist() == expected
    days = np.array(["1970-03-31", "1970-04-01"], "M8[D]")
    assert is_at_or_after(days, quarters[1]).tolist() == [False, True]


def as_number(number, kind):
    """The number in another type, and what that holds."""
    if kind is float:
        return float(number), Fraction(float(number))
    if kind is np.float32:
        return np.float32(number), Fraction(float(np.float32(number)))
    if kind is np.int64:
        return np.int64(int(number)), Fraction(int(number))
    return kind(int(number)), Fraction(int(number))


@quick
@given(
    st.lists(INT64 | st.integers(2**53 - 5, 2**53 + 5), min_size=1, max_size=5),
    st.sampled_from(["int64", "float64", "float32"]),
    INT64 | st.integers(2**53 - 5, 2**53 + 5),
    st.sampled_from([int, float, np.int64, np.float32, Decimal, Fraction]),
    st.integers(-2, 2),
)
def test_numbers_are_compared_without_rounding(values, dtype, number, kind, shift):
    times = np.array(values, dtype)
    exact = [Fraction(value) for value in times.tolist()]
    for instant in (number, max(-(2**63), min(2**63 - 1, values[0] + shift))):
        check(times, exact, *as_number(instant, kind))


@quick
@given(
    st.lists(st.integers(-20, 20), min_size=1, max_size=5),
    st.sampled_from(["int64", "float64", "float32"]),
    st.fractions(-20, 20),
)
def test_fractions_are_compared_without_rounding(values, dtype, cutoff):
    check(np.array(values, dtype), values, cutoff, cutoff)


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_numbers_that_no_type_holds(dtype):
    times = np.array([-(2**62), 0, 2**62], dtype)
    for huge in (2**64, 10**400, Decimal("1e9999"), float("inf"), Decimal("Infinity")):
        assert is_at_or_after(times, huge).dtype == bool
        assert not is_at_or_after(times, huge).any()
        assert is_at_or_after(times, -huge).all()


def test_scalars_of_pyarrow_and_polars():
    pa, pl = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    times = np.array([2**53, 2**53 + 1])
    for scalar in (pa.scalar(2**53 + 1), pl.Series([2**53 + 1])[0]):
        assert is_at_or_after(times, scalar).tolist() == [False, True]
    days = np.array(["2014-06-30", "2014-07-01"], "M8[D]")
    day = date(2014, 7, 1)
    for scalar in (pa.scalar(day), pa.scalar(day, pa.date64()), pl.Series([day])[0]):
        assert is_at_or_after(days, scalar).tolist() == [False, True]


def test_nanoseconds_of_pyarrow_need_no_pandas():
    pa = pytest.importorskip("pyarrow")

    class Scalar:
        type, value = pa.timestamp("ns"), 1500

        def as_py(self):
            raise ValueError("Nanoseconds need pandas.")

    times = np.array([1499, 1500], "M8[ns]")
    assert is_at_or_after(times, Scalar()).tolist() == [False, True]


DAYS = np.array(["2014-06-30", "2014-07-01"], "M8[D]")


@pytest.mark.parametrize("times", [DAYS, np.array([1, 2]), np.array([1.0, 2.0])])
@pytest.mark.parametrize(
    "cutoff",
    [
        float("nan"),
        np.float32("nan"),
        np.datetime64("NaT"),
        np.datetime64("NaT", "ns"),
        np.timedelta64("NaT"),
        np.array(np.nan),
        Decimal("NaN"),
        "NaT",
        " nan ",
        "None",
        "",
        "pandas.NaT",
        "pandas.NA",
        "pyarrow",
        "pyarrow timestamp",
    ],
)
def test_a_missing_cutoff_is_refused_in_words(times, cutoff):
    if isinstance(cutoff, str) and cutoff.startswith("pandas"):
        cutoff = getattr(pytest.importorskip("pandas"), cutoff.partition(".")[2])
    elif isinstance(cutoff, str) and cutoff.startswith("pyarrow"):
        pa = pytest.importorskip("pyarrow")
        kind = pa.timestamp("ns") if cutoff.endswith("timestamp") else pa.int64()
        cutoff = pa.scalar(None, kind)
    log = Interactions([1, 1], [1, 2], times)
    with pytest.raises(ValueError, match=r"cutoff=.* is missing; pass a time, or None"):
        TemporalSplit(cutoff).split(log)


@pytest.mark.parametrize(
    ("times", "cutoffs"),
    [
        (DAYS, [1, 1.5, True, np.int64(1), np.timedelta64(1, "s"), b"2014-07-01", []]),
        (np.array([1, 2]), ["2", True, np.True_, date(2014, 7, 1), 1j, DAYS[0], [2]]),
        (np.array([1.0, 2]), ["2", False, np.timedelta64(1, "s"), timedelta(1)]),
    ],
)
def test_what_cannot_be_compared_is_named(times, cutoffs):
    kind = "date" if times is DAYS else "number"
    message = f"times of dtype {times.dtype.name.split('[')[0]}.*; pass a {kind}"
    for cutoff in cutoffs:
        with pytest.raises(TypeError, match=message):
            is_at_or_after(times, cutoff)


@pytest.mark.parametrize(
    "text", ["soon", "2014-13-01", "2014-07-01T00:00:00.0000000001"]
)
def test_texts_that_are_not_dates_are_named(text):
    with pytest.raises(ValueError, match=rf"cutoff='{text}' is not an ISO 8601 date"):
        is_at_or_after(DAYS, text)


@pytest.mark.parametrize("kind", ["pandas", "text", "numpy"])
def test_no_target_lies_before_a_cutoff_between_microseconds(kind):
    cutoff = np.datetime64(1500, "ns")
    if kind == "pandas":
        cutoff = pytest.importorskip("pandas").Timestamp(cutoff)
    elif kind == "text":
        cutoff = "1970-01-01T00:00:00.0000015"
    log = Interactions([1, 1, 1], [5, 6, 7], np.array([500, 1200, 2500], "M8[ns]"))
    X_train, _, y_test = TemporalSplit(cutoff).split(log)
    assert X_train.to_lists() == [[5, 6]]
    assert y_test.tolist() == [7]
