import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import (
    Interactions,
    iter_interactions,
    read_interactions,
    readers,
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
        patch.setattr(readers, "BATCH_ROWS", rows)
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
        ({"user": [1, None], "item": [1, 2]}, "the user of row 1 is missing"),
        (
            {"user": [1], "item": [1], "time": pa.array([None], pa.int64())},
            "the time of row 0 is missing",
        ),
        (
            {"user": [1, 2], "item": [1, 2], "time": ["2026", "soon"]},
            "the time of row 1 is 'soon'",
        ),
        (
            {"user": [1, 1], "item": [1, 2], "is_pseudo": [1, 2]},
            "the is_pseudo of row 1 is .*2.*: accepted are True and False",
        ),
        (
            {"user": [1, 1], "item": [1, 2], "is_pseudo": [True, None]},
            "the is_pseudo of row 1 is missing",
        ),
        ({"user": [True, False], "item": [1, 2]}, "ids must be integers or strings"),
        ({"user": [1, 2], "item": [0.5, 1.0]}, "ids must be integers or strings"),
        ({"who": [1], "item": [2]}, "no user column found"),
        (
            {"user": pa.array([], pa.int64()), "item": pa.array([], pa.int64())},
            "the file holds no interactions",
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
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        read_interactions(path)


def test_an_unsorted_file_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    write_interactions(Interactions([1, 3, 2], [1, 1, 1]), path)
    with pytest.raises(ValueError, match="row 2 has user 2 after a larger one"):
        list(iter_interactions(path))


def test_rows_are_counted_through_the_whole_file(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "BATCH_ROWS", 2)
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": [1, 1, 1, 2, None], "item": [1] * 5}), path)
    for read in (read_interactions, lambda path: list(iter_interactions(path))):
        with pytest.raises(ValueError, match="the user of row 4 is missing"):
            read(path)


TEXT = ["b", "ä", "b", ""]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(TEXT),
        pa.array(TEXT, pa.large_string()),
        pa.array(TEXT, pa.string_view()),
        pa.array(TEXT).dictionary_encode(),
        pa.chunked_array([TEXT[:1], TEXT[1:]]),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize("n_rows", [1, 3, 100])
def test_texts_of_every_kind(tmp_path, monkeypatch, column, n_rows):
    monkeypatch.setattr(readers, "BATCH_ROWS", n_rows)
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": [4, 5, 6, 7], "item": column}), path)
    assert read_interactions(path).item.tolist() == TEXT
    parts = iter_interactions(path, max_interactions=2)
    assert [id for part in parts for id in part.item.tolist()] == TEXT


def test_integers_and_dates_of_a_category(tmp_path):
    day = pa.array([20_000, 20_001], pa.date32())
    table = {"user": pa.array([7, 8]), "item": pa.array([9, 9]), "time": day}
    path = tmp_path / "log.parquet"
    coded = {name: column.dictionary_encode() for name, column in table.items()}
    pq.write_table(pa.table(coded), path)
    expected = Interactions([7, 8], [9, 9], np.array([20_000, 20_001], "datetime64[D]"))
    assert read_interactions(path) == expected


def test_a_file_without_rows_is_refused_in_parts_too(tmp_path):
    path = tmp_path / "log.parquet"
    nothing = pa.array([], pa.int64())
    pq.write_table(pa.table({"user": nothing, "item": nothing}), path)
    with pytest.raises(ValueError, match="holds no interactions"):
        list(iter_interactions(path))


def test_only_the_columns_that_are_needed_are_read(tmp_path, monkeypatch):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": [1], "item": [2], "text": ["long"]}), path)
    asked = []
    iter_batches = pq.ParquetFile.iter_batches

    def spy(file, batch_size, columns):
        asked.append(columns)
        return iter_batches(file, batch_size, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    read_interactions(path)
    assert asked == [["user", "item"]]


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int8(), pa.int64()])
def test_pseudo_items_are_read_from_bools_and_integers(tmp_path, kind):
    marks = pa.array([1, 0], pa.int8()).cast(kind)
    table = pa.table({"user": [1, 1], "item": [2, 3], "Is_Pseudo": marks})
    pq.write_table(table, tmp_path / "log.parquet")
    log = read_interactions(tmp_path / "log.parquet")
    assert log == Interactions([1, 1], [2, 3], is_pseudo=[True, False])


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns"])
def test_dates_of_every_unit_are_read_back(tmp_path, unit):
    dates = np.array(["1970-01-01", "2014-01-02"], "M8[s]").astype(f"M8[{unit}]")
    log = Interactions([1, 2], [7, 8], dates)
    write_interactions(log, tmp_path / "log.parquet")
    assert read_interactions(tmp_path / "log.parquet") == log


@pytest.mark.parametrize(
    ("times", "value"),
    [
        (["1", "2", "3.5"], r"3\.5.*before it are integers"),
        (["2014-01-01", "2014-01-02", "soon"], "soon.*before it are dates"),
        (["0.5", "1", "2014-01-01"], "2014-01-01.*before it are numbers"),
    ],
)
def test_times_that_are_texts_are_of_the_kind_of_the_first_part(tmp_path, times, value):
    """Or parts would be sorted as one kind and written as another."""
    path = tmp_path / "log.parquet"
    pq.write_table(
        pa.table({"user": [1, 2, 3], "item": [1, 2, 1], "time": times}), path
    )
    parts = iter_interactions(path, max_interactions=1)
    assert next(parts).user.tolist() == [1]
    with pytest.raises(ValueError, match=f"the time of row 2 is .{value}"):
        list(parts)


@pytest.mark.parametrize("start", [4, 40, 2000])
def test_a_damaged_file(tmp_path, start):
    path = tmp_path / "log.parquet"
    items = np.random.default_rng(0).integers(0, 2**62, 1000)
    write_interactions(Interactions(np.arange(1000), items), path)
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xff" * 500 + content[start + 500 :])
    with pytest.raises(ValueError, match=r"log\.parquet cannot be read as") as caught:
        read_interactions(path)
    assert not type(caught.value).__module__.startswith("pyarrow")


def test_what_was_read_of_a_file_is_not_kept(tmp_path):
    held, sizes = [], []
    for n in (600_000, 1_200_000):
        path = tmp_path / f"{n}.parquet"
        items = np.random.default_rng(0).integers(2**60, size=n)  # nothing to compress
        table = pa.table({"user": np.arange(n) // 10, "item": items})
        pq.write_table(table, path, row_group_size=20_000)
        sizes.append(path.stat().st_size)
        del table
        before = pa.total_allocated_bytes()
        parts = iter_interactions(path, max_interactions=50_000)
        held.append(max(pa.total_allocated_bytes() - before for _ in parts))
    assert held[1] - held[0] < (sizes[1] - sizes[0]) / 4
