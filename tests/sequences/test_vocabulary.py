import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.sequences.vocabulary import (
    UnknownItemsError,
    encode_items,
    encode_sequences,
)
from tests.sequences.tables import with_leading_pseudo

quick = settings(max_examples=60, deadline=None)

integers = st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1)
texts = st.text("ab", max_size=3)


@st.composite
def catalogues(draw):
    """A sorted catalogue and rows of ids, known and unknown."""
    item = draw(st.sampled_from([integers, texts]))
    item_ids = sorted(draw(st.sets(item, min_size=1, max_size=8)))
    known_or_not = st.sampled_from(item_ids) | item
    rows = draw(st.lists(st.lists(known_or_not, max_size=6), min_size=1, max_size=6))
    n_pseudo = [draw(st.integers(0, len(row))) for row in rows]
    return item_ids, rows, n_pseudo


@quick
@given(catalogues())
def test_encode_items_follows_a_dictionary(catalogue):
    item_ids, rows, _ = catalogue
    code_of = {item: code for code, item in enumerate(item_ids)}
    for row in rows:
        codes = encode_items(row, np.array(item_ids))
        assert codes.dtype == np.int64
        assert codes.tolist() == [code_of.get(item, -1) for item in row]


@quick
@given(catalogues())
def test_encode_sequences_drops_unknown_items(catalogue):
    item_ids, rows, n_pseudo = catalogue
    X = Sequences.from_iterable(rows, user_ids=range(len(rows)))
    X = with_leading_pseudo(X, n_pseudo)
    code_of = {item: code for code, item in enumerate(item_ids)}
    encoded = encode_sequences(X, np.array(item_ids))
    assert encoded.values.dtype == np.int64
    assert encoded.to_lists() == [
        [code_of[item] for item in row if item in code_of] for row in rows
    ]
    assert encoded.n_pseudo.tolist() == [
        sum(item in code_of for item in row[:m])
        for row, m in zip(rows, n_pseudo, strict=True)
    ]
    assert encoded.user_ids.tolist() == list(range(len(rows)))


def test_encode_items_keeps_the_shape_of_arrays():
    codes = encode_items(np.array([[30, 10], [7, 20]]), np.array([10, 20, 30]))
    assert codes.tolist() == [[2, 0], [-1, 1]]


def test_encode_items_leaves_its_input_alone():
    items, item_ids = np.array([1, 9]), np.array([1, 2])
    items.flags.writeable = item_ids.flags.writeable = False
    assert encode_items(items, item_ids).tolist() == [0, -1]


@pytest.mark.parametrize("items", [[], [1, 2], ["a"]])
def test_nothing_is_known_to_an_empty_catalogue(items):
    assert encode_items(items, np.array([])).tolist() == [-1] * len(items)


def test_strings_of_other_widths_are_no_matches():
    item_ids = np.array(["a", "ab"])
    assert encode_items(["abc", "ab", "a", ""], item_ids).tolist() == [-1, 1, 0, -1]


@pytest.mark.parametrize(
    ("items", "item_ids", "message"),
    [
        ([1], ["1"], "items are of type int, .* item ids are of type str"),
        (["1"], [1], "items are of type str, .* item ids are of type int"),
        ([1.0], [1], "Row 0 of items is 1.0"),
    ],
)
def test_types_are_not_mixed(items, item_ids, message):
    with pytest.raises(TypeError, match=message):
        encode_items(items, np.array(item_ids))


def test_rows_without_items_go_with_any_catalogue():
    X = Sequences.from_iterable([[], []])
    assert encode_sequences(X, np.array(["a"])) == X


def test_unknown_items_raise_on_demand():
    X = Sequences.from_iterable([[1, 2], [3, 9, 8], [7, 6, 5, 4, 9]])
    message = r"Found 6 unknown item\(s\), first in row 1 of X: 4, 5, 6, 7, 8, \.\.\.; "
    with pytest.raises(ValueError, match=message):
        encode_sequences(X, np.array([1, 2, 3]), unknown_items="error")
    codes = encode_sequences(X[:1], np.array([1, 2, 3]), unknown_items="error")
    assert codes.to_lists() == [[0, 1]]


@pytest.mark.parametrize("wrap", [lambda X: X, lambda X: SequenceVariants([X, X])])
def test_messages_call_the_histories_as_the_user_does(wrap):
    X = wrap(Sequences.from_iterable([[1], [2]]))
    with pytest.raises(UnknownItemsError, match="in row 1 of X_val: 2;"):
        encode_sequences(X, np.array([1]), "error", "X_val")
    with pytest.raises(TypeError, match="The items of X_val are of type int"):
        encode_sequences(X, np.array(["1"]), "error", "X_val")
    with pytest.raises(TypeError, match="Row 1 of y_val is 1"):
        encode_items([0, 1.0], np.array([1]), "y_val")


def test_errors_about_unknown_items_can_be_pickled():
    """They come out of the workers of a search."""
    error = UnknownItemsError([7, 8], 3, "X_val")
    error.row += 64
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "first in row 67 of X_val: 7, 8; pass" in str(error)


def test_the_choice_for_unknown_items_is_checked():
    with pytest.raises(ValueError, match="'ignore' or 'error', got 'drop'"):
        encode_sequences(Sequences.from_iterable([[1]]), np.array([1]), "drop")
