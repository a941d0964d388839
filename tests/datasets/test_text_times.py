import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skdiffuasr.sequences.times import as_times

pa = pytest.importorskip("pyarrow")

from skdiffuasr.datasets.text_times import as_integers, text_times  # noqa: E402

quick = settings(deadline=None, max_examples=300)


def where(row):
    return f"row {row}"


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
    assert outcome(lambda: text_times(column, where, kind)) == expected


@quick
@given(st.lists(integers | numbers, min_size=1, max_size=5))
def test_integers_are_those_that_python_writes(texts):
    def is_canonical(text):
        try:
            return str(int(text)) == text and -(2**63) <= int(text) < 2**63
        except ValueError:
            return False

    found = as_integers(pa.array(texts, "string"))
    if all(map(is_canonical, texts)):
        assert found.dtype == np.int64
        assert found.tolist() == list(map(int, texts))
    else:
        assert found is None
