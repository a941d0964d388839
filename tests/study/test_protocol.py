import joblib
import numpy as np
import pytest

from skdiffuasr.datasets import Interactions
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.protocol import has_repeats, leave_last_out_data, temporal_data

LOG = Interactions(
    user=np.repeat([1, 2, 3], 6),
    item=np.arange(18) % 7,
    time=np.concatenate([np.arange(6), np.arange(6) + 2, np.arange(6) + 4]),
)


def test_the_last_item_is_tested_and_the_one_before_validated():
    data = leave_last_out_data([[1, 2, 3, 4], [5, 6], [7, 8, 9]])
    assert data.X_train.to_lists() == data.X_val.to_lists() == [[1, 2], [7]]
    assert data.y_val.tolist() == [3, 8]
    assert data.X_test.to_lists() == [[1, 2, 3], [7, 8]]
    assert data.y_test.tolist() == [4, 9]


def test_pseudo_items_are_dropped():
    rows = [[1, 2, 3, 4], [5, 6], [7, 8, 9]]
    prefixes = Sequences.from_iterable([[4, 4], [9, 9], [7, 7]])
    augmented = Sequences.from_iterable(rows).prepend(prefixes)
    found, expected = leave_last_out_data(augmented), leave_last_out_data(rows)
    assert found.X_train == expected.X_train
    assert found.X_test == expected.X_test
    assert not found.has_repeats


def test_interactions_are_grouped_by_user():
    expected = leave_last_out_data(LOG.to_sequences())
    assert leave_last_out_data(LOG).X_test == expected.X_test


def test_users_with_too_few_items_are_an_error():
    with pytest.raises(ValueError, match="3 items that are needed"):
        leave_last_out_data([[1, 2], [3]])


def test_a_temporal_study_trains_on_the_past_only():
    data = temporal_data(LOG, test_fraction=0.3)
    times = dict(zip(zip(LOG.user, LOG.item, strict=True), LOG.time, strict=True))

    def latest(X):
        rows = zip(X.user_ids, X, strict=True)
        return max(times[user, item] for user, row in rows for item in row)

    def earliest(X, y):
        return min(times[pair] for pair in zip(X.user_ids, y, strict=True))

    assert latest(data.X_train) < earliest(data.X_val, data.y_val)
    assert latest(data.X_test) < earliest(data.X_test, data.y_test)
    assert earliest(data.X_val, data.y_val) < earliest(data.X_test, data.y_test)


def test_a_temporal_study_drops_pseudo_items():
    user, item, time = np.repeat([1, 2], 4), np.arange(8), np.tile(np.arange(4), 2)
    observed = Interactions(user, item, time)
    log = Interactions(
        [*user, 1, 2], [*item, 3, 4], [*time, -1, -1], is_pseudo=[0] * 8 + [1] * 2
    )
    assert joblib.hash(temporal_data(log)) == joblib.hash(temporal_data(observed))


def test_a_temporal_study_needs_times():
    with pytest.raises(TypeError, match="got Sequences"):
        temporal_data(Sequences.from_iterable([[1, 2, 3]]))
    with pytest.raises(TypeError, match="Interactions without times"):
        temporal_data(Interactions(user=[1, 1], item=[1, 2]))


def test_a_temporal_study_of_nothing():
    with pytest.raises(ValueError, match="The dataset has no interactions"):
        temporal_data(Interactions([], [], []))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([[1, 2], [2, 1]], False), ([[1], [2, 3, 2]], True), ([[], [4]], False)],
)
def test_repeats_are_found_within_rows_only(rows, expected):
    assert has_repeats(Sequences.from_iterable(rows)) is expected


def test_a_repeated_target_is_a_repeat():
    assert not leave_last_out_data([[1, 2, 3, 4]]).has_repeats
    assert leave_last_out_data([[1, 2, 3, 1]]).has_repeats
    assert leave_last_out_data([["a", "b", "a", "c"]]).has_repeats


def test_fingerprints_tell_logs_apart():
    rows = [[1, 2, 3, 4], [5, 6, 7]]
    same, other = (leave_last_out_data(X) for X in (rows, [*rows, [7, 8, 9]]))
    assert joblib.hash(leave_last_out_data(rows)) == joblib.hash(same)
    assert joblib.hash(same) != joblib.hash(other)
