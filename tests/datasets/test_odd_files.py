"""Malformed and odd files: each gives one clear line, or the right log."""

import gzip
import json
import re

import numpy as np
import pytest

from skdiffuasr.cli import main
from skdiffuasr.datasets import blocks, read_interactions

pytest.importorskip("pyarrow")

TOO_LARGE = str(2**63)

ERRORS = [
    ("log.csv", b"", "the file is empty"),
    ("log.csv", b"\n \n\r\n", "the file is empty"),
    ("log.csv", b"\xef\xbb\xbf", "the file is empty"),
    ("log.csv", b"user,item\n", "the file holds no interactions"),
    (
        "log.csv",
        b"user,item\r\n1,2\r\n\r\n1,\xe9\r\n",
        "line 4, cannot be read as UTF-8",
    ),
    ("log.csv", b"\xff\xfeu", "cannot be read as utf-16: truncated data"),
    ("log.csv", b"user,sku,product\n1,2,3\n", "item column may be 'sku' or 'product'"),
    (
        "log.csv",
        b"user;item;date\n1;2;30.02.2024\n",
        "line 2: the time is '30.02.2024'",
    ),
    ("log.csv", b"user,item,time\n1,2,-\n", "line 2: the time is '-'"),
    (
        "log.csv.gz",
        gzip.compress(b"user,item\n1,2\n" * 99, mtime=0)[:40],
        "cannot be read: ",
    ),
    ("log.csv.gz", b"user,item\n1,2\n", "cannot be read: Not a gzipped file"),
    ("log.csv", b"user,item;x\n1,2;3\n", "commas and semicolons"),
    ("log.csv", b'user,item\n1,"a\n2,b\n', "line 2: unexpected end of data"),
    ("log.csv", b'user,item\n1,"a" b\n', "line 2: ',' expected after"),
    ("log.csv", b'user,item\n1,"a\nb"\n', "line 2: the item id 'a.nb' has a line br"),
    ("log.csv", b"user,item\n1,2\n3\n", "line 3: 1 field, at least 2 are needed"),
    ("log.csv", b"user,item\n1,2\n3,4,5\n", "line 3: 3 fields, but the first line has"),
    ("log.csv", b"user,item\n1,a\0\n", "line 2: the item id is 'a.x00'"),
    ("log.csv", b"user,item\n1, \n", "line 2: the item id is empty"),
    ("log.csv", b"user,item,time\n1,2,2014-01-01\n1,2,5\n", "line 3: the time is '5'"),
    (
        "log.csv",
        b"user,item,time\n1,2,01/02/2014\n",
        "line 2: the time is '01/02/2014'",
    ),
    (
        "log.csv",
        b"user,item,time\n1,2,2014-02-30\n",
        "line 2: the time is '2014-02-30'",
    ),
    ("log.csv", b"user,item,time\n1,2,3\n1,2,\n", "line 3: the time is ''"),
    ("log.csv", b"user,item,time\n1,2,NA\n", "line 2: the time is 'NA'"),
    ("log.csv", b"user,item,time\n1,2,1e999\n", "line 2: the time is '1e999'"),
    (
        "log.csv",
        f"user,item,time\n1,2,1.5\n1,2,{TOO_LARGE}\n".encode(),
        f"line 3: the time is '{TOO_LARGE}'",
    ),
    ("log.csv", b"user,item,is_pseudo\n1,2,0\n1,2,yes\n", "line 3: is_pseudo is 'yes'"),
    ("log.inter", b"user_id:token\titem_id:token\n1\n", "line 2: 1 field"),
    ("log.txt", b"1 2\n1 2 3\n", "line 2: 3 fields, but the first line has 2"),
    ("log.jsonl", b"", "there are no interactions"),
    ("log.jsonl", b"[1]\n", "line 1: "),
    (
        "log.jsonl",
        b'{"user": 1, "item": 2}\n{"user": 1}\n',
        "line 2: the field 'item' i",
    ),
    ("log.jsonl", b'{"user": 1, "item": 2}\n\n{"user": 1,\n', "line 3: Expecting"),
    (
        "log.jsonl",
        b'{"user": 1, "item": 2}\n{"user": 1, "item": "2"}\n',
        "line 2: item",
    ),
    ("log.jsonl", b'{"user": 1, "item": 2}{"user": 1, "item": 3}\n', "line 1: Extra"),
    ("log.jsonl", b'{"user": 1,\n"item": 2}\n', "line 1: Expecting"),
    ("log.jsonl", b'{"user": 1, "item": null}\n', "line 1: item is None"),
    (
        "log.jsonl",
        b'{"user": 1, "item": 2}\n{"user": 1, "item": null}',
        "line 2: item is N",
    ),
    ("log.jsonl", b'{"user": 1.5, "item": 2}\n', "line 1: user is 1.5"),
    ("log.jsonl", b'{"user": true, "item": 2}\n', "line 1: user is .*True"),
    ("log.jsonl", b'{"user": "\xe9", "item": 2}\n', "line 1, cannot be read as UTF-8"),
    (
        "log.jsonl",
        f'{{"user": 1, "item": 2}}\n{{"user": {TOO_LARGE}, "item": 2}}\n'.encode(),
        f"line 2: user is {TOO_LARGE}",
    ),
    (
        "log.jsonl",
        b'{"user": 1, "item": 2, "time": 5}\n{"user": 1, "item": 2, "time": "soon"}\n',
        "line 2: time is 'soon'",
    ),
    ("log.jsonl", b'{"user": 1, "item": 2, "x": ' + b"[" * 10**5, "line 1: .*"),
    ("log.csv", b"user\n1\n2\n", r"no item column found among \['user'\]"),
    ("log.csv", b"1\n2\n", "line 1: 1 field, at least 2 are needed; .*sep.* says what"),
    ("log.csv", b"1::2::3\n", "line 1: 1 field, at least 2 are needed; .*sep.* says"),
    ("log.csv", b"# made by x\nuser,item\n1,2\n", "line 2: 1 field"),
    ("log.csv", b"<html>\n<body>404 </body></html>\n", "line 1: 1 field, at"),
    ("log.csv", b"user,user,item\n1,2,3\n", "'user' at position 0 or 'user' at pos"),
    ("log.csv", b"user,item,time,time\n1,2,3,4\n", "'time' at position 2 or 'time' "),
    ("log.csv", b"user,item,Date,timestamp\n1,2,3,4\n", "'Date' or 'timestamp'; say"),
    ("log.csv", b"user,item,time\n1,2,3\n1,3\n", "line 3: 2 fields, at least 3 are"),
    ("log.csv", b"user,item,time\n1,2,nan\n", "line 2: the time is 'nan'"),
    ("log.csv", b"user,item,time\n1,2,NaT\n", "line 2: the time is 'NaT'"),
    ("log.csv", b"user,item,time\n1,2,10:30\n", "'10:30'.*; .*time.format.* says how"),
    ("log.csv", b"user,item,time\n1,2,1 Jan 2024\n", "'1 Jan 2024'.*; .*time.format"),
    (
        "log.csv",
        b'user,item,time\n1,2,"1,700,000"\n',
        "line 2: the time is '1,700,000'",
    ),
    (
        "log.csv",
        b"user,item,time\n1,2,2024-01-01\n1,3,31.12.2024\n",
        "line 3: the time is '31.12.2024'",
    ),
    (
        "log.csv",
        b"user,item,time\n1,2,03/04/2024\n1,3,05/06/2024\n",
        "line 2: the time is '03/04/2024', and no time in its column .*day.first",
    ),
    (
        "log.csv",
        b"user,item,time\n1,2,13/01/2024\n1,3,01/13/2024\n",
        "line 3: the time is '01/13/2024', which is not a date of the form %d/%m/%Y",
    ),
    ("log.csv", b"user,item,time\n1,2,2024-01-01 10:00 CET\n", "10:00 CET'"),
    ("log.csv", b"user,item\n1," + b"a" * 200_000, "line 2: field larger than field l"),
    ("log.csv", b"us\0er,item\n1,2\n", "no user column found among .'us.x00er'"),
    ("log.csv", "user,item\nJörg,ä\n".encode("cp1252"), "line 2, cannot .*cp1252"),
    ("log.csv", bytes(range(256)), "line 2, cannot be read as UTF-8"),
    (
        "log.xlsx",
        b"PK\x03\x04\x14\0" + b"\0" * 50,
        "not a text file: .* save it as CSV",
    ),
    ("log.csv.zip", b"PK\x03\x04\x14\0", "not a text file: .* save it as CSV"),
    (
        "log.csv",
        gzip.compress(b"user,item\n1,2\n", mtime=0),
        "by gzip; let its name end in .gz",
    ),
    ("log.csv", b"PAR1\0", "it is a Parquet file; let its name end in .parquet"),
    ("log.json", b'[{"user": 1, "item": 2}]', "line 1: it holds no object; every line"),
    (
        "log.json",
        b'[\n{"user": 1, "item": 2}\n]',
        "line 1: Expecting .* hold an object",
    ),
    (
        "log.jsonl",
        b'{"user": 1, "item": 2, "time": "03/04/2024"}\n',
        "line 1: time is '03/04/2024', and no time",
    ),
    ("log.parquet", b"PAR1abc", "cannot be read as Parquet: .*7 bytes"),
    ("log.parquet", b"user,item\n1,2\n", "cannot be read as Parquet"),
    ("log.parquet", b"", "cannot be read as Parquet"),
]


@pytest.mark.parametrize(("name", "content", "message"), ERRORS)
def test_a_bad_file_gives_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((TypeError, ValueError), match=f"{name}.*{message}") as caught:
        read_interactions(path)
    assert "\n" not in str(caught.value)
    assert not type(caught.value).__module__.startswith("pyarrow")


@pytest.mark.parametrize(("name", "content", "message"), ERRORS)
def test_the_command_line_says_it_in_one_line(tmp_path, capsys, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["describe", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(f"skdiffuasr: error: .*{name}.*{message}.*\n", captured.err)


#: What options bring: arguments of `read_interactions`, and of the command line.
CHOICES = [
    ({"time": "when"}, "no column 'when'; the columns are ['user', 'item', 'x', 'x']"),
    ({"time": 7}, "line 2: 4 fields, at least 8 are needed"),
    ({"time": "x"}, "'x' at position 2 or 'x' at position 3; give its position"),
    ({"user": 1, "item": 1}, "the user and the item column are the same"),
    ({"sep": ";"}, "line 1: 1 field, at least 2 are needed"),
    ({"encoding": "klingon"}, "unknown encoding: klingon"),
    ({"time": 2, "time_format": "%Q"}, "cannot be used: 'Q' is a bad directive"),
    ({"time": 2, "time_format": "%Y"}, "line 2: the time is '3', which is not a date"),
]


@pytest.mark.parametrize(("given", "message"), CHOICES)
def test_a_choice_that_does_not_fit_gives_one_line(tmp_path, capsys, given, message):
    path = tmp_path / "log.csv"
    path.write_text("user,item,x,x\n1,2,3,4\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_interactions(path, **given)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    assert main(["describe", str(path), *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize("name", ["folder.csv", "absent.csv", "folder.parquet"])
def test_what_is_not_a_file_is_named_in_one_line(tmp_path, capsys, name):
    path = tmp_path / name
    if "folder" in name:
        path.mkdir()
    assert main(["describe", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("skdiffuasr: error: ")
    assert name in line


LOGS = [
    ("log.csv", b"sep=;\r\nuser;item\r\n1;2\r\n", [1], [2]),
    ("log.csv", b'"sep=\t"\n1\t2\n', [1], [2]),
    ("log.csv", b"user|item|time\n1|2|3\n", [1], [2]),
    ("log.csv", b"1|2|3\n", [1], [2]),
    ("log.tsv", b"user,item\n1,2\n", [1], [2]),
    ("log.csv", b'"user","item"\n"a b","2"\n', ["a b"], [2]),
    ("log.csv", b'\xef\xbb\xbf"user";"item"\n1;2\n', [1], [2]),
    ("log.csv", b"\n\nuser , item , time\n 1 , 2 , 3\n", [1], [2]),
    ("log.csv", b"user,item,x,x\n1,2,3,4\n", [1], [2]),
    ("log.csv", b",user,item\n0,1,2\n", [1], [2]),
    ("log.csv", b"user,item,\n1,2,\n", [1], [2]),
    ("log.csv", "user,item\n1,2\n".encode("utf-16-le"), [1], [2]),
    ("log.csv", "user,item\n1,2\n".encode("utf-16-be"), [1], [2]),
    ("log.csv", "user,item\n1,2\n".encode("utf-32"), [1], [2]),
    ("log.csv", b"user,item\n001,1\n1,1\n", ["001", "1"], [1, 1]),
    ("log.csv", b"user,item\n-1,1\n1,1\n", [-1, 1], [1, 1]),
    ("log.csv", b"user,item\n+1,1\n1,1\n", ["+1", "1"], [1, 1]),
    ("log.csv", b"user,item\n1,7\n2,7\n3,7\n", [1, 2, 3], [7, 7, 7]),
    ("log.csv", "user,item\n1,a\xa0\n".encode(), [1], ["a"]),
    ("log.csv", b'user,item,note\r\n1,2,"a\r\nb"\r\n3,4,x\r\n', [1, 3], [2, 4]),
    ("log.csv.gz", gzip.compress(b"user,item\n1,2", mtime=0), [1], [2]),
    ("log.csv", "user,item\n1,2\n".encode("utf-16"), [1], [2]),
    ("log.csv", "Customer;SKU;Price\nÄ;ö;1,5\n".encode("utf-16"), ["Ä"], ["ö"]),
    ("log.csv", b"user\titem\n1\t2\n", [1], [2]),
    ("log.csv", b"user,item\n" + b"1,3\n" * 10_000, [1] * 10_000, [3] * 10_000),
    ("log.csv", b"customer_id;product_id;price\r\n7;8;1,5\r\n", [7], [8]),
    ("log.csv", b"anna,bread\nben,milk\n", ["anna", "ben"], ["bread", "milk"]),
    ("log.csv", b"\xef\xbb\xbfuser,item\n1,2\n", [1], [2]),
    ("log.csv", b"user,item\r1,2\r3,4", [1, 3], [2, 4]),
    ("log.csv", b"user,item\r\n1,2\n3,4\r\n\n\r\n5,6\r", [1, 3, 5], [2, 4, 6]),
    ("log.csv", b"user,item\n7,2\n", [7], [2]),
    ("log.csv", b'user,item\n"7","2"\n8,3\n', [7, 8], [2, 3]),
    ("log.csv", b"user,item\nNA,null\nnan,None\n", ["NA", "nan"], ["null", "None"]),
    ("log.csv", b"user,item\n1,001\n2,2\n", [1, 2], ["001", "2"]),
    ("log.csv", b"user,item\n1,0x1F\n2,2\n", [1, 2], ["0x1F", "2"]),
    ("log.csv", b"user,item\n1,1.0\n2,1e3\n", [1, 2], ["1.0", "1e3"]),
    ("log.csv", b"user,item\n1,true\n", [1], ["true"]),
    ("log.csv", b"user,item\n1,2014-01-01\n", [1], ["2014-01-01"]),
    ("log.csv", f"user,item\n1,{TOO_LARGE}\n".encode(), [1], [TOO_LARGE]),
    ("log.csv", b"user,item\n1,a\0b\n", [1], ["a\0b"]),
    ("log.csv", b'user,item\n1,"a, ""b"""\n', [1], ['a, "b"']),
    ("log.csv", b'user,item\n1, "a, b"\n', [1], ["a, b"]),
    ("log.tsv", b'user\titem\n1\t5" disc\n', [1], ['5" disc']),
    ("log.csv", b'user,item,note\n1,2,"\n\n"\n3,4,\n', [1, 3], [2, 4]),
    ("log.txt", b" 1   2\n\t3\t 4 \n", [1, 3], [2, 4]),
    (
        "log.jsonl",
        b'{"user": 1, "item": "007"}\n\n{"item": "x", "user": 2, "a": [1]}',
        [1, 2],
        ["007", "x"],
    ),
    (
        "log.jsonl",
        b'\xef\xbb\xbf{"userId": "2014-01-01", "itemId": -5}\r\n',
        ["2014-01-01"],
        [-5],
    ),
    ("log.json", b'{"user": 1, "item": 2, "item": 3}\n', [1], [3]),
    ("log.jsonl", b'{"user": "\\u00e9", "item": "\\ud800"}\n', ["é"], ["\ud800"]),
]


@pytest.mark.parametrize(("name", "content", "users", "items"), LOGS)
def test_an_odd_file_is_read_as_it_is_meant(
    tmp_path, capsys, name, content, users, items
):
    path = tmp_path / name
    path.write_bytes(content)
    log = read_interactions(path)
    assert (log.user.tolist(), log.item.tolist()) == (users, items)
    assert main(["describe", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert re.search(rf"^users +{len(set(users))}$", captured.out, re.MULTILINE)


TIMES = [
    ("2024-01-31", "2024-01-31"),
    ("2024-01-31T10:00Z", "2024-01-31T10:00"),
    ("2024-01-31 10:00:00 UTC", "2024-01-31T10:00"),
    ("2024-01-31 10:00:00 +02:00", "2024-01-31T08:00"),
    ("2024/01/31", "2024-01-31"),
    ("2024/01/31 10:00:01", "2024-01-31T10:00:01"),
    ("31.1.24", "2024-01-31"),
    ("31/01/2024 10:00", "2024-01-31T10:00"),
    ("01/31/2024 10:00 PM", "2024-01-31T22:00"),
    ("31-01-2024", "2024-01-31"),
    ("-5", -5),
    ("1700000000000", 1_700_000_000_000),
    ("20240131", 20_240_131),
    ('"1,5"', 1.5),
    ("1.7e9", 1.7e9),
]


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_times_of_many_forms_are_read(tmp_path, capsys, text, expected):
    path = tmp_path / "log.csv"
    path.write_text(f"user;item;time\n1;2;{text}\n")
    (found,) = read_interactions(path).time
    is_date = isinstance(expected, str)
    assert found == (np.datetime64(expected) if is_date else expected)
    assert main(["describe", str(path)]) == 0
    assert capsys.readouterr().err == ""


def test_a_format_is_applied_to_numbers_and_in_json_too(tmp_path):
    given = {"time_format": "%Y%m%d"}
    expected = np.datetime64("2024-01-31")
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    columns = {"user": [1], "item": [2], "time": [20_240_131]}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    write_lines(tmp_path / "log.jsonl", [{key: v[0] for key, v in columns.items()}])
    # Which pyarrow does not read.
    odd = '{"user": 1, "item": 2, "time": "20240131", "x": 1e400}'
    (tmp_path / "odd.jsonl").write_text(odd)
    for name in ("log.parquet", "log.jsonl", "odd.jsonl"):
        assert read_interactions(tmp_path / name, **given).time[0] == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1, 2], np.array([1, 2])),
        ([1, 2.5], np.array([1, 2.5])),
        ([2.5, 1], np.array([2.5, 1])),
        (["2014-01-01", "2014-01-02 03:04:05"], ["2014-01-01", "2014-01-02T03:04:05"]),
        (["2014", "2014-05"], ["2014-01-01", "2014-05-01"]),
    ],
)
def test_times_of_json_lines(tmp_path, times, expected):
    path = tmp_path / "log.jsonl"
    records = ({"user": 1, "item": 2, "time": time} for time in times)
    path.write_text("\n".join(map(json.dumps, records)))
    found = read_interactions(path).time
    if isinstance(expected, list):
        expected = np.array(expected, "M8")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_pseudo_items_of_json_lines(tmp_path):
    path = tmp_path / "log.jsonl"
    lines = '{"user": 1, "item": 2, "is_pseudo": %s}\n'
    path.write_text(lines % "true" + lines % "false")
    assert read_interactions(path).is_pseudo.tolist() == [True, False]
    path.write_text(lines % 1 + lines % "false")
    assert read_interactions(path).is_pseudo.tolist() == [True, False]


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_the_whole_file_decides_about_times_of_json_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 1)
    records = [{"user": 1, "item": 2, "time": time} for time in (1, 2.5, 3)]
    path = write_lines(tmp_path / "log.jsonl", records)
    found = read_interactions(path).time
    assert (found.dtype, found.tolist()) == (np.float64, [1.0, 2.5, 3.0])
    write_lines(path, [*records, {**records[0], "time": 2**53 + 1}])
    with pytest.raises(ValueError, match=f"line 4: time is {2**53 + 1}"):
        read_interactions(path)


def test_ids_of_json_lines_are_of_one_type_through_all_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 1)
    records = [{"user": 1, "item": item} for item in (5, 6, "7")]
    path = write_lines(tmp_path / "log.jsonl", records)
    with pytest.raises(TypeError, match=r"line 3: item is '7'.*before it are integer"):
        read_interactions(path)
    write_lines(path, reversed(records))
    with pytest.raises(TypeError, match=r"line 2: item is 6.*before it are strings"):
        read_interactions(path)
