"""Texts in an Arrow column to ids and times: what Python makes of them."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skdiffuasr.sequences.times import as_times

pa = pytest.importorskip("pyarrow")

from skdiffuasr.datasets.texts import (  # noqa: E402
    MAX_LENGTH,
    as_integers,
    text_ids,
    text_times,
)

quick = settings(deadline=None, max_examples=300)


def where(row):
    return f"row {row}"


def is_canonical(text):
    try:
        return str(int(text)) == text and -(2**63) <= int(text) < 2**63
    except ValueError:
        return False


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=90
)
short = st.text("B09-z~ \x7f", min_size=1, max_size=9)


@quick
@given(
    st.lists(texts, min_size=1) | st.lists(short, min_size=1),
    st.integers(0, 3),
    st.booleans(),
)
def test_ids_are_the_texts(texts, n_before, is_typed):
    """Of any length and alphabet, and in the middle of a longer column."""
    column = pa.array(["long before"] * n_before + texts + ["x"])
    part = column[n_before : n_before + len(texts)]
    expected = texts if is_typed else [text.strip() for text in texts]
    if not is_typed and "" in expected:
        with pytest.raises(ValueError, match=f"^row {expected.index('')} is empty"):
            text_ids(part, where, is_typed, not is_typed)
        return
    found = text_ids(part, where, is_typed, may_be_integers=not is_typed)
    if not is_typed and all(map(is_canonical, expected)):
        expected = list(map(int, expected))
    assert found.dtype.kind == ("i" if isinstance(expected[0], int) else "U")
    assert found.tolist() == expected


def test_integers_stay_texts_where_they_are_not_wanted():
    for is_typed in (True, False):
        ids = text_ids(pa.array(["7", "8"]), where, is_typed, may_be_integers=False)
        assert ids.tolist() == ["7", "8"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "row 1 is empty"),
        ("a\rb", r"row 1 'a\\rb' has a line break in it"),
        ("x" * (MAX_LENGTH + 1), "row 1 'xxx.*has too many"),
        ("a\0", "row 1 is .*NUL"),
    ],
)
def test_what_no_id_is_meant_to_be(text, message):
    with pytest.raises(ValueError, match=message):
        text_ids(pa.array(["a", text]), where, is_typed=False, may_be_integers=True)


def outcome(function):
    """The times and their dtype, or the message of the error."""
    try:
        times = function()
    except ValueError as error:
        return str(error)
    return times.dtype.str, times.tolist()


integers = st.integers(-(2**64), 2**64).map(str) | st.sampled_from(
    ["007", "+7", "-0", "0x1F", "1_000", "", "٣", "9" * 19, str(2**63), str(2**53 + 1)]
)
numbers = st.floats().map(repr) | st.sampled_from(
    ["1.", ".5", "1e9", "+1.5", "inf", "nan", "-nan(1)", "Infinity", "1e400", "0x1p3"]
)
moments = st.datetimes(timezones=st.none() | st.timezones())
dates = st.one_of(
    moments.map(lambda moment: moment.isoformat(sep="T")),
    moments.map(str),
    moments.map(lambda moment: moment.isoformat(" ", timespec="minutes")),
    st.dates().map(str),
    st.sampled_from(
        "2020 2020-01 20200101 2020-W05-1 0000-01-01 2020-01-01T24:00 2020-01-01T10Z "
        "2020-01-01T10:00:60 2020-02-30 2020-01-01T10:00:00.123456789 "
        "2020-01-01T10:00:00,5 2020-01-01T10:00:00+0130 9999-12-31T23:00-05:00".split()
    ),
)
blanks = st.text(" \t\v\x1c\x85\xa0\u2003\u200b\ufeff\0", max_size=1)
padded = st.builds("{0}{1}{2}".format, blanks, integers | numbers | dates, blanks)


@pytest.mark.filterwarnings("ignore:.*with a time zone:UserWarning")
@quick
@given(
    st.one_of(
        *(
            st.lists(texts, min_size=1, max_size=20)
            for texts in (integers, numbers, integers | numbers, dates, padded)
        )
    ),
    st.sampled_from([None, "i", "f", "M"]),
    st.integers(1, 20),
)
@example(texts=["0\x1c"], kind=None, n_first=1)
def test_arrow_gives_what_python_does(texts, kind, n_first):
    expected = outcome(lambda: as_times(texts, where, "the times", kind))
    column = pa.chunked_array([texts[:n_first], texts[n_first:]], "string")
    found = outcome(lambda: text_times(column, where, kind))
    if isinstance(expected, str):
        assert found == f"{expected[:-1]}; time_format= says how others are written."
    else:
        assert found == expected


@quick
@given(st.lists(integers | numbers, min_size=1, max_size=5))
def test_integers_are_those_that_python_writes(texts):
    found = as_integers(pa.array(texts, "string"))
    if all(map(is_canonical, texts)):
        assert found.dtype == np.int64
        assert found.tolist() == list(map(int, texts))
    else:
        assert found is None
