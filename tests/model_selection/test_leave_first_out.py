import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.model_selection import leave_first_out
from skdiffuasr.sequences import Sequences


@given(
    rows=st.lists(st.lists(st.integers(), max_size=6), max_size=6),
    n_hidden=st.integers(1, 4),
)
def test_long_histories_are_cut_in_two(rows, n_hidden):
    rows = [[0] * 9, *(row for row in rows)]
    rows = [[item % 100 for item in row] for row in rows]
    visible, hidden = leave_first_out(rows, n_hidden)
    long = [row for row in rows if len(row) > n_hidden]
    assert hidden.to_lists() == [row[:n_hidden] for row in long]
    assert visible.to_lists() == [row[n_hidden:] for row in long]


def test_user_ids_are_kept_and_pseudo_items_dropped():
    X = Sequences.from_iterable([[1, 2], [3]], user_ids=["a", "b"]).prepend([[8], [9]])
    visible, hidden = leave_first_out(X, 1)
    assert visible.user_ids.tolist() == hidden.user_ids.tolist() == ["a"]
    assert hidden.to_lists() == [[1]]


def test_short_histories_alone_are_an_error():
    with pytest.raises(ValueError, match="more than 2 items; the longest has 2"):
        leave_first_out([[1, 2]], 2)


def test_nothing_hidden_is_an_error():
    with pytest.raises(ValueError, match="n_hidden_items == 0, must be >= 1"):
        leave_first_out([[1, 2]], 0)
    with pytest.raises(TypeError, match="n_hidden_items must be an instance of"):
        leave_first_out([[1, 2]], 1.0)
