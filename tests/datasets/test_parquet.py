import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import (
    Interactions,
    iter_interactions,
    parquet,
    read_interactions,
    write_interactions,
)

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

quick = settings(max_examples=60, deadline=None)


@quick
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=30).map(sorted),
    st.integers(1, 12),
    st.integers(1, 40),
)
def test_parts_have_whole_users_and_make_the_whole(tmp_path_factory, users, size, rows):
    log = Interactions(users, np.arange(len(users)), np.arange(len(users)) * 2)
    path = tmp_path_factory.mktemp("logs") / "log.parquet"
    write_interactions(log, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "BATCH_ROWS", rows)
        parts = list(iter_interactions(path, max_interactions=size))
        assert read_interactions(path) == log
    of_parts = [set(part.user.tolist()) for part in parts]
    assert sum(map(len, of_parts)) == len(set(users))
    for column in ("user", "item", "time"):
        joined = np.concatenate([part[column] for part in parts])
        np.testing.assert_array_equal(joined, log[column])
    longest = np.bincount(users).max()
    assert max(map(len, parts)) <= size + min(rows, size) + longest


def test_columns_are_found_by_usual_names(tmp_path):
    table = pa.table({"rating": [1.0], "Item_ID": ["x"], "userId": ["u"]})
    pq.write_table(table, tmp_path / "log.parquet")
    log = read_interactions(tmp_path / "log.parquet")
    assert (log.user.tolist(), log.item.tolist(), log.time) == (["u"], ["x"], None)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"user": [1, None], "item": [1, 2]}, "user column has 1 missing"),
        ({"user": [1, 2], "item": [0.5, 1.0]}, "ids must be integers or strings"),
        ({"who": [1], "item": [2]}, "no user column found"),
        (
            {"user": pa.array([], pa.int64()), "item": pa.array([], pa.int64())},
            "no int",
        ),
    ],
)
def test_bad_tables(tmp_path, columns, message):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises((TypeError, ValueError), match=message):
        read_interactions(path)


def test_a_file_of_another_format(tmp_path):
    path = tmp_path / "log.parquet"
    path.write_text("user,item\n1,2\n")
    with pytest.raises(ValueError, match="is no Parquet file"):
        read_interactions(path)


def test_an_unsorted_file_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    write_interactions(Interactions([1, 3, 2], [1, 1, 1]), path)
    with pytest.raises(ValueError, match="row 2 has user 2 after a larger one"):
        list(iter_interactions(path))
