import bz2
import gzip
import lzma
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.datasets import Interactions, read_interactions, write_interactions

pytest.importorskip("pyarrow")


@pytest.fixture
def write(tmp_path):
    def write(text, name="log.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


EXPECTED = Interactions(user=[1, 1, 2], item=[10, 20, 10], time=[5, 6, 7])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv", "user,item,time\n1,10,5\n1,20,6\n2,10,7\n"),
        ("log.csv", "userId,rating,itemId,timestamp\n1,4,10,5\n1,3,20,6\n2,5,10,7"),
        ("log.csv", '"user_id";"item_id";"time"\n"1";"10";5\n1;20;6\n2;10;7\n'),
        ("log.csv", "USER, ITEM, TIME\n1, 10, 5\n1, 20, 6\n2, 10, 7\n"),
        ("log.tsv", "time\titem\tuser\n5\t10\t1\n6\t20\t1\n7\t10\t2\n"),
        (
            "log.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
            "1\t10\t3.5\t5\n1\t20\t1\t6\n2\t10\t2\t7\n",
        ),
        ("log.txt", "user item time\n1 10 5\n1   20 6\n 2 10 7\n"),
        ("log.csv", "\ufeffuser,item,time\r\n\r\n1,10,5\r\n1,20,6\r\n   \r\n2,10,7"),
    ],
    ids=[
        "csv",
        "camel case",
        "semicolons and quotes",
        "capitals and blanks",
        "tsv",
        "recbole",
        "whitespace",
        "windows",
    ],
)
def test_usual_files_are_read_without_arguments(write, name, text):
    assert read_interactions(write(text, name)) == EXPECTED


@pytest.mark.parametrize(
    "text", ["1 10\n1 20\n2 10\n", "1,10\n1,20\n2,10", "1\t10\n1\t20\n2\t10"]
)
def test_files_without_header_start_with_user_and_item(write, text):
    expected = Interactions(user=[1, 1, 2], item=[10, 20, 10])

    assert read_interactions(write(text)) == expected


def test_time_is_not_guessed_without_header(write):
    path = write("1 10 5\n1 20 6\n2 10 7\n")

    assert read_interactions(path).time is None
    assert read_interactions(path, time=2) == EXPECTED


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
)
def test_compressed_files_are_read(tmp_path, suffix, compress):
    path = tmp_path / f"log.txt{suffix}"
    path.write_bytes(compress(b"1 10\n1 20\n2 10\n"))

    assert len(read_interactions(path)) == 3


@pytest.mark.parametrize(
    "columns",
    [
        {"user": "buyer", "item": "article", "time": "when"},
        {"user": 1, "item": 2, "time": 0, "header": True},
    ],
)
def test_columns_are_given_by_name_or_position(write, columns):
    path = write("when,buyer,article\n5,1,10\n6,1,20\n7,2,10\n")

    assert read_interactions(path, **columns) == EXPECTED


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_column_can_be_two(tmp_path, ending):
    path = tmp_path / f"log{ending}"
    write_interactions(Interactions([1, 1], [7, 8]), tmp_path / "log.csv")
    write_interactions(Interactions([1, 1], [7, 8]), tmp_path / "log.parquet")
    (tmp_path / "log.jsonl").write_text(
        '{"user": 1, "item": 7}\n{"user": 1, "item": 8}\n'
    )
    assert read_interactions(path, time="item").time.tolist() == [7, 8]


def test_recbole_columns_are_named_without_their_type(write):
    path = write("uid:token\tiid:token\n1\t2\n", "log.inter")

    assert len(read_interactions(path, user="uid", item="iid")) == 1


@pytest.mark.parametrize("names", ["user,item", "buyer,article"])
def test_a_header_can_be_denied(write, names):
    log = read_interactions(write(f"{names}\n1,10\n"), header=False)

    assert log.user.tolist() == [names.split(",")[0], "1"]


@pytest.mark.parametrize(
    "text", ["u i\nv j\n", "u i\n1 2\nv j\n", "u 1\n2 3\n", "1 i\n2 3\n", "u i\n"]
)
def test_a_first_interaction_is_not_taken_for_names(write, text):
    assert len(read_interactions(write(text))) == text.count("\n")


@pytest.mark.parametrize("name", ["time", "Timestamp", "date", "datetime"])
def test_times_are_found_by_their_usual_names(write, name):
    log = read_interactions(write(f"user_id,item_id,{name}\n1,10,5\n"))

    assert log.time.tolist() == [5]


def test_a_long_separator_splits(write):
    log = read_interactions(
        write("1::10::4::5\n1::20::4::6\n2::10::4::7\n"), sep="::", time=3
    )

    assert log == EXPECTED


def test_a_path_can_be_a_string(write):
    assert len(read_interactions(str(write("1 2\n")))) == 1


@pytest.mark.parametrize("odd", ["007", "+7", "-0", "7.0", "7_0", "seven", "1" * 20])
def test_ids_that_are_no_canonical_integers_stay_strings(write, odd):
    log = read_interactions(write(f"{odd} 1\n8 2\n"))

    assert log.user.tolist() == [odd, "8"]
    assert log.item.dtype == np.int64


def test_blanks_around_ids_are_dropped(write):
    assert read_interactions(write("user,item\n a , b \n")).user.tolist() == ["a"]


@given(ids=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_integer_ids_come_back(tmp_path_factory, ids):
    path = tmp_path_factory.getbasetemp() / "integers.csv"
    path.write_text("".join(f"{value},{value}\n" for value in ids))
    log = read_interactions(path)

    assert log.user.dtype == np.int64
    assert log.item.tolist() == ids


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["3", "-1"], np.array([3, -1], dtype=np.int64)),
        (["3", "1.5"], np.array([3.0, 1.5])),
        (["1e9", "2e9"], np.array([1e9, 2e9])),
        (
            ["2020-01-01", "2020-01-02T03:04:05.5"],
            np.array(["2020-01-01", "2020-01-02T03:04:05.5"], dtype="datetime64[ms]"),
        ),
        (
            ["2020-01-01 12:00:00Z", "2020-01-01 12:00:00+02:00"],
            np.array(["2020-01-01T12", "2020-01-01T10"], dtype="datetime64[s]"),
        ),
    ],
    ids=["integers", "floats", "exponents", "dates", "offsets"],
)
def test_times_are_parsed(write, times, expected):
    path = write("user,item,time\n" + "".join(f"1,2,{time}\n" for time in times))
    log = read_interactions(path)

    assert log.time.dtype == expected.dtype
    np.testing.assert_array_equal(log.time, expected)


@pytest.mark.parametrize(
    ("times", "line", "value"),
    [
        (["5", "later"], 3, "later"),
        (["5", "2020-01-01"], 3, "2020-01-01"),
        (["2020-01-01", "5"], 3, "5"),
        (["2020-01-01", "2020-13-01"], 3, "2020-13-01"),
        (["nan", "5"], 2, "nan"),
        (["5", "inf"], 3, "inf"),
        (["5", ""], 3, ""),
    ],
)
def test_a_time_that_cannot_be_read_is_named(write, times, line, value):
    path = write("user,item,time\n" + "".join(f"1,2,{time}\n" for time in times))

    with pytest.raises(
        ValueError, match=f"log.txt, line {line}: the time is '{value}'"
    ):
        read_interactions(path)


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", {}, "log.txt: the file is empty"),
        ("\n \n", {}, "log.txt: the file is empty"),
        ("user,item\n", {}, "log.txt: the file holds no interactions"),
        ("1,2\n\n1\n", {}, "log.txt, line 3: 1 field, at least 2"),
        ("1 2\n1 3\n", {"time": 2}, "log.txt, line 1: 2 fields, at least 3"),
        ("user,item\n1,2\n1,\n", {}, "log.txt, line 3: the item id is empty"),
        ("user,item\n ,2\n", {}, "log.txt, line 2: the user id is empty"),
        (
            "1,a\n1,a\0\n",
            {},
            r"log.txt, line 2: the item id is 'a\\x00' \(str\): NumPy",
        ),
        ("user,item\n1,2\n", {"user": "u"}, r"no column 'u'; the columns are \['user'"),
        (
            "user,thing\n1,2\n",
            {},
            r"no item column found among \['user', 'thing'\].*: item=",
        ),
        ("1,2\n", {"user": "u", "header": False}, "'u' cannot be found without a"),
        ("1,2\n", {"user": -1}, "user=-1: positions count from 0"),
        ("a,b\n1,2\n", {"header": True}, "no user column found"),
        ("a,b\n1,2\n", {}, r"line 1: \['a', 'b'\] looks like names of columns"),
        ("a,b,c\nu,i,2020-01-31T10\n", {}, "line 1: .* looks like names of columns"),
        ("\na b c\nu i 1.5e9\nv j 2e9\n", {}, "line 2: .* looks like names"),
        ("a,b\n1,2\n", {"user": 0}, "say which by user= and item="),
        (
            "a,b\n1,2\n",
            {"user": 0, "item": 1},
            "=True; or pass header=False",
        ),
        ("user,item,is_pseudo\n1,2,0\n1,3,2\n", {}, "line 3: is_pseudo is '2'"),
        ("user,item,is_pseudo\n1,2,\n", {}, "line 2: is_pseudo is ''"),
    ],
)
def test_errors_name_file_and_line(write, text, arguments, message):
    with pytest.raises(ValueError, match=message):
        read_interactions(write(text), **arguments)


def test_lines_are_counted_through_quoted_line_breaks(write):
    path = write('user,item,note\n1,2,"two\nlines"\n1,,x\n')

    with pytest.raises(ValueError, match="line 4: the item id is empty"):
        read_interactions(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('1,"a\n2,b\n3,c\n', "line 2: unexpected end of data"),
        ('1,"a\n2,b"\n3,c\n', "line 2: the item id 'a.n2,b' has a line break"),
        ('0,x\n"1\r2",a\n', "line 3: the user id '1.r2' has a line break"),
        ('1,"a\n2,"b\n3,c\n', "line 2: ',' expected after"),
    ],
)
def test_an_unbalanced_quote_swallows_no_rows(write, rows, message):
    with pytest.raises(ValueError, match=f"log.txt, {message}"):
        read_interactions(write(f"user,item\n{rows}"))


def test_malformed_quoting_names_the_line(write):
    path = write("user,item\n1,2\n1," + "9" * 200_000 + "\n")

    with pytest.raises(ValueError, match="line 3: field larger"):
        read_interactions(path)


@pytest.mark.parametrize("name", ["is_pseudo", "IsPseudo", "ISPSEUDO"])
@pytest.mark.parametrize("marks", [("1", "0"), ("True", "False"), ("true", " false")])
def test_pseudo_items_are_marked(write, name, marks):
    log = read_interactions(
        write(f"user,{name},item\n1,{marks[0]},5\n1,{marks[1]},6\n")
    )

    assert log == Interactions([1, 1], [5, 6], is_pseudo=[True, False])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("user,timestamp,item\nu1,1,Hello, World\nu1,2,Hello\n", 2),
        ("u1,a\n\nu1,b\nu1,c,d\n", 4),
        ("u1 a\nu1 b c\n", 2),
        ("user::item\nu1::a\nu1::b::c\n", 3),
    ],
)
def test_rows_with_too_many_fields_are_refused(write, text, line):
    """What stands behind a separator would be lost without a word."""
    with pytest.raises(ValueError, match=f"log.txt, line {line}: . fields, but the fi"):
        read_interactions(write(text), sep="::" if "::" in text else None)


@pytest.mark.parametrize(
    "text",
    [
        "user,item\n1,10,\n1,20\n2,10, ,\n",
        "user\titem\n1\t10\t\n1\t20\n2\t10\t\t\n",
        "1 10 5\n1 20 6\n2 10 7\n",
        "1,10,5,8\n1,20,6,8\n2,10\n",
    ],
)
def test_rows_may_end_with_empty_fields_or_have_more_everywhere(write, text):
    log = read_interactions(write(text))

    assert log == Interactions(user=[1, 1, 2], item=[10, 20, 10])


@pytest.mark.parametrize(
    "text",
    [
        "user;item;price\n1;10;3,5\n1;20;4\n2;10;5,5\n",
        'user,item,"a;b"\n1,10,x\n1,20,y;z\n2,10,z\n',
        "1;10;3,5\n1;20;4,5\n2;10;5\n",
        '1,10,";\n;"\n1,20,x\n2,10,y\n',
    ],
)
def test_the_separator_is_the_one_that_splits_evenly(write, text):
    expected = Interactions(user=[1, 1, 2], item=[10, 20, 10])

    assert read_interactions(write(text)) == expected


@pytest.mark.parametrize("text", ["1;10;3,5\n1;11;4,5\n", "a,b;c\nd,e\nf;g\nh\n"])
def test_a_separator_that_cannot_be_told_is_asked_for(write, text):
    with pytest.raises(ValueError, match="the first line has commas and semi"):
        read_interactions(write(text))
    if text[0] == "1":
        assert read_interactions(write(text), sep=";").item.tolist() == [10, 11]


def test_a_tab_goes_before_commas_and_semicolons(write):
    log = read_interactions(write("user\titem\ttags\n1\t10\ta;b,c\n"))

    assert log.item.tolist() == [10]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.csv", "user,item\nu,i\n\nu,café\n".encode("latin-1"), ", line 4, cannot"),
        ("log.csv", b"user,item\nu,\xe9\n", ", line 2, cannot be read as"),
        ("log.csv.gz", b"user,item\nu,i\n", " cannot be read: Not a gzipped file"),
        ("log.csv.bz2", b"user,item\nu,i\n", " cannot be read: Invalid data stream"),
        ("log.csv.xz", b"user,item\nu,i\n", " cannot be read: Input format"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}{message}"):
        read_interactions(path)


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("log.csv.gz", gzip.compress),
        ("log.csv.bz2", bz2.compress),
        ("log.csv.xz", lzma.compress),
    ],
)
def test_files_that_are_cut_short_are_named(tmp_path, name, compress):
    rows = "".join(f"u{row},i{row * 7919 % 1000}\n" for row in range(1000))
    path = tmp_path / name
    path.write_bytes(compress(f"user,item\n{rows}".encode())[:-200])
    with pytest.raises(ValueError, match=f"{name} cannot be read: Compressed file"):
        read_interactions(path)


def test_nanoseconds_are_kept(write):
    rows = "u,a,2014-07-01T00:00:00.123456000\nu,b,2014-07-01T00:00:00.000000001\n"
    log = read_interactions(write(f"user,item,time\n{rows}"))
    expected = ["2014-07-01T00:00:00.123456000", "2014-07-01T00:00:00.000000001"]
    assert log.time.dtype == "M8[ns]"
    assert np.datetime_as_string(log.time).tolist() == expected
    assert log.to_sequences().to_lists() == [["b", "a"]]


def test_digits_below_nanoseconds_are_refused(write):
    rows = "u,a,2014-07-01T00:00:00\nu,b,2014-07-01T00:00:00.0000000001\n"
    with pytest.raises(ValueError, match=r"line 3: the time is .*to the nanosecond"):
        read_interactions(write(f"user,item,time\n{rows}"))


@pytest.mark.parametrize("name", ["log.csv", "log.txt.gz", "log.jsonl", "log.parquet"])
def test_a_missing_pyarrow_is_named_with_its_extra(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / name
    path.write_bytes(b"1,2\n")
    with pytest.raises(
        ImportError, match=r'pyarrow: pip install "skdiffuasr\[frames\]"'
    ):
        read_interactions(path)
