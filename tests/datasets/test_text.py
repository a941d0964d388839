"""What pyarrow reads is what csv reads, wherever a block of the file ends."""

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import (
    Interactions,
    blocks,
    iter_interactions,
    read_interactions,
    text,
)

pytest.importorskip("pyarrow")

quick = settings(deadline=None, max_examples=300)


def outcome(function):
    """The columns and their dtypes, or the message of the error."""
    try:
        log = function()
    except ValueError as error:
        return str(error)
    return [(log[name].dtype.str, log[name].tolist()) for name in log.columns]


fields = st.one_of(
    st.integers(0, 30).map(str),
    st.sampled_from(
        ["007", "a", " b", "é ", "", "NA", "null", "#", "\\", "a\0b", "-3", "1 2"],
    ),
    st.sampled_from(
        ['"q"', '"x, y"', '"d""q"', '5" disc', '"', '"a\nb"', "\xa0", "\u3000u", '" "']
    ),
)
ends = st.sampled_from(
    ["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n  \n", ",\n", ",z\n"]
)
rows = st.tuples(st.lists(fields, min_size=2, max_size=3), ends)


@st.composite
def files(draw):
    sep = draw(st.sampled_from([",", ";", "\t", " ", "  ", "::", "§", ", "]))
    body = draw(st.lists(rows, min_size=1, max_size=12))
    head = draw(st.sampled_from(["", "user,item\n", "\n\ufeffuser;item\n"]))
    return head + "".join(sep.join(fields) + end for fields, end in body), sep


@quick
@given(files(), st.integers(1, 60), st.booleans(), st.sampled_from([None, False, True]))
@example(('u,"a\nb"\n' * 9, ","), 4, True, False)
@example(("1 2\n1 3\n" * 9, " "), 9, False, False)
@example(("0  0\n0  0\n  \n", "  "), 1, True, None)
def test_arrow_reads_what_csv_does(tmp_path_factory, file, size, is_sep_given, header):
    content, sep = file
    path = tmp_path_factory.getbasetemp() / "random.csv"
    path.write_bytes(content.encode())
    options = {"sep": sep if is_sep_given and len(sep) else None, "header": header}

    def read():
        return read_interactions(path, user=0, item=1, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_parse_plain", lambda *arguments: None)
        expected = outcome(read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_SIZE", size)
        patch.setattr(text, "BLOCK_SIZE", size)
        found = outcome(read)
    if isinstance(found, str) and isinstance(expected, str):
        # Of several faults of a file either may be named first.
        assert found.startswith(f"{path}")
    else:
        assert found == expected


ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1
).filter(lambda id: id == id.strip() != "" and id[-1] != "\0")


@quick
@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=9), st.integers(1, 99))
def test_ids_of_any_text_come_back(tmp_path_factory, pairs, size):
    path = tmp_path_factory.getbasetemp() / "ids.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["user", "item", "time"], *((*p, 5) for p in pairs)]
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_SIZE", size)
        log = read_interactions(path)
    assert list(zip(log.user.astype(str), log.item.astype(str), strict=True)) == pairs


@pytest.mark.parametrize(
    ("first", "last", "dtype"),
    [
        ("7", "x", "U"),
        ("x", "7", "U"),
        ("7", "007", "U"),
        ("7", " 8", "i"),
        ("7", str(2**63), "U"),
    ],
)
def test_the_whole_column_decides_about_integers(
    tmp_path, monkeypatch, first, last, dtype
):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 1)
    path = tmp_path / "log.csv"
    path.write_text(f"user,item\n{first},1\n{last},2\n")
    log = read_interactions(path)
    assert log.user.dtype.kind == dtype
    assert log.user.astype(str).tolist() == [first, last.strip()]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["1", "2.5"], [1.0, 2.5]),
        (["2.0", "1"], [2.0, 1.0]),
        (["2014", "2014-02-01"], np.array(["2014-01-01", "2014-02-01"], "M8[us]")),
        (["2014-02-01T10:00+01:00", "2014-02-01"], ["2014-02-01T09", "2014-02-01"]),
        (["007", "1"], [7, 1]),
        (["1", "2014-01-01"], "line 3: the time is '2014-01-01'"),
        (["1.5", str(2**53 + 1)], f"line 3: the time is '{2**53 + 1}'"),
    ],
)
def test_the_whole_column_decides_about_times(tmp_path, monkeypatch, times, expected):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 1)
    path = tmp_path / "log.csv"
    path.write_text("user,item,time\n" + "".join(f"1,2,{time}\n" for time in times))
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            read_interactions(path)
    else:
        found = read_interactions(path).time
        expected = np.array(expected, found.dtype)
        np.testing.assert_array_equal(found, expected)


def test_a_log_of_many_blocks_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 100)
    users, items = np.repeat(np.arange(300), 3), np.arange(900) % 7
    path = tmp_path / "log.csv"
    np.savetxt(path, np.column_stack((users, items)), "%d", ",", header="user,item")
    path.write_text(path.read_text().removeprefix("# "))
    parts = list(iter_interactions(path, max_interactions=50))
    assert max(map(len, parts)) < 110
    np.testing.assert_array_equal(np.concatenate([p.item for p in parts]), items)
    assert read_interactions(path) == Interactions(users, items)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("1,,5,x", "the item id is empty"),
        ("1,2,x,x", "the time is 'x'"),
        ("1,2", "2 fields, at least 3 are needed"),
        ("1,2,3,4,5", "5 fields, but the first line has 4"),
        ('1,"2"3,4,x', "',' expected after '\"'"),
        ("1," + "9" * 140_000 + ",3,x", "field larger than field limit|too many"),
    ],
)
@pytest.mark.parametrize("size", [50, 2**19])
def test_lines_are_named_far_into_a_file(tmp_path, monkeypatch, bad, message, size):
    monkeypatch.setattr(blocks, "BLOCK_SIZE", size)
    lines = ["user,item,time,note", *["1,2,3,x"] * 500, "", '1,2,3,"two\nlines"']
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*lines, bad, "1,2,3,x"]))
    with pytest.raises(ValueError, match=f"log.csv, line 505: .*({message})"):
        read_interactions(path)


def test_a_quote_within_quotes_swallows_no_rows(tmp_path):
    """Not even in a column that is not needed, where nobody would notice."""
    path = tmp_path / "log.csv"
    path.write_text('user,item,note\n1,2,"a\n1,3,b\n1,4,"c\n')
    with pytest.raises(ValueError, match="line 2: ',' expected after"):
        read_interactions(path)


def test_a_file_object_of_python_is_the_oracle_of_lines(tmp_path):
    content = "a\r\nb\rc\n\n\x0bd\u2028e\x85f\ng"
    path = tmp_path / "lines.txt"
    path.write_bytes(content.encode())
    with pytest.MonkeyPatch.context() as patch:
        for size in range(1, 9):
            patch.setattr(blocks, "BLOCK_SIZE", size)
            found = list(blocks.lines_of(blocks.read_blocks(path)))
            assert found == list(io.StringIO(content, newline=""))
