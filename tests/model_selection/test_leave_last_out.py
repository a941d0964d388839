import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.model_selection.leave_last_out import check_held_out
from skdiffuasr.sequences import Sequences, check_sequences

histories = st.lists(
    st.lists(st.integers(0, 50), min_size=3, max_size=12), min_size=1, max_size=15
)


class MostFrequent(BaseEstimator):
    """Predicts the most frequent item of the last `window` of each row."""

    def __init__(self, window=1):
        self.window = window

    def fit(self, X, y=None):
        self.X_ = check_sequences(X)
        return self

    def score(self, X, y):
        return np.mean(
            [item in row[-self.window :] for row, item in zip(X, y, strict=True)]
        )


@given(rows=histories)
def test_parts_agree_with_slicing(rows):
    X_train, y_valid, X_test, y_test = leave_last_out(rows)

    assert X_train.to_lists() == [row[:-2] for row in rows]
    assert y_valid.tolist() == [row[-2] for row in rows]
    assert X_test.to_lists() == [row[:-1] for row in rows]
    assert y_test.tolist() == [row[-1] for row in rows]


@given(lengths=st.lists(st.integers(3, 9), min_size=1, max_size=10))
def test_nothing_held_out_reaches_the_training_part(lengths):
    X = Sequences(np.arange(sum(lengths)), np.cumsum([0, *lengths]))
    X_train, y_valid, X_test, y_test = leave_last_out(X)

    assert not np.isin(np.r_[y_valid, y_test], X_train.values).any()
    assert not np.isin(y_test, X_test.values).any()
    assert np.isin(y_valid, X_test.values).all()
    # Training items of a row are all older than its held-out ones.
    assert (X_train.last() < y_valid).all()
    assert (y_valid < y_test).all()


def test_user_ids_travel_along():
    X = Sequences.from_iterable([[1, 2, 3], [4, 5, 6]], user_ids=["a", "b"])
    X_train, _, X_test, _ = leave_last_out(X)

    assert X_train.user_ids.tolist() == X_test.user_ids.tolist() == ["a", "b"]


def test_a_short_row_is_named():
    with pytest.raises(ValueError, match=r"Row 1 of X has 2 items.* 2 of 3 .*'drop'"):
        leave_last_out([[1, 2, 3], [1, 2], []])


def test_short_rows_are_dropped_from_all_parts():
    X_train, y_valid, X_test, y_test = leave_last_out(
        [["a"], ["b", "c", "d"], ["e", "f"]], short="drop"
    )

    assert X_train.to_lists() == [["b"]]
    assert X_test.to_lists() == [["b", "c"]]
    assert (y_valid.tolist(), y_test.tolist()) == (["c"], ["d"])


def test_pseudo_items_do_not_make_a_row_long_enough():
    X = Sequences.from_iterable([[1, 2]]).prepend(np.array([[8, 9]]))

    with pytest.raises(ValueError, match="Row 0 of X has 2 items"):
        leave_last_out(X)


def test_pseudo_items_stay_in_front():
    X = Sequences.from_iterable([[1, 2, 3]]).prepend(np.array([[8, 9]]))
    X_train, y_valid, _, _ = leave_last_out(X)

    assert X_train.to_lists() == [[8, 9, 1]]
    assert X_train.n_pseudo.tolist() == [2]
    assert y_valid.tolist() == [2]


@pytest.mark.parametrize("roles", [[6, 6, 6, 5], [6, 6, 5, 6]])
def test_pseudo_items_are_not_held_out(roles):
    X = Sequences([1, 2, 3, 4, 5, 6, 7, 8], [0, 4, 8], [6, 5, 6, 6, *roles])
    with pytest.raises(ValueError, match="Row 1 of X has a pseudo item among the last"):
        leave_last_out(X)
    assert leave_last_out(X[:1])[3].tolist() == [4]


def test_rows_shorter_than_what_is_held_out_have_no_pseudo_item_behind():
    check_held_out(Sequences([7, 8, 1], [0, 3], [5, 5, 6]), 2)
    with pytest.raises(ValueError, match="Row 0 of X has a pseudo item among the last"):
        check_held_out(Sequences([1, 7, 8], [0, 3], [6, 5, 5]), 2)


def test_no_row_left_is_an_error():
    with pytest.raises(ValueError, match="No row of X has the 3 items"):
        leave_last_out([[1], [2]], short="drop")


def test_unknown_option_is_refused():
    with pytest.raises(ValueError, match="short must be 'error' or 'drop'"):
        leave_last_out([[1, 2, 3]], short="keep")


def test_all_rows_train_and_all_rows_evaluate():
    X, y = [[1], [2], [3]], [1, 2, 3]
    ((train, test),) = LeaveLastOut().split(X, y)

    assert_array_equal(train, [0, 1, 2])
    assert_array_equal(test, [0, 1, 2])
    assert LeaveLastOut().get_n_splits(X, y) == 1


def test_scoring_without_held_out_items_is_refused():
    with pytest.raises(ValueError, match="got y=None"):
        next(LeaveLastOut().split([[1], [2]]))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(LeaveLastOut().split([[1], [2]], [1]))


def test_repr():
    assert repr(LeaveLastOut()) == "LeaveLastOut()"


def test_grid_search_scores_on_y_and_fits_on_all_rows():
    X_train, y_valid, _, _ = leave_last_out([[1, 2, 1, 5], [3, 4, 3, 5], [6, 7, 7, 7]])
    search = GridSearchCV(MostFrequent(), {"window": [1, 2]}, cv=LeaveLastOut())
    search.fit(X_train, y_valid)

    assert search.n_splits_ == 1
    assert_array_equal(search.cv_results_["mean_test_score"], [1 / 3, 1])
    assert search.best_params_ == {"window": 2}
    assert search.best_estimator_.X_ == X_train


def test_cross_val_score_gives_one_score():
    X_train, y_valid, _, _ = leave_last_out([[1, 1, 1], [2, 3, 4]])

    assert cross_val_score(
        MostFrequent(), X_train, y_valid, cv=LeaveLastOut()
    ).tolist() == [0.5]
