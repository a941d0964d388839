import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, check_sequences
from tests.sequences.tables import (
    assert_is,
    build,
    ids,
    names,
    quick,
    roles_of,
    tables,
)


def test_from_iterable_keeps_the_roles_of_sequences():
    X = build([[1, 2]], [[5, 6]], ["a"])
    assert Sequences.from_iterable(X) == X
    assert_is(Sequences.from_iterable(X, user_ids=[5]), [[1, 2]], [[5, 6]], [5])


@pytest.mark.parametrize("rows", [[[1, 2], [3]], [[1, 2], [3, 4]], [[]], []])
def test_becomes_an_object_array_of_rows(rows):
    X = Sequences.from_iterable(rows)
    for array in (np.asarray(X), np.array(X), np.asarray(X, dtype=object)):
        assert array.shape == (len(rows),)
        assert array.dtype == object
        assert [row.tolist() for row in array] == rows
    assert Sequences.from_iterable(np.asarray(X)) == X


def test_does_not_become_an_array_without_a_copy(X):
    with pytest.raises(ValueError, match="copy"):
        X.__array__(copy=False)


@quick
@given(tables(), st.none() | st.integers(0, 7), st.sampled_from(["left", "right"]))
def test_to_padded_follows_lists(table, length, side):
    rows, X = table[0], build(*table)
    filler = "" if X.values.dtype.kind == "U" else -1
    n_columns = max(map(len, rows), default=0) if length is None else length
    padded = X.to_padded(length, pad_value=filler, side=side)
    assert padded.shape == (len(rows), n_columns)
    for got, row in zip(padded.tolist(), rows, strict=True):
        kept = row[max(len(row) - n_columns, 0) :]
        padding = [filler] * (n_columns - len(kept))
        assert got == (padding + kept if side == "left" else kept + padding)


def test_to_padded_refuses_fillers_of_another_type():
    with pytest.raises(TypeError, match="pad_value must be of type str"):
        build([["a"]]).to_padded()
    with pytest.raises(TypeError, match="pad_value must be of type int"):
        build([[1]]).to_padded(pad_value="")
    with pytest.raises(ValueError, match="side must be 'left' or 'right'"):
        build([[1]]).to_padded(side="middle")


@quick
@given(tables())
def test_to_interactions_follows_lists(table):
    rows, roles, users = table
    log = build(*table).to_interactions()
    users = list(range(len(rows))) if users is None else users
    expected = []
    for user, row, flags in zip(users, rows, roles, strict=True):
        is_pseudo = [flag in (1, 3, 5, 7) for flag in flags]
        first = is_pseudo.index(False) if False in is_pseudo else len(row)
        for i, item in enumerate(row):
            expected.append((user, item, i - first, is_pseudo[i]))
    columns = [log[name].tolist() for name in ("user", "item", "position", "is_pseudo")]
    assert list(zip(*columns, strict=True)) == expected


@pytest.mark.filterwarnings("ignore:the last interaction is there twice")
@quick
@given(st.lists(st.tuples(st.integers(0, 4), ids, st.integers(0, 3)), max_size=20))
def test_from_interactions_sorts_by_user_and_time(log):
    columns = dict(zip("uit", map(list, zip(*log, strict=True)), strict=False))
    columns = columns or {"u": [], "i": [], "t": []}
    X = Sequences.from_interactions(columns, user="u", item="i", time="t")
    users = sorted({user for user, _, _ in log})
    assert X.user_ids.tolist() == users
    for user, row in zip(users, X.to_lists(), strict=True):
        own = [entry for entry in log if entry[0] == user]
        assert row == [item for _, item, _ in sorted(own, key=lambda entry: entry[2])]


@quick
@given(st.dictionaries(names, st.lists(ids, min_size=1, max_size=5)), st.randoms())
def test_interactions_survive_the_round_trip(histories, random):
    users = sorted(histories)
    X = Sequences.from_iterable([histories[user] for user in users], users)
    log = X.to_interactions()
    order = list(range(len(X.values)))
    random.shuffle(order)
    shuffled = {name: column[order] for name, column in log.items()}
    again = Sequences.from_interactions(
        shuffled, user="user", item="item", time="position"
    )
    assert again == X


@pytest.mark.parametrize("kind", [bool, int, object])
def test_pseudo_items_of_a_log_are_counted(kind):
    X = Sequences.from_iterable([[5, 6], [7], [8]], user_ids=["a", "b", "c"])
    X = X.prepend([[1, 3], [], [2]])
    log = X.to_interactions()
    order = np.random.default_rng(0).permutation(len(log["user"]))
    frame = {name: column[order] for name, column in log.items()}
    frame["is_pseudo"] = frame["is_pseudo"].astype(kind)
    names = {"user": "user", "item": "item", "time": "position"}
    assert Sequences.from_interactions(frame, **names, is_pseudo="is_pseudo") == X
    assert not Sequences.from_interactions(frame, **names).n_pseudo.any()


def test_pseudo_items_may_stand_behind_observed_ones():
    log = {"u": ["a", "b", "b"], "i": [1, 2, 3], "mark": [True, False, True]}
    names = {"user": "u", "item": "i", "is_pseudo": "mark"}
    X = Sequences.from_interactions(log, **names)
    assert_is(X, [[1], [2, 3]], [[5], [6, 5]], ["a", "b"])
    log["time"] = [1, 2, 1]
    X = Sequences.from_interactions(log, **names, time="time")
    assert_is(X, [[1], [3, 2]], [[5], [5, 6]], ["a", "b"])


def test_marks_of_pseudo_items_are_checked():
    log = {"u": ["a", "b", "b"], "i": [1, 2, 3], "time": [1, 2, 1]}
    names = {"user": "u", "item": "i", "time": "time", "is_pseudo": "mark"}
    with pytest.raises(ValueError, match="3 times, 2 marks of pseudo items"):
        Sequences.from_interactions(log | {"mark": [True, False]}, **names)
    with pytest.raises(ValueError, match=r"Row 2 of column 'mark' is .*3"):
        Sequences.from_interactions(log | {"mark": [True, False, 3]}, **names)


@pytest.mark.filterwarnings("error")
def test_a_pseudo_item_may_repeat_the_last_one():
    log = {"u": [1, 1], "i": [5, 5], "t": [3, 3]}
    columns = {"user": "u", "item": "i", "time": "t"}
    with pytest.warns(UserWarning, match="the last interaction is there twice"):
        Sequences.from_interactions(log, **columns)
    for marks in ([False, True], [True, False]):
        marked = log | {"mark": marks}
        Sequences.from_interactions(marked, **columns, is_pseudo="mark")


@pytest.mark.parametrize(
    "make",
    [
        lambda rows: check_sequences(rows),
        lambda rows: check_sequences([np.array(row, "uint8") for row in rows]),
        lambda rows: check_sequences(np.array([*rows, []], dtype=object)),
        lambda rows: Sequences.from_interactions(
            {"u": np.array([1, 1, 2], "uint8"), "i": np.array([1, 2, 3], "int16")},
            user="u",
            item="i",
        ),
        lambda rows: Sequences.from_interactions(
            {"u": ["a", "a", "bc"], "i": ["x", "y", "longest"], "p": [1, 0, 0]},
            user="u",
            item="i",
            is_pseudo="p",
        ),
    ],
)
def test_parts_that_were_checked_before_are_stored_alike(make):
    X = make([[1, 2], [3]])
    for part, other in zip(X._parts(), Sequences(*X._parts())._parts(), strict=True):
        assert type(part) is type(other)
        if part is not None:
            assert (part.dtype, part.strides) == (other.dtype, other.strides)
            assert part.tolist() == other.tolist()


@quick
@given(tables())
def test_tables_survive_the_round_trip(table):
    X = build(*table)
    frame = {"items": X.to_lists(), "roles": roles_of(X)}
    if X.user_ids is not None:
        frame["user"] = X.user_ids
    assert Sequences.from_frame(frame) == X


def test_roles_that_do_not_fit_the_items_are_refused():
    frame = {"items": [[1, 2], [3]], "roles": [[6], [6, 6]]}
    with pytest.raises(ValueError, match="Column 'roles' must have one entry for each"):
        Sequences.from_frame(frame)
    with pytest.raises(ValueError, match="from 0 to 7, but entry 1 is 8"):
        Sequences.from_frame(frame | {"roles": [[6, 8], [6]]})
