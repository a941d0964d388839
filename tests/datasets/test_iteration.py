import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr import RandomAugmenter, Sequences
from skdiffuasr.datasets import (
    Interactions,
    iter_interactions,
    read_interactions,
    write_interactions,
)

pytest.importorskip("pyarrow")

quick = settings(max_examples=25, deadline=None)

ENDINGS = (".csv", ".inter.gz", ".txt", ".parquet")


def iter_sequences(path, **options):
    """Histories of one part after the other."""
    for part in iter_interactions(path, **options):
        yield part.to_sequences()


def write(folder, log, ending):
    path = folder / f"log{ending}"
    write_interactions(log, path)
    return path


@pytest.mark.filterwarnings("ignore:the last interaction is there twice")
@quick
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(1, 12),
    st.sampled_from([int, "u{}".format]),
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_parts_make_the_whole(tmp_path_factory, ending, lengths, size, name):
    users = [name(user) for user, n in enumerate(lengths) for _ in range(n)]
    rng = np.random.default_rng(len(users))
    items, times = rng.integers(0, 9, (2, len(users)))
    log = Interactions(users, items, times)
    path = write(tmp_path_factory.mktemp("logs"), log, ending)
    whole = read_interactions(path).to_sequences()

    parts = list(iter_sequences(path, max_interactions=size))

    assert [row for part in parts for row in part.to_lists()] == whole.to_lists()
    joined = np.concatenate([part.user_ids for part in parts])
    np.testing.assert_array_equal(joined, whole.user_ids)
    assert max(len(part.values) for part in parts) <= 2 * size + max(lengths)


def test_an_augmenter_gives_for_the_parts_what_it_gives_for_the_whole(tmp_path):
    rows = [[1, 2, 3], [2], [3, 1], [1, 1], [2, 3]]
    X = Sequences.from_iterable(rows, user_ids=[f"u{row}" for row in range(5)])
    log = X.to_interactions()
    path = write(tmp_path, Interactions(log["user"], log["item"]), ".csv")
    augmenter = RandomAugmenter(2, random_state=0).fit(X)
    parts = map(augmenter.transform, iter_sequences(path, max_interactions=3))
    of_parts = [row for part in parts for row in part.to_lists()]
    assert of_parts == augmenter.transform(X).to_lists()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_user_that_comes_back_is_named(tmp_path, ending):
    path = write(tmp_path, Interactions([1, 2, 2, 1], [5, 6, 7, 8]), ending)
    with pytest.raises(ValueError, match="row 3 has user 1 after a larger one"):
        list(iter_sequences(path, max_interactions=2))


def test_the_first_part_decides_about_integers(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item\n1,5\n2,6\n3,7\n3,B8\n")
    parts = iter_sequences(path, max_interactions=1)
    assert next(parts).to_lists() == [[5]]
    with pytest.raises(
        ValueError, match=r"csv, line 5: the item id is 'B8' .*before it are integers"
    ):
        list(parts)
    path.write_text("user,item\n1,B5\n2,B6\n3,7\n")
    rows = [
        row for X in iter_sequences(path, max_interactions=1) for row in X.to_lists()
    ]
    assert rows == [["B5"], ["B6"], ["7"]]


def test_json_lines_come_in_parts_too(tmp_path):
    path = tmp_path / "log.jsonl"
    line = '{"user": %s, "item": "%s"}\n'
    path.write_text("".join(line % pair for pair in [(1, "a"), (1, "b"), (2, "a")]))
    parts = list(iter_sequences(path, max_interactions=1))
    assert [X.to_lists() for X in parts] == [[["a", "b"]], [["a"]]]
    path.write_text(line % (1, "a") + line % ('"2"', "b"))
    with pytest.raises(TypeError, match=r"line 2: user is '2'.*before it are integers"):
        list(iter_sequences(path, max_interactions=1))


def test_columns_are_named_as_for_reading(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("9|b|x\n7|a|x\n")
    (X,) = iter_sequences(path, user=2, item=1, time=0, sep="|", header=False)
    assert X.to_lists() == [["a", "b"]]


@pytest.mark.parametrize(
    ("text", "size", "message"),
    [
        ("", 5, "the file is empty"),
        ("user,item\n", 5, "log.csv: the file holds no interactions"),
        ("user,item\n1,2\n3\n", 5, "line 3: 1 field"),
        ("user,item\n1,2\n", 0, "max_interactions must be at least 1, got 0"),
    ],
)
def test_bad_files_and_sizes(tmp_path, text, size, message):
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        list(iter_sequences(path, max_interactions=size))


@pytest.mark.parametrize("ending", [".csv", ".inter.gz", ".parquet"])
def test_pseudo_items_are_marked_in_the_parts(tmp_path, ending):
    X = Sequences.from_iterable([[5, 6], [7], [8]], user_ids=[1, 2, 3])
    X = X.prepend([[1], [], [3, 4]])
    path = write(tmp_path, X, ending)
    parts = list(iter_sequences(path, max_interactions=1))
    assert parts == [X[:1], X[1:2], X[2:]]


@pytest.mark.parametrize(
    ("times", "value"),
    [
        (["1", "2", "3.5"], r"3\.5.*before it are integers"),
        (["1", "2", "2013-01-01"], "2013-01-01.*before it are integers"),
        (["0.5", "1", "2013-01-01"], "2013-01-01.*before it are numbers"),
        (["2013-01-01", "2014", "1.5"], r"1\.5.*before it are dates"),
    ],
)
def test_the_first_part_decides_about_times(tmp_path, times, value):
    path = tmp_path / "log.csv"
    rows = "".join(f"{user},9,{time}\n" for user, time in enumerate(times))
    path.write_text(f"user,item,time\n{rows}")
    parts = iter_interactions(path, max_interactions=1)
    assert next(parts).item.tolist() == [9]
    with pytest.raises(ValueError, match=f"csv, line 4: the time is .{value}"):
        list(parts)
