import warnings
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr import Sequences
from skdiffuasr.datasets import Interactions, iter_interactions, read_interactions
from skdiffuasr.model_selection import TemporalSplit
from skdiffuasr.sequences.traps import (
    count_rounded_ties,
    count_units,
    describe_repeated_ends,
    describe_zones,
)

quick = settings(max_examples=100, deadline=None)

SECOND = 1_600_000_000
DAY = 86_400


# Zones


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], (0, 0)),
        (["2020-01-01", "2020-01-01T00:00", "2020-W01-1", "20200101"], (0, 4)),
        (["2020-01-01T00:00Z", "20200101T00+01", " 2020-01-01 00:00-01:00"], (3, 0)),
        ([datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)], (1, 1)),
        ([np.datetime64("2020-01-01"), "2020-01-01T00:00:00.5z"], (1, 1)),
    ],
)
def test_zones_are_counted(times, expected):
    n_zoned, n_zoneless = expected
    assert bool(describe_zones(times)) == (n_zoned > 0 < n_zoneless)
    (sentence,) = describe_zones([*times, "2020-01-01T00Z", "2020-01-01"])
    assert f"({n_zoned + 1}) and without one ({n_zoneless + 1})" in sentence


# Units


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([SECOND], {"seconds": 1}),
        (
            [SECOND, SECOND * 10**3, SECOND * 10**3 + 1],
            {"seconds": 1, "milliseconds": 2},
        ),
        ([SECOND * 10**6, SECOND * 10**9], {"microseconds": 1, "nanoseconds": 1}),
        ([SECOND + 0.5, SECOND * 1e3], {"seconds": 1, "milliseconds": 1}),
        ([0] * 10 + [SECOND] * 50 + [SECOND * 10**3] * 41, None),
        ([0] * 11 + [SECOND] * 50 + [SECOND * 10**3] * 39, {}),
        ([1, 2, 3], {}),
        ([-SECOND, -SECOND * 1000], {}),
        ([], {}),
        (np.array([SECOND, SECOND * 10**3], "M8[s]"), {}),
        (np.array([1, 60_000], np.float16), {}),
    ],
)
def test_units_are_counted(times, expected):
    if expected is None:
        expected = {"seconds": 50, "milliseconds": 41}
    assert count_units(np.asarray(times)) == expected


@quick
@given(st.lists(st.integers(0, 10**12), min_size=20, max_size=40, unique=True))
def test_numbers_of_all_sizes_are_not_units(numbers):
    spread = np.linspace(0, 10**13, 200).astype(np.int64)
    assert len(count_units(np.append(spread, numbers))) < 2


# Rounding


def naive_ties(users, times):
    """Interactions whose user has another one at the time."""
    pairs = list(zip(users, times, strict=True))
    counts = Counter(pairs)
    return sum(counts[pair] > 1 for pair in pairs)


@quick
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(SECOND, SECOND + 1000)), max_size=30
    ),
    st.sampled_from(["int", "str"]),
)
def test_ties_of_coarse_floats_are_counted(log, kind):
    users = np.array([user for user, _ in log], dtype=int).astype(kind)
    times = np.array([time for _, time in log], dtype=np.float32)
    n_tied, spacing = count_rounded_ties(users, times)
    if (times % DAY).any():
        assert n_tied == naive_ties(users.tolist(), times.tolist())
        assert spacing == (128 if n_tied else 0)
    assert count_rounded_ties(users, times.astype(np.float64)) == (0, 0)


@pytest.mark.parametrize(
    "times",
    [
        np.repeat(np.float32(2**24 - 1), 2),
        np.array([SECOND // DAY * DAY] * 2, np.float32),
        np.array([5, 5], np.int64),
        np.array([2**53 - 1.0] * 2),
        np.array([5, 5], "M8[s]"),
        np.array([1000, 1000], np.float16),
        np.array([], np.float32),
    ],
)
def test_ties_that_are_in_the_data_are_not_counted(times):
    assert count_rounded_ties(np.zeros(len(times), int), times) == (0, 0)


@pytest.mark.parametrize(
    ("times", "spacing"),
    [
        (np.array([2**24 + 2] * 2, np.float32), 2),
        (np.array([2.0**53 + 2] * 2), 2),
        (np.array([1.6e18 + 256] * 2), 256),
        (np.array([5000, 5000], np.float16), 4),
    ],
)
def test_the_spacing_of_floats_is_told(times, spacing):
    assert count_rounded_ties(np.zeros(2, int), times) == (2, spacing)


# Repeated ends


def n_repeated_ends(*columns):
    sentences = describe_repeated_ends(*columns)
    return int(sentences[0].split(" for ")[1].split()[0]) if sentences else 0


@quick
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2)), max_size=20
    )
)
def test_repeated_ends_are_counted(rows):
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    users, items, times = np.array(rows, dtype=int).reshape(-1, 3).T
    expected = 0
    for user in range(4):
        own = [row for row in rows if row[0] == user]
        expected += len(own) > 1 and own[-1] == own[-2]
    assert n_repeated_ends(users, items, times) == expected
    assert n_repeated_ends(users.astype(str), items.astype(str), times) == expected
    assert n_repeated_ends(users, items, None) == 0


def test_a_pseudo_item_is_not_a_repeat():
    columns = np.array([[1, 1], [5, 5], [3, 3]])
    assert n_repeated_ends(*columns, np.array([True, False])) == 0
    assert n_repeated_ends(*columns, np.array([False, False])) == 1


# Warnings

TRAPS = {
    "units": (
        [1, 1, 2],
        [5, 6, 5],
        [SECOND, SECOND * 1000, SECOND * 1000],
        "different units since 1970: 1 seconds, 2 milliseconds",
    ),
    "zones": (
        [1, 1, 2],
        [5, 6, 5],
        ["2020-01-01T00:00+02:00", "2020-01-01T00:00", "2020-01-01"],
        r"with a time zone \(1\) and without one \(2\)",
    ),
    "rounding": (
        [1, 1, 1, 2],
        [5, 6, 7, 5],
        np.array([10**9, SECOND + 1, SECOND + 2, SECOND], np.float32),
        "2 interactions have the same time .* float32 .* less than 128 apart",
    ),
    "repeat": (
        [1, 1, 1, 2, 3, 3, 3],
        [5, 6, 6, 5, 8, 7, 7],
        [1, 2, 2, 2, 1, 3, 3],
        "there twice, with the same item and time, for 2 users",
    ),
}


def caught(make):
    """What a function returns, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        made = make()
    return made, found


def histories_of(library, columns):
    if library == "pyarrow":
        columns = pytest.importorskip("pyarrow").table(columns)
    elif library != "dict":
        columns = pytest.importorskip(library).DataFrame(columns)
    return Sequences.from_interactions(columns, user="u", item="i", time="t")


@pytest.mark.parametrize("library", ["dict", "pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("trap", TRAPS)
def test_a_table_is_warned_of_once(trap, library):
    user, item, time, text = TRAPS[trap]
    columns = {"u": user, "i": item, "t": time}
    with pytest.warns(UserWarning, match=text) as found:
        histories_of(library, columns)
    assert len(found) == 1
    assert found[0].filename == __file__


@pytest.mark.parametrize("trap", TRAPS)
def test_interactions_are_warned_of_once(trap):
    user, item, time, text = TRAPS[trap]

    def work():
        log = Interactions(user, item, time)
        log.sort().take([0]).drop_duplicates()
        return log.to_sequences()

    with pytest.warns(UserWarning, match=text) as found:
        work()
    assert len(found) == 1


@pytest.mark.parametrize("trap", TRAPS)
def test_a_split_is_warned_of_once(trap):
    user, item, time, text = TRAPS[trap]
    splitter = TemporalSplit(test_fraction=0.4)
    with pytest.warns(UserWarning, match=text) as found:
        splitter.split({"user": user, "item": item, "time": time})
    assert len(found) == 1


@pytest.mark.parametrize("trap", ["units", "rounding", "repeat"])
def test_a_log_is_described_with_its_traps(trap):
    user, item, time, text = TRAPS[trap]
    log, _ = caught(lambda: Interactions(user, item, time))
    description, found = caught(log.describe)
    assert found == []
    (sentence,) = set(description.warnings) - set(
        Sequences.from_iterable(log.drop_duplicates().to_sequences().to_lists())
        .describe()
        .warnings
    )
    with pytest.warns(UserWarning, match=text):
        warnings.warn(sentence, stacklevel=1)


def test_repeats_are_gone_once_duplicates_are_dropped():
    user, item, time, _ = TRAPS["repeat"]
    log = Interactions(user, item, time).drop_duplicates()
    assert log.to_sequences().to_lists() == [[5, 6], [5], [8, 7]]


def write(folder, trap):
    user, item, time, text = TRAPS[trap]
    rows = zip(user, item, map(str, np.asarray(time).tolist()), strict=True)
    path = folder / "log.csv"
    lines = [f"{user},{item},{time}\n" for user, item, time in rows]
    path.write_text("user,item,time\n" + "".join(lines))
    return path, text


@pytest.mark.parametrize("trap", ["units", "zones", "repeat"])
def test_a_file_is_warned_of_once(tmp_path, trap):
    path, text = write(tmp_path, trap)
    with pytest.warns(UserWarning, match=text) as found:
        read_interactions(path).to_sequences()
    assert len(found) == 1
    with pytest.warns(UserWarning, match=text):
        [part.to_sequences() for part in iter_interactions(path)]


@pytest.mark.parametrize(
    "log",
    [
        ([1, 1, 1], [5, 5, 6], [SECOND, SECOND, SECOND]),
        ([1, 1], [5, 5], None),
        ([1, 1], [5, 5], [1, 2]),
        ([1, 1, 2], [5, 6, 5], ["2014-07-01", "2014-07-01", "2014-07-02"]),
        ([1, 1, 2], [5, 6, 7], np.array([DAY * 18_000] * 3, np.float32)),
        ([1, 1, 2], [5, 6, 7], [0, 1, 0]),
        ([1, 1], [5, 6], [datetime(2020, 1, 1, tzinfo=UTC), "2020-01-02T00:00Z"]),
    ],
)
def test_usual_logs_are_not_warned_of(log):
    made = Interactions(*log)  # warnings are errors here
    made.to_sequences()
    plain = Sequences.from_iterable(made.to_sequences().to_lists()).describe()
    assert made.describe().warnings == plain.warnings
