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
    ("log.csv.gz", gzip.compress(b"user,item\n1,2\n" * 99)[:40], "cannot be read: "),
    ("log.csv.gz", b"user,item\n1,2\n", "cannot be read: Not a gzipped file"),
    ("log.csv", b"user,item;x\n1,2;3\n", "commas and semicolons"),
    ("log.csv", b'user,item\n1,"a\n2,b\n', "line 2: unexpected end of data"),
    ("log.csv", b'user,item\n1,"a" b\n', "line 2: ',' expected after"),
    ("log.csv", b'user,item\n1,"a\nb"\n', "line 2: the item id 'a.nb' has a line br"),
    ("log.csv", b"user,item\n1,2\n3\n", "line 3: 1 fields, at least 2 are needed"),
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
    ("log.inter", b"user_id:token\titem_id:token\n1\n", "line 2: 1 fields"),
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


LOGS = [
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
def test_an_odd_file_is_read_as_it_is_meant(tmp_path, name, content, users, items):
    path = tmp_path / name
    path.write_bytes(content)
    log = read_interactions(path)
    assert (log.user.tolist(), log.item.tolist()) == (users, items)


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
