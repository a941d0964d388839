import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import (
    Interactions,
    read_interactions,
    write_columns,
    write_interactions,
)
from skdiffuasr.sequences import Sequences

quick = settings(max_examples=60, deadline=None)

ENDINGS = (".csv", ".tsv", ".inter", ".csv.gz", ".tsv.xz", ".inter.bz2", ".parquet")
marks = string.ascii_letters + string.digits + " ,;\"'\\|éß→"
texts = st.text(marks, min_size=1, max_size=6).filter(lambda text: text == text.strip())


def write(tmp_path, log, ending, **options):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"log{ending}"
    write_interactions(log, path, **options)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("time", [None, [3, 1, 2], [0.5, 1e-3, 7.0]])
def test_a_log_is_read_back_as_it_was(tmp_path, ending, time):
    log = Interactions(["b", "a", "b"], [7, 8, -7], time)
    assert read_interactions(write(tmp_path, log, ending)) == log


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_dates_are_read_back(tmp_path, ending):
    dates = np.array(["2026-01-02T03:04:05", "2025-12-31"], dtype="datetime64[us]")
    log = Interactions([1, 2], [7, 8], dates)
    assert read_interactions(write(tmp_path, log, ending)) == log


@quick
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_ids_of_any_letters_are_kept(tmp_path_factory, ending, rows):
    users, items = map(list, zip(*rows, strict=True))
    log = Interactions([f"u{text}" for text in users], [f"i{text}" for text in items])
    path = write(tmp_path_factory.mktemp("logs"), log, ending)
    assert read_interactions(path) == log


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=3), min_size=2, max_size=2))
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".inter", ".txt", ".parquet"])
def test_an_id_is_kept_or_refused_by_row_and_value(tmp_path_factory, ending, ids):
    """Any letters that Unicode has, in every format."""
    log = Interactions(["u", "v"], [text.rstrip("\0") for text in ids])
    folder = tmp_path_factory.mktemp("logs")
    try:
        path = write(folder, log, ending)
    except ValueError as error:
        refusal = str(error)
    else:
        assert read_interactions(path).item.astype(str).tolist() == log.item.tolist()
        return
    row = int(re.match(r"Row (\d)", refusal).group(1))
    assert repr(log.item[row].item()) in refusal
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "text", ["a,b", "a;b", "a\u3000b", "a\x85b", "\ufeffa", "user"]
)
def test_text_without_a_header_refuses_what_would_be_read_otherwise(tmp_path, text):
    with pytest.raises(ValueError, match=r"Row 0 .*txt files cannot hold"):
        write(tmp_path, Interactions([text, "v"], ["i", "j"]), ".txt")


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_full_disk_leaves_the_old_file_alone(tmp_path, ending):
    resource = pytest.importorskip("resource")
    old = write(tmp_path, Interactions([1], [2]), ending)
    before = old.read_bytes()
    rng = np.random.default_rng(0)
    large = Interactions(*rng.integers(0, 2**62, (2, 20_000)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"(?i)too large|os error|write"):
            write(tmp_path, large, ending, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


def test_text_has_the_order_of_the_times(tmp_path):
    log = Interactions([1, 2, 1], [5, 6, 7], [20, 0, 10])
    path = write(tmp_path, log, ".txt")
    assert path.read_text() == "1 7\n1 5\n2 6\n"


def test_text_holds_user_and_item(tmp_path):
    X = Sequences.from_iterable([[5, 6], [7]]).prepend(np.array([[1], [2]]))
    path = write(tmp_path, X, ".txt")
    assert path.read_text() == "0 1\n0 5\n0 6\n1 2\n1 7\n"


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_pseudo_items_are_marked_and_come_first_by_position(tmp_path, ending):
    X = Sequences.from_iterable([[5, 6], [7]], user_ids=["b", "a"])
    X = X.prepend(np.array([[1, 3], [2, 4]]))
    path = write(tmp_path, X, ending)
    log = read_interactions(path, user="user", item="item", time="position")
    assert log.item.tolist() == [1, 3, 5, 6, 2, 4, 7]
    assert log.sort().item.tolist() == [2, 4, 7, 1, 3, 5, 6]
    assert log.is_pseudo.tolist() == [1, 1, 0, 0, 1, 1, 0]


TIMES = {
    "integers": np.array([100, 100, 7]),
    "floats": np.array([0.5, 9.0, 2.5]),
    "dates": np.array(["2026-01-01", "2026-02-01", "2025-01-01"], dtype="M8[us]"),
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("ending", [".csv", ".inter", ".parquet"])
def test_sorting_by_time_puts_pseudo_items_first(tmp_path, times, ending):
    """Even where observed items tie, and whatever the order in the file."""
    X = Sequences.from_iterable([[5, 6], [7]], user_ids=[3, 2])
    X = X.prepend(np.array([[1, 3], [2, 4]]))
    path = write(tmp_path, X, ending, times=times)
    log = read_interactions(path)
    shuffled = log.take([1, 0, 5, 4, 2, 3, 6])
    assert shuffled.to_sequences().to_lists() == [[2, 4, 7], [1, 3, 5, 6]]


def test_recbole_finds_an_order_without_times(tmp_path):
    X = Sequences.from_iterable([[5, 6]]).prepend(np.array([[1]]))
    header, first, *_ = write(tmp_path, X, ".inter").read_text().splitlines()
    assert header.split("\t") == [
        "user_id:token",
        "item_id:token",
        "position:float",
        "is_pseudo:float",
        "timestamp:float",
    ]
    assert first.split("\t") == ["0", "1", "-1", "1", "-1"]


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (".txt", "two words"),
        (".csv", " blank"),
        (".csv", "a\nb"),
        (".csv", ""),
        (".inter", "a\tb"),
        (".inter", 'a"b'),
    ],
)
def test_ids_that_would_change_are_refused(tmp_path, ending, text):
    log = Interactions(["a", "b"], ["c", text])
    with pytest.raises(ValueError, match=r"Row 1 of column 'item"):
        write(tmp_path, log, ending)
    assert not list(tmp_path.iterdir())


def test_bad_arguments(tmp_path):
    log = Interactions([1], [2])
    with pytest.raises(ValueError, match=r"log\.xlsx has no known ending"):
        write(tmp_path, log, ".xlsx")
    with pytest.raises(ValueError, match="times are for Sequences"):
        write(tmp_path, log, ".csv", times=[1])
    X = Sequences.from_iterable([[1, 2]])
    with pytest.raises(ValueError, match="each of the 2 observed items"):
        write(tmp_path, X, ".csv", times=[1])
    only_pseudo = Sequences.from_iterable([[1], []]).prepend(np.array([[3], [4]]))
    with pytest.raises(ValueError, match="Row 1 has pseudo items and no observed"):
        write(tmp_path, only_pseudo, ".csv", times=[1])


def test_files_are_overwritten_only_if_asked(tmp_path):
    path = write(tmp_path, Interactions([1], [2]), ".csv")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"log\.csv exists"):
        write_interactions(Interactions([3], [4]), path)
    assert path.read_bytes() == before
    write_interactions(Interactions([3], [4]), path, overwrite=True)
    assert path.read_bytes() != before


def test_what_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    path = write(tmp_path, Interactions([1], [2]), ".csv")
    before = path.read_bytes()

    class FullDisk:
        dtype = np.dtype(np.int64)

        def tolist(self):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_columns({"a": FullDisk()}, path, overwrite=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("times", [None, *TIMES.values()], ids=["none", *TIMES])
@pytest.mark.parametrize("ending", ENDINGS)
def test_pseudo_items_are_read_back_as_such(tmp_path, ending, times):
    """Or a recommender would learn them like what users did."""
    X = Sequences.from_iterable([[5, 6], [7]], user_ids=[2, 3])
    X = X.prepend([[1, 3], [2]])
    log = read_interactions(write(tmp_path, X, ending, times=times))
    assert log.to_sequences() == X
    again = tmp_path / f"again{ending}"
    write_interactions(log, again)
    assert read_interactions(again) == log


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_nanoseconds_are_read_back(tmp_path, ending):
    log = Interactions([1, 1, 1], [7, 8, 9], np.array([1000, 1, -1], "M8[ns]"))
    assert read_interactions(write(tmp_path, log, ending)) == log


@pytest.mark.parametrize(
    ("ending", "unit"), [(".csv", "ps"), (".tsv", "ps"), (".inter", "ns")]
)
def test_dates_finer_than_what_is_read_back_are_refused(tmp_path, ending, unit):
    """Cut off, two times would be equal and their items turn around."""
    whole = np.array([3000, 1000], f"M8[{unit}]")
    log = Interactions([1, 1], [7, 8], whole)
    back = read_interactions(write(tmp_path, log, ending))
    assert back.to_sequences() == log.to_sequences()
    log = Interactions([1, 1], [7, 8], np.array([1000, 1], f"M8[{unit}]"))
    with pytest.raises(ValueError, match=r"Row 1 of column 'time.*00000001, and"):
        write(tmp_path, log, ending, overwrite=True)
