from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from skdiffuasr.sequences.time_zones import (
    _needed_unit,
    date_texts,
    zone_by_name,
    zone_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
PLUS_TWO = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        ([3, 1], None),
        (np.array([3.5]), None),
        (np.array(["2024-01-01"], "M8[s]"), None),
        (["2024-01-01", "2024-01-01T10:00"], None),
        (["2024-01-01T10:00Z", "2024-01-01 10:00z"], "UTC"),
        (["2024-01-01T10:00+02:00", "2024-01-01T10+0200"], "+02:00"),
        (np.array(["2024-01-01T10:00-03:30"]), "-03:30"),
        (["2024-01-01T10:00+02:00", "2024-07-01T10:00+01:00"], "UTC"),
        ([datetime(2024, 1, 1, tzinfo=UTC)], "UTC"),
        ([datetime(2024, 1, 1, tzinfo=PLUS_TWO)], "+02:00"),
        ([datetime(2024, 1, 1, tzinfo=BERLIN)] * 2, "Europe/Berlin"),
        ([], None),
    ],
)
def test_zones_of_values(times, zone):
    assert zone_of(times) == zone


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+02:00", None])
def test_zones_of_frames(zone):
    pandas, polars = map(pytest.importorskip, ("pandas", "polars"))
    pa = pytest.importorskip("pyarrow")
    arrow = pa.array([datetime(2024, 1, 1)], pa.timestamp("ms", zone))
    series = pandas.Series(arrow.to_pandas())
    arrow_series = pandas.Series(arrow, dtype=pandas.ArrowDtype(arrow.type))
    for times in (arrow, pa.chunked_array([arrow]), series, arrow_series):
        assert zone_of(times) == zone
    assert zone_of(pandas.DatetimeIndex(series)) == zone
    if zone != "+02:00":  # polars has names only
        assert zone_of(polars.Series(arrow)) == zone


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        (None, ["2024-01-01T12:00:00", "", "2024-07-01T12:00:00"]),
        ("UTC", ["2024-01-01T12:00:00Z", "", "2024-07-01T12:00:00Z"]),
        ("-03:30", ["2024-01-01T08:30:00-03:30", "", "2024-07-01T08:30:00-03:30"]),
        (
            "Europe/Berlin",
            ["2024-01-01T13:00:00+01:00", "", "2024-07-01T14:00:00+02:00"],
        ),
    ],
)
def test_dates_are_written_in_a_zone(zone, texts):
    dates = np.array(["2024-01-01T12", "NaT", "2024-07-01T12"], "M8[s]")
    assert date_texts(dates, zone) == texts


def test_an_unknown_zone_is_named():
    for name in ("Mars/Olympus", "+2", "../etc"):
        with pytest.raises(ValueError, match=r"no time zone '.*such as 'Europe/Ber"):
            zone_by_name(name)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("2024-01-01", "D"), ("2024-01-01T00:01", "s"), ("2024-01-01T00:00:00.01", "ms")],
)
def test_units_that_lose_nothing(text, unit):
    assert _needed_unit(np.array([text], "M8[us]")) == unit
