import json
import warnings

import numpy as np
import pytest

from skdiffuasr.cli import main
from skdiffuasr.datasets import (
    Interactions,
    iter_interactions,
    read_interactions,
    write_interactions,
)
from skdiffuasr.datasets.readers import open_table

pytest.importorskip("pyarrow")


@pytest.fixture
def write(tmp_path):
    def write(text, name="log.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    "header",
    [
        "user,item,time",
        "USER_ID,Item ID,Event_Time",
        "customer_id,sku,created_at",
        "Customer,Product,Order Date",
        "userId,movieId,timestamp",
        "reviewerID,asin,unixReviewTime",
        "uid,iid,ts",
        "visitor-id,product.id,purchased_at",
    ],
)
def test_usual_names_are_recognised_in_any_case(write, header):
    log = read_interactions(write(f"{header}\n1,7,30\n1,8,20\n"))
    assert log == Interactions(user=[1, 1], item=[7, 8], time=[30, 20])


def test_the_usual_name_comes_before_others(write):
    log = read_interactions(write("customer,user,item,time,created_at\n9,1,7,30,2\n"))
    assert (log.user.tolist(), log.time.tolist()) == ([1], [30])


@pytest.mark.parametrize(
    ("header", "role", "candidates"),
    [
        ("user,item,ordered_at,viewed_at", "time", "'ordered_at' or 'viewed_at'"),
        ("user,item,Date,timestamp", "time", "'Date' or 'timestamp'"),
        ("user,product_id,sku,time", "item", "'product_id' or 'sku'"),
        ("customer,uid,item,time", "user", "'customer' or 'uid'"),
    ],
)
def test_two_candidates_are_one_error_that_names_both(
    write, capsys, header, role, candidates
):
    path = write(f"{header}\n1,2,3,4\n")
    message = f"the {role} column may be {candidates}; say which it is by {role}="
    with pytest.raises(ValueError, match=message):
        read_interactions(path)
    assert main(["describe", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{candidates}; say which it is by --{role}.")
    chosen = candidates.split("'")[1]
    assert len(read_interactions(path, **{role: chosen})) == 1


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("user,item,bought\n1,2,2024-01-31\n1,3,2024-02-01 10:00:00\n", "bought"),
        ("user,item,bought\n1,2,31.01.2024\n", "bought"),
        ("user,item,x\n1,2,1700000000\n", "x"),
        ("user,item,x\n1,2,1700000000123\n", "x"),
        ("user,item,deliveryTime\n1,2,soon\n", "deliveryTime"),
        ("1 2 1700000000\n1 3 1700000001\n", 2),
    ],
)
def test_an_unused_column_that_looks_like_times_is_warned_of(
    write, capsys, content, column
):
    path = write(content)
    with pytest.warns(UserWarning, match=rf"the column {column!r} looks like times"):
        log = read_interactions(path)
    assert log.time is None
    with pytest.warns(UserWarning, match=rf"pass time={column!r}\."):
        read_interactions(path)
    assert main(["describe", str(path)]) == 0
    assert f"pass --time {column}." in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        "user,item,price\n1,2,3\n",
        "user,item,rating\n1,2,1700000000\n1,3,4\n",
        "user,item,time,viewed_at\n1,2,3,4\n",  # another time is read
        "1 2 3\n",
    ],
)
def test_other_columns_are_not(write, content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_interactions(write(content))


def test_typed_files_are_warned_of_too(tmp_path, write):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "log.parquet"
    when = np.array(["2024-01-01"], dtype="datetime64[us]")
    pq.write_table(pa.table({"user": [1], "item": [2], "x": when, "text": ["a"]}), path)
    with pytest.warns(UserWarning, match="'x' looks like times"):
        read_interactions(path)
    path = write(json.dumps({"user": 1, "item": 2, "x": "2024-01-01"}), "log.jsonl")
    with pytest.warns(UserWarning, match="'x' looks like times"):
        read_interactions(path)


def test_commands_say_what_is_read_and_what_is_not(write, capsys):
    path = write("customer;sku;event_time;price\na;x;2;9\na;y;1;9\n")
    line = (
        "user = 'customer', item = 'sku', time = 'event_time'; ignored: 'price'; "
        "histories in the order of its times"
    )
    assert main(["describe", str(path)]) == 0
    assert f"columns: {line}\n" in capsys.readouterr().out
    out = str(path.with_name("model.st"))
    command = ["fit", str(path), "--recommender=markov", "-o"]
    pytest.importorskip("safetensors")
    assert main([*command, out]) == 0
    assert capsys.readouterr().err == f"skdiffuasr: log.csv: {line}\n"
    assert main([*command, out, "--force", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    use = open_table(write("1 2 x\n", "log.txt")).use
    assert str(use) == (
        "user = column 0, item = column 1; ignored: column 2; histories in the order "
        "of the file"
    )


def test_the_time_column_decides_the_order(write):
    path = write("user,item,event_time\n1,7,30\n1,8,20\n")
    assert read_interactions(path).to_sequences().to_lists() == [[8, 7]]


def test_descriptions_have_dates_ties_and_duplicates(tmp_path):
    log = Interactions(
        user=[1, 1, 1, 2, 2, 3],
        item=[5, 6, 6, 5, 5, 9],
        time=np.array([3, 4, 4, 1, 2, 9], dtype="datetime64[D]"),
    )
    found = log.describe()
    start, end = found.time_range
    assert (start[:10], end[:10]) == ("1970-01-02", "1970-01-10")
    assert found.tied_end_share == pytest.approx(1 / 3)
    assert found.n_duplicates == 1
    write_interactions(log, tmp_path / "log.csv")
    assert "33.3%" in str(read_interactions(tmp_path / "log.csv").describe())
    assert Interactions(user=[1, 1], item=[2, 3]).describe().time_range is None


def test_the_columns_that_were_read_are_known_in_python(write):
    path = write("customer_id,sku,price,ts\n1,2,3,4\n")
    (part,) = iter_interactions(path)
    for log in (read_interactions(path).sort(), part):
        assert log.column_use.used == {
            "user": "customer_id",
            "item": "sku",
            "time": "ts",
        }
        assert log.column_use.ignored == ("price",)
    assert Interactions(user=[1], item=[2]).column_use is None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ([1_700_000_000, 1_710_000_000], "1700000000 (2023-11-14) to 1710000000 (2024"),
        ([1_700_000_000_000] * 2, "1700000000000 (2023-11-14) to 17"),
        ([3, 4], "3 to 4"),
        (["2024-01-01", "2024-01-02"], "2024-01-01 to 2024-01-02"),
        (["2024-01-01T10:00+02:00"] * 2, "2024-01-01T10:00+02:00 to 2024"),
    ],
)
def test_descriptions_show_dates(time, expected):
    found = Interactions(user=[1, 1], item=[2, 3], time=time).describe()
    assert " to ".join(found.time_range).startswith(expected)
