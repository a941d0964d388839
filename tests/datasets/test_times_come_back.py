"""Times keep kind, unit and zone through reading and writing."""

from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest

from skdiffuasr.datasets import Interactions, read_interactions, write_interactions
from skdiffuasr.datasets.readers import iter_interactions

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize(
    ("times", "unit", "zone"),
    [
        (["1700000000", "1700000001"], None, None),
        (["2024-01-01", "2024-01-02"], "D", None),
        (["2024-01-01T10:00", "2024-01-02T11:30"], "m", None),
        (["2024-01-01T10:00:05", "2024-01-02T11:30:00"], "s", None),
        (["2024-01-01T10:00:05.000", "2024-01-02T11:30:00.000"], "ms", None),
        (["2024-01-01T10:00:05.000000", "2024-01-02T11:30:00.000000"], "us", None),
        (
            ["2024-01-01T10:00:05.000000001", "2024-01-02T11:30:00.000000000"],
            "ns",
            None,
        ),
        (["2024-01-01T10:00:05Z", "2024-01-02T11:30:00Z"], "s", "UTC"),
        (["2024-01-01T00:30+05:30", "2024-01-02T11:30+05:30"], "m", "+05:30"),
    ],
)
def test_texts_are_written_as_they_came(tmp_path, times, unit, zone):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text("user,item,time\n" + "".join(f"1,2,{time}\n" for time in times))
    read = read_interactions(log)
    assert read.time_zone == zone
    assert read.time.dtype == (np.int64 if unit is None else f"M8[{unit}]")
    write_interactions(read, out)
    assert out.read_text() == log.read_text()
    (part,) = iter_interactions(log)
    assert part == read
    assert Interactions([1, 1], [2, 2], times).time_zone == zone


def test_offsets_that_differ_are_utc(tmp_path):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text(
        "user,item,time\n1,2,2024-01-01 10:00+01:00\n1,3,2024-07-01 10:00+02:00\n"
    )
    write_interactions(read_interactions(log), out)
    assert out.read_text() == (
        "user,item,time\n1,2,2024-01-01T09:00Z\n1,3,2024-07-01T08:00Z\n"
    )


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "+02:00", None])
def test_parquet_keeps_unit_and_zone(tmp_path, unit, zone):
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    moments = [datetime(2024, 1, 1, 12), datetime(2024, 7, 1, 12)]
    times = pa.array(moments, pa.timestamp(unit, zone))
    pq.write_table(pa.table({"user": [1, 1], "item": [2, 3], "time": times}), first)
    log = read_interactions(first)
    assert log.time_zone == log.sort().time_zone == zone
    assert log.time.dtype == f"M8[{unit}]"
    write_interactions(log, second)
    assert pq.read_table(second).equals(pq.read_table(first))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_keep_unit_and_zone(tmp_path, library):
    pytest.importorskip(library)
    moments = [datetime(2024, 1, 1, 12), datetime(2024, 7, 1, 12)]
    times = pa.array(moments, pa.timestamp("ns", "Europe/Berlin"))
    if library == "pandas":
        times = times.to_pandas()
    if library == "polars":
        times = pytest.importorskip("polars").Series(times)
    log = Interactions([1, 1], [2, 3], times)
    assert log.time_zone == "Europe/Berlin"
    np.testing.assert_array_equal(log.time, np.array(moments, "M8[ns]"))
    out = tmp_path / "out.parquet"
    write_interactions(log, out)
    assert pq.read_table(out)["time"].type == pa.timestamp("ns", "Europe/Berlin")
    augmented = log.to_sequences().prepend(np.array([[7]]))
    write_interactions(augmented, out, times=times, overwrite=True)
    assert pq.read_table(out)["time"].type == pa.timestamp("ns", "Europe/Berlin")


def test_objects_keep_what_they_say():
    zone = timezone(timedelta(hours=-3))
    log = Interactions([1], [2], [datetime(2024, 1, 1, 12, tzinfo=zone)])
    assert log.time_zone == "-03:00"
    assert log.time.astype(str).tolist() == ["2024-01-01T15:00:00.000000"]
    assert Interactions([1], [2], [date(2024, 1, 1)]).time.dtype == "M8[D]"


def test_a_zone_may_be_given(tmp_path):
    times = np.array(["2024-01-01", "2024-01-02"], "M8[D]")
    log = Interactions([1, 1], [2, 3], times, time_zone="Asia/Tokyo")
    assert log != Interactions([1, 1], [2, 3], times)
    out = tmp_path / "out.csv"
    write_interactions(log.take([0]), out)
    assert out.read_text() == "user,item,time\n1,2,2024-01-01T09:00+09:00\n"
    write_interactions(log, out, time_zone="UTC", overwrite=True)
    assert out.read_text().endswith("1,3,2024-01-02T00:00Z\n")
    with pytest.raises(ValueError, match="no time zone 'Mars'"):
        Interactions([1], [2], [3], time_zone="Mars")
