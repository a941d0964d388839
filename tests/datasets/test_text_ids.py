import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow")

from skdiffuasr.datasets.text_ids import MAX_LENGTH, text_ids  # noqa: E402

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
