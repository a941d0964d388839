"""`skdiffuasr augment` gives a table back: names, other columns, times as they came."""

import csv
import datetime as dt
import gzip

import pytest

from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("safetensors")

RANDOM = ("--augmenter=random", "--n-pseudo-items=2", "--quiet")
ADDED = ["position", "is_pseudo"]


def augment(*arguments):
    return main(["augment", *map(str, arguments), *RANDOM])


def rows_of(path, sep=","):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        return list(csv.reader(file, delimiter=sep))


@pytest.mark.parametrize(
    ("times", "before", "options"),
    [
        (["100", "200", "50"], ["98", "99", "48", "49"], ()),
        (["1.5", "2.5", "7.0"], ["-0.5", "0.5", "5.0", "6.0"], ()),
        (
            ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-03-01T12:00:05Z"],
            [
                "2023-12-31T23:59:58Z",
                "2023-12-31T23:59:59Z",
                "2024-03-01T12:00:03Z",
                "2024-03-01T12:00:04Z",
            ],
            (),
        ),
        (
            [
                "2024-01-01 00:00:00.5+02:00",
                "2024-01-01 00:00:00.75+02:00",
                "2024-07-01 10:00:00.0-05:00",
            ],
            [
                "2023-12-31 23:59:58.500+02:00",
                "2023-12-31 23:59:59.500+02:00",
                "2024-07-01 09:59:58.000-05:00",
                "2024-07-01 09:59:59.000-05:00",
            ],
            (),
        ),
        (
            ["2024-01-01", "2024-01-03", "2024-03-01"],
            ["2023-12-30", "2023-12-31", "2024-02-28", "2024-02-29"],
            (),
        ),
        (
            ["2024-01-01 10:00", "2024-01-03 11:30", "2024-03-01 00:00"],
            [
                "2024-01-01 09:58",
                "2024-01-01 09:59",
                "2024-02-29 23:58",
                "2024-02-29 23:59",
            ],
            (),
        ),
        (
            ["03/04/2024", "25/04/2024", "01/05/2024"],
            ["01/04/2024", "02/04/2024", "29/04/2024", "30/04/2024"],
            (),
        ),
        (
            ["Jan 02 2024", "Jan 03 2024", "Mar 01 2024"],
            ["Dec 31 2023", "Jan 01 2024", "Feb 28 2024", "Feb 29 2024"],
            ("--time-format=%b %d %Y",),
        ),
        (
            ["01.02.24 10:00 +0200", "02.02.24 10:00 +0200", "03.02.24 10:00 +0100"],
            [
                "01.02.24 09:58 +0200",
                "01.02.24 09:59 +0200",
                "03.02.24 09:58 +0100",
                "03.02.24 09:59 +0100",
            ],
            ("--time-format=%d.%m.%y %H:%M %z",),
        ),
    ],
)
def test_a_csv_file_comes_back(tmp_path, times, before, options):
    header = ["note", "Customer-ID", "when", "sku", "price"]
    others = ['tea, "green"', "", " 007 "], ["1.50", "2", "NA"]
    users, items = ["u1", "u1", "u2"], ["007", "x", "y"]
    given = [
        [note, *row, price]
        for note, *row, price in zip(
            others[0], users, times, items, others[1], strict=True
        )
    ]
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    with log.open("w", newline="") as file:
        csv.writer(file).writerows([header, *given])
    assert augment(log, "-o", out, "--time=when", *options) == 0
    names, *rows = rows_of(out)
    assert names == [*header, *ADDED]
    assert [row[:-2] for row in rows if row[-1] == "0"] == given
    pseudo = [row for row in rows if row[-1] == "1"]
    assert [row[2] for row in pseudo] == before
    assert [row[1] for row in pseudo] == ["u1", "u1", "u2", "u2"]
    assert {row[3] for row in pseudo} <= set(items)
    assert {(row[0], row[4]) for row in pseudo} == {("", "")}
    assert [row[-2] for row in rows] == ["-2", "-1", "0", "1", "-2", "-1", "0"]


def test_a_spreadsheet_keeps_its_semicolons_and_dates(tmp_path):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text(
        "Kunde;product_id;date;Preis\n"
        "2;11;05.03.2024 08:15;2,50\n"
        "1;10;03.04.2024 10:00;1,99\n"
        "1;11;01.04.2024 00:00;3,00\n"
    )
    assert augment(log, "-o", out, "--user=Kunde") == 0
    header, *rows = rows_of(out, ";")
    assert header == ["Kunde", "product_id", "date", "Preis", *ADDED]
    kept = [";".join(row[:4]) for row in rows if row[5] == "0"]
    assert kept == [
        "1;11;01.04.2024 00:00;3,00",
        "1;10;03.04.2024 10:00;1,99",
        "2;11;05.03.2024 08:15;2,50",
    ]
    assert [row[2] for row in rows if row[5] == "1"] == [
        "31.03.2024 23:58",
        "31.03.2024 23:59",
        "05.03.2024 08:13",
        "05.03.2024 08:14",
    ]
    again = read_interactions(out, user="Kunde")
    assert again.to_sequences().n_pseudo.tolist() == [2, 2]


def test_other_formats_take_the_other_columns(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text('user;item;n;date\n1;10;"a\rb";2024-01-01\n1;11;;2024-01-02\n')
    for name, sep in (("out.tsv.gz", "\t"), ("out.inter", "\t"), ("out.parquet", "")):
        out = tmp_path / name
        assert augment(log, "-o", out, "--sep=;") == 0
        after = read_interactions(out)
        assert after.sort().is_pseudo.tolist() == [True, True, False, False]
        if name.endswith(".inter"):
            expected = "user_id:token item_id:token n:token timestamp:float".split()
            header = rows_of(out, sep)[0]
            assert header[:4] == expected
            assert header[4:] == ["position:float", "is_pseudo:float"]
    assert pq.read_table(out).to_pydict()["n"] == [None, None, "a\rb", ""]
    assert pq.read_table(out).to_pydict()["date"][:2] == ["2023-12-30", "2023-12-31"]


def test_recbole_and_files_without_names(tmp_path):
    inter, out = tmp_path / "log.inter", tmp_path / "out.inter"
    inter.write_text("uid:token\titem_id:token\trating:float\n1\t7\t5.0\n1\t8\t4\n")
    assert augment(inter, "-o", out, "--user=uid") == 0
    header, *rows = rows_of(out, "\t")
    assert header[:3] == ["uid:token", "item_id:token", "rating:float"]
    assert header[3:] == ["position:float", "is_pseudo:float", "timestamp:float"]
    assert [row[2] for row in rows] == ["", "", "5.0", "4"]
    bare, out = tmp_path / "log.csv", tmp_path / "out.csv"
    bare.write_text("1,7,x\n1,8,y\n")
    assert augment(bare, "-o", out) == 0
    assert rows_of(out)[0] == ["user", "item", "column_2", *ADDED]


def test_columns_of_the_same_meaning_are_not_added_twice(tmp_path):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text("user,item,position,Is_Pseudo\n1,7,shelf,false\n1,8,top,false\n")
    assert augment(log, "-o", out) == 0
    header, *rows = rows_of(out)
    assert header == ["user", "item", "position", "Is_Pseudo"]
    assert [row[2:] for row in rows] == [
        ["", "true"],
        ["", "true"],
        ["shelf", "false"],
        ["top", "false"],
    ]


def zoned(unit, zone):
    moments = [dt.datetime(2024, 3, day, 10, tzinfo=dt.UTC) for day in (1, 2, 5, 6)]
    return pa.array(moments, pa.timestamp(unit, zone))


TABLES = {
    "nanoseconds in a zone": zoned("ns", "Europe/Berlin"),
    "milliseconds at an offset": zoned("ms", "+02:00"),
    "naive": zoned("us", None),
    "seconds": zoned("s", "UTC"),
    "days": pa.array([dt.date(2024, 3, day) for day in (1, 2, 5, 6)]),
    "integers": pa.array([10, 20, 30, 40], pa.int32()),
    "texts": pa.array([f"2024-03-0{day}T10:00:00+01:00" for day in (1, 2, 5, 6)]),
}


@pytest.mark.parametrize("with_model", [False, True], ids=["whole", "in parts"])
@pytest.mark.parametrize("times", TABLES.values(), ids=TABLES)
def test_a_parquet_file_comes_back(tmp_path, monkeypatch, times, with_model):
    columns = {
        "amount": pa.array([1.5, None, 3.0, 4.0], pa.float32()),
        "client_id": pa.array([1, 1, 2, 2], pa.int32()),
        "sku": pa.array(["a", "b", "a", "c"]).dictionary_encode(),
        "tags": pa.array([["x"], [], None, ["y", "z"]]),
        "event_time": times,
    }
    before = pa.table(columns)
    log, out, model = (tmp_path / name for name in ("l.parquet", "o.parquet", "m.st"))
    pq.write_table(before, log)
    assert augment(log, "-o", out, "--save-model", model) == 0
    if with_model:
        monkeypatch.setattr("skdiffuasr.cli.augment.MAX_INTERACTIONS", 1)
        whole, options = pq.read_table(out), ("--model", model, "--force", "--quiet")
        assert main(["augment", *map(str, (log, "-o", out, *options))]) == 0
        assert pq.read_table(out).to_pylist() == whole.to_pylist()
    after = pq.read_table(out)
    assert after.schema.names == [*before.schema.names, *ADDED]
    assert after.schema.types[:-2] == pq.read_table(log).schema.types
    is_pseudo = after["is_pseudo"].to_numpy() == 1
    assert is_pseudo.tolist() == [True, True, False, False] * 2
    observed, pseudo = after.filter(~is_pseudo), after.filter(is_pseudo)
    assert observed.drop_columns(ADDED).to_pylist() == before.to_pylist()
    assert pseudo["client_id"].to_pylist() == [1, 1, 2, 2]
    assert pseudo["amount"].null_count == pseudo["tags"].null_count == 4
    log_after = read_interactions(out)
    assert log_after.to_sequences().n_pseudo.tolist() == [2, 2]
    first = pseudo["event_time"][1].as_py()
    if isinstance(first, str):
        assert first == "2024-03-01T09:59:59+01:00"
    elif not isinstance(first, int):
        step = dt.timedelta(seconds=1)
        step = step if isinstance(first, dt.datetime) else dt.timedelta(days=1)
        assert before["event_time"][0].as_py() - first == step


def test_parquet_to_csv_writes_zones(tmp_path):
    table = {"user": [1] * 4, "item": [1, 2, 3, 4], "time": zoned("s", "Europe/Berlin")}
    log, out = tmp_path / "log.parquet", tmp_path / "out.csv"
    pq.write_table(pa.table(table), log)
    assert augment(log, "-o", out) == 0
    times = [row[2] for row in rows_of(out)[1:4]]
    assert times[1:] == [
        "2024-03-01T10:59:59.000+01:00",  # Parquet has milliseconds, not seconds
        "2024-03-01T11:00:00.000+01:00",
    ]


def test_json_lines_become_a_table(tmp_path):
    log, out = tmp_path / "log.jsonl", tmp_path / "out.parquet"
    log.write_text(
        '{"user": "u", "item": "a", "n": 1, "ts": "2024-01-01T00:00:00Z"}\n'
        '{"user": "u", "item": "b", "ts": "2024-01-02T00:00:00Z", "more": 1}\n'
    )
    assert augment(log, "-o", out) == 0
    after = pq.read_table(out).to_pydict()
    assert after["n"] == [None, None, 1, None]
    assert after["ts"][1:3] == ["2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z"]
    assert list(after) == ["user", "item", "n", "ts", *ADDED]


def test_a_table_without_pseudo_items_only_gets_the_marks(tmp_path):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text("user,item,n,time\n1,7,x,2024-01-01\n1,8,,2024-01-02\n")
    assert augment(log, "-o", out, "--max-history-length=1") == 0
    assert out.read_text() == (
        "user,item,n,time,position,is_pseudo\n"
        "1,7,x,2024-01-01,0,0\n"
        "1,8,,2024-01-02,1,0\n"
    )


def test_names_that_are_there_twice_and_rows_that_lack_fields(tmp_path):
    source, out = tmp_path / "log.csv", tmp_path / "out.csv"
    source.write_text("user,item,note,note\n1,2\n1,3,n,m\n1,4,o\n")
    assert augment(source, "-o", out) == 0
    header, *rows = rows_of(out)
    assert header == ["user", "item", "note", "note", *ADDED]
    assert [row[:4] for row in rows[2:]] == [
        ["1", "2", "", ""],
        ["1", "3", "n", "m"],
        ["1", "4", "o", ""],
    ]


def test_dates_in_integers_stay_dates_in_integers(tmp_path):
    source, out = tmp_path / "log.parquet", tmp_path / "out.parquet"
    dates = pa.array([20_240_301, 20_240_302], pa.int32())
    pq.write_table(pa.table({"user": [1, 1], "item": [5, 6], "date": dates}), source)
    assert augment(source, "-o", out, "--time-format", "%Y%m%d") == 0
    found = pq.read_table(out)["date"]
    assert found.type == pa.int32()
    assert found.to_pylist() == [20_240_228, 20_240_229, *dates.to_pylist()]


@pytest.mark.parametrize(
    ("time", "before"),
    [
        ("2024-03-01 00:00:01 UTC", "2024-02-29 23:59:59 UTC"),
        ("2024/03/01 00:01", "2024/02/29 23:59"),
        ("03/31/2024 01:00:01 PM", "03/31/2024 12:59:59 PM"),
    ],
)
def test_times_of_other_forms_are_written_like_these(tmp_path, time, before):
    source, out = tmp_path / "log.csv", tmp_path / "out.csv"
    source.write_text(f"user,item,time\n1,2,{time}\n")
    assert augment(source, "-o", out) == 0
    assert [row[2] for row in rows_of(out)[1::2]] == [before, time]
