import copy
import io
import mmap
import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_validate,
    train_test_split,
)
from sklearn.utils import _safe_indexing, resample, shuffle

from skdiffuasr.sequences import Sequences, check_sequences

quick = settings(max_examples=60, deadline=None)

ids = st.integers(-(2**63), 2**63 - 1)
names = st.text(min_size=1, max_size=5).filter(lambda text: not text.endswith("\0"))


@st.composite
def tables(draw, min_rows=0, item=None):
    """Rows, pseudo counts and user ids as plain lists."""
    item = draw(st.sampled_from([ids, names])) if item is None else item
    rows = draw(st.lists(st.lists(item, max_size=6), min_size=min_rows, max_size=8))
    n_pseudo = [draw(st.integers(0, len(row))) for row in rows]
    users = draw(st.none() | st.lists(names, min_size=len(rows), max_size=len(rows)))
    return rows, n_pseudo, users


def build(rows, n_pseudo=None, users=None):
    X = Sequences.from_iterable(rows, users)
    return Sequences(X.values, X.offsets, n_pseudo, X.user_ids)


def assert_is(X, rows, n_pseudo=None, users=None):
    assert X.to_lists() == rows
    assert X.n_pseudo.tolist() == ([0] * len(rows) if n_pseudo is None else n_pseudo)
    assert (None if X.user_ids is None else X.user_ids.tolist()) == users


@pytest.fixture
def X():
    """Seven rows with pseudo items and user ids."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 8, size=7)
    return Sequences(
        rng.integers(0, 50, size=lengths.sum()),
        np.concatenate(([0], np.cumsum(lengths))),
        rng.integers(0, 3, size=7),
        [f"user{i}" for i in range(7)],
    )


# Construction


@quick
@given(tables())
def test_lists_survive_the_round_trip(table):
    assert_is(build(*table), *table)


def test_attributes_have_canonical_dtypes():
    X = Sequences(np.array([1, 2], "int8"), [0, 2], np.array([1], "uint8"), ["a"])
    assert [X.values.dtype, X.offsets.dtype, X.n_pseudo.dtype] == [np.int64] * 3
    assert X.user_ids.dtype == "<U1"
    assert X.lengths.dtype == np.int64


def test_arrays_are_read_only_views_that_share_memory():
    values = np.arange(3)
    X = Sequences(values, [0, 3])
    assert np.shares_memory(X.values, values)
    assert values.flags.writeable
    for array in (X.values, X.offsets, X.n_pseudo, X[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([1, 2], []), "offsets must run from 0"),
        (([1, 2], [1, 2]), "offsets must run from 0"),
        (([1, 2], [0, 1]), r"from 0 to len\(values\) = 2"),
        (([1, 2], [0, 2, 1, 2]), "row 1 runs from 2 to 1"),
        (([1, 2], [0, 2], [0, 0]), "n_pseudo must have one entry for each of the 1"),
        (([1, 2], [0, 2], [3]), "is 3 for row 0 of length 2"),
        (([1, 2], [0, 2], [-1]), "is -1 for row 0"),
        (([1, 2], [0, 2], None, [1, 2]), "user_ids must have one entry"),
        ((np.ones((2, 2), int), [0, 4]), "values must be one-dimensional"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        Sequences(*parts)


@pytest.mark.parametrize(
    "parts", [([1.0], [0, 1]), ([1], [0.0, 1.0]), ([1], ["0", "1"]), (5, [0, 1])]
)
def test_parts_of_a_wrong_type_are_refused(parts):
    with pytest.raises(TypeError):
        Sequences(*parts)


def test_user_ids_may_repeat():
    assert_is(build([[1], [2]], None, [3, 3]), [[1], [2]], None, [3, 3])


def test_from_iterable_keeps_the_mask_of_sequences():
    X = build([[1, 2]], [1], ["a"])
    assert Sequences.from_iterable(X) == X
    assert_is(Sequences.from_iterable(X, user_ids=[5]), [[1, 2]], [1], [5])


# Access


@quick
@given(tables(), st.integers(-10, 10))
def test_integer_key_gives_the_row(table, key):
    rows, X = table[0], build(*table)
    if -len(rows) <= key < len(rows):
        assert X[key].tolist() == rows[key]
        assert X[np.int64(key), ...].tolist() == rows[key]
    else:
        with pytest.raises(IndexError, match=f"row {key} is out of bounds"):
            X[key]


@quick
@given(tables(), st.slices(8))
def test_slices_follow_lists(table, key):
    rows, n_pseudo, users = table
    expected = (rows[key], n_pseudo[key], users if users is None else users[key])
    assert_is(build(*table)[key], *expected)
    assert_is(build(*table)[key, ...], *expected)


@quick
@given(tables(min_rows=1), st.data())
def test_fancy_and_boolean_keys_follow_lists(table, data):
    rows, n_pseudo, users = table
    n = len(rows)
    key = data.draw(st.lists(st.integers(-n, n - 1), max_size=2 * n))
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    for numbers, keys in [
        (key, [key, np.array(key, dtype=np.intp)]),
        (np.flatnonzero(mask).tolist(), [mask, np.array(mask)]),
    ]:
        chosen_users = None if users is None else [users[i] for i in numbers]
        chosen = [rows[i] for i in numbers], [n_pseudo[i] for i in numbers]
        for each in keys:
            assert_is(build(*table)[each], *chosen, chosen_users)
            assert_is(build(*table)[each, ...], *chosen, chosen_users)


@pytest.mark.parametrize("rows", [[[1, 2], [3], [4]], [["longest"], ["a"], ["b"]]])
def test_slices_share_the_values(rows):
    X = Sequences.from_iterable(rows)
    assert np.shares_memory(X[1:].values, X.values)
    assert np.shares_memory(X[2], X.values)


@pytest.mark.parametrize(
    "key", [1.0, "a", None, True, [0.5], [[0]], (0, 1), ([0], slice(None)), [9], [True]]
)
def test_bad_keys_are_refused(X, key):
    with pytest.raises(IndexError):
        X[key]


def test_len_shape_and_iteration(X):
    assert len(X) == 7
    assert X.shape == (7,)
    assert [row.tolist() for row in X] == X.to_lists()


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


def test_repr_is_short():
    X = build([[1, 2, 3], [4]], [2, 0])
    assert repr(X) == "Sequences(n=2, n_interactions=4, lengths=1..3, n_pseudo=0..2)"
    assert repr(X[:0]) == "Sequences(n=0, n_interactions=0)"


@pytest.mark.parametrize(
    "other",
    [
        build([[1, 2], [4]]),
        build([[1], [2, 3]]),
        build([[1, 2], [3]], [1, 0]),
        build([[1, 2], [3]], None, [1, 2]),
        build([["1", "2"], ["3"]]),
        [[1, 2], [3]],
    ],
)
def test_differing_batches_are_unequal(other):
    assert build([[1, 2], [3]]) != other


# Methods


@quick
@given(tables(), st.data())
def test_prepend_follows_lists(table, data):
    rows, n_pseudo, users = table
    X, n = build(*table), len(rows)
    item = names if X.values.dtype.kind == "U" else st.integers(-9, 9)
    pseudo = data.draw(st.lists(st.lists(item, max_size=3), min_size=n, max_size=n))
    joined = [p + row for p, row in zip(pseudo, rows, strict=True)]
    grown = [len(p) + m for p, m in zip(pseudo, n_pseudo, strict=True)]
    assert_is(X.prepend(Sequences.from_iterable(pseudo)), joined, grown, users)


def test_prepend_takes_an_array():
    X = build([[1, 2], []], [1, 0], ["a", "b"])
    grown = X.prepend(np.array([[8, 9], [6, 7]], dtype=np.int32))
    assert_is(grown, [[8, 9, 1, 2], [6, 7]], [3, 2], ["a", "b"])
    assert X.prepend(np.empty((2, 0), int)) == X


def test_prepend_takes_rows_without_casting_ids():
    X = build([["a"], ["b"]])
    assert_is(X.prepend([["c"], []]), [["c", "a"], ["b"]], [1, 0])
    with pytest.raises(TypeError, match="row 1 of X is 1"):
        X.prepend([["c"], [1]])


def test_prepend_widens_strings():
    X = build([["a"]]).prepend(np.array([["longer"]]))
    assert_is(X, [["longer", "a"]], [1])


def test_prepend_refuses_what_does_not_fit():
    X = build([[1], [2]])
    with pytest.raises(ValueError, match="each of the 2 rows, got 1"):
        X.prepend(np.array([[1]]))
    with pytest.raises(ValueError, match=r"shape \(n, M\)"):
        X.prepend(np.array([1, 2]))
    with pytest.raises(TypeError, match="type str and int"):
        X.prepend(np.array([["a"], ["b"]]))
    with pytest.raises(TypeError, match="convert to int"):
        X.prepend(np.array([[1.0], [2.0]]))


@quick
@given(tables())
def test_strip_pseudo_follows_lists(table):
    rows, n_pseudo, users = table
    real = [row[m:] for row, m in zip(rows, n_pseudo, strict=True)]
    assert_is(build(*table).strip_pseudo(), real, None, users)


@quick
@given(tables(), st.integers(0, 7))
def test_drop_last_follows_lists(table, k):
    rows, n_pseudo, users = table
    kept = [row[: max(len(row) - k, 0)] for row in rows]
    left = [min(m, len(row)) for m, row in zip(n_pseudo, kept, strict=True)]
    assert_is(build(*table).drop_last(k), kept, left, users)


def test_drop_last_takes_one_number_per_row():
    X = build([[1, 2], [3, 4], [5]]).drop_last(np.array([0, 1, 2]))
    assert_is(X, [[1, 2], [3], []])


@quick
@given(tables(), st.integers(0, 7))
def test_tail_follows_lists(table, max_length):
    rows, n_pseudo, users = table
    cut = [max(len(row) - max_length, 0) for row in rows]
    kept = [row[c:] for row, c in zip(rows, cut, strict=True)]
    left = [max(m - c, 0) for m, c in zip(n_pseudo, cut, strict=True)]
    assert_is(build(*table).tail(max_length), kept, left, users)


@pytest.mark.parametrize(
    "call",
    [
        lambda X: X.tail(-1),
        lambda X: X.drop_last(-1),
        lambda X: X.drop_last(np.array([1, -1, 0, 0, 0, 0, 0])),
        lambda X: X.to_padded(-1),
    ],
)
def test_negative_counts_are_refused(X, call):
    with pytest.raises(ValueError, match="must not be negative"):
        call(X)


@quick
@given(tables(min_rows=1))
def test_last_follows_lists(table):
    rows, X = table[0], build(*table)
    if all(rows):
        assert X.last().tolist() == [row[-1] for row in rows]
    else:
        first = next(i for i, row in enumerate(rows) if not row)
        with pytest.raises(ValueError, match=f"Row {first} of X has 0 items"):
            X.last()


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


# Interactions


@quick
@given(tables())
def test_to_interactions_follows_lists(table):
    rows, n_pseudo, users = table
    log = build(*table).to_interactions()
    users = list(range(len(rows))) if users is None else users
    expected = [
        (user, item, i - m, i < m)
        for user, row, m in zip(users, rows, n_pseudo, strict=True)
        for i, item in enumerate(row)
    ]
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


# Masks of the items


MASKS = ("is_target", "is_context")
SELECTIONS = {
    "slice": lambda X: X[1:-1],
    "order": lambda X: X[::-1],
    "rows": lambda X: X[[0] * (len(X) > 0)],
    "tail": lambda X: X.tail(2),
    "drop_last": lambda X: X.drop_last(),
    "prepend": lambda X: X.prepend(np.zeros((len(X), 0), dtype=X.values.dtype)),
    "from_iterable": Sequences.from_iterable,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
}


def masked(table, data, names=MASKS):
    X = build(*table)
    n = len(X.values)
    mask = st.lists(st.booleans(), min_size=n, max_size=n)
    masks = {name: np.array(data.draw(mask), dtype=bool) for name in names}
    return Sequences(X.values, X.offsets, X.n_pseudo, X.user_ids, **masks)


@quick
@given(tables(), st.sampled_from([MASKS, MASKS[:1], MASKS[1:]]), st.data())
def test_masks_go_where_their_items_go(table, names, data):
    X = masked(table, data, names)
    for operation, select in SELECTIONS.items():
        selected = select(X)
        for name in MASKS:
            if name not in names:
                assert getattr(selected, name) is None, operation
                continue
            # A batch of the mask itself follows the same rules.
            as_items = Sequences(getattr(X, name).astype(int), X.offsets, X.n_pseudo)
            expected = select(as_items).values.astype(bool)
            np.testing.assert_array_equal(
                getattr(selected, name), expected, err_msg=f"{operation} {name}"
            )


@quick
@given(tables(item=ids), st.data())
def test_what_is_put_in_front_is_read_and_not_learned(table, data):
    X = masked(table, data)
    grown = X.prepend(np.full((len(X), 2), 5))
    new = np.arange(len(grown.values)) < np.repeat(
        grown.offsets[:-1] + 2, grown.lengths
    )
    assert not grown.is_target[new].any()
    assert grown.is_context[new].all()
    np.testing.assert_array_equal(grown.is_target[~new], X.is_target)
    np.testing.assert_array_equal(grown.is_context[~new], X.is_context)
    assert X.strip_pseudo().is_target is X.strip_pseudo().is_context is None


@quick
@given(tables(), st.data())
def test_drop_passed_over_follows_lists(table, data):
    X = masked(table, data)
    reads = [X.is_context[a:b] for a, b in zip(X.offsets, X.offsets[1:], strict=False)]
    rows = [np.array(row, object)[r].tolist() for row, r in zip(X, reads, strict=True)]
    n_pseudo = [int(r[:m].sum()) for r, m in zip(reads, X.n_pseudo, strict=True)]
    dropped = X.drop_passed_over()
    assert_is(dropped, rows, n_pseudo, table[2])
    np.testing.assert_array_equal(dropped.is_target, X.is_target[X.is_context])
    assert dropped.is_context is None
    assert dropped.drop_passed_over() is dropped


def test_masks_are_part_of_the_identity():
    parts = [1, 2], [0, 2], [0], None
    mask = [True, False]
    batches = [
        Sequences(*parts),
        Sequences(*parts, is_target=mask),
        Sequences(*parts, is_context=mask),
        Sequences(*parts, is_target=mask, is_context=mask),
    ]
    assert len({joblib.hash(X) for X in batches}) == 4
    assert np.array_equal([[X == Y for Y in batches] for X in batches], np.eye(4))


# Identity: hash and pickle by content


def versions(rows):
    """Build the same batch in every way that could leave traces."""
    X = Sequences.from_iterable(rows)
    padding = [["much longer"]] if X.values.dtype.kind == "U" else [[0]]
    file = io.BytesIO()
    joblib.dump(X, file)
    file.seek(0)
    return {
        "lists": X,
        "arrays": Sequences.from_iterable([np.array(row) for row in rows]),
        "slice": Sequences.from_iterable(padding + rows + padding)[1:-1],
        "backwards": Sequences.from_iterable(rows[::-1])[::-1],
        "fancy": Sequences.from_iterable(padding + rows)[range(1, len(rows) + 1)],
        "strided": Sequences(np.repeat(X.values, 2)[::2], X.offsets, X.n_pseudo),
        "copy": copy.deepcopy(X),
        "pickle": pickle.loads(pickle.dumps(X)),
        "old pickle": pickle.loads(pickle.dumps(X, protocol=2)),
        "joblib": joblib.load(file),
    }


@pytest.mark.parametrize(
    "rows", [[[1, 2], [3]], [["a", "b"], ["a"]], [["a"]], [[5]], [[], []]]
)
def test_equal_content_hashes_and_pickles_equal(rows):
    first, *others = versions(rows).items()
    for name, X in others:
        assert X == first[1], name
        assert joblib.hash(X) == joblib.hash(first[1]), name
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            expected = pickle.dumps(first[1], protocol)
            assert pickle.dumps(X, protocol) == expected, (name, protocol)


@quick
@given(tables())
def test_pickles_of_the_mask_and_user_ids_are_stable(table):
    X = build(*table)
    Y = pickle.loads(pickle.dumps(X))
    assert Y == X
    assert pickle.dumps(Y) == pickle.dumps(X)
    assert joblib.hash(Y) == joblib.hash(X)


def test_differing_content_hashes_differently(X):
    others = [X[:-1], X[::-1], X.strip_pseudo(), X.tail(2), Sequences(*X._parts()[:3])]
    assert len({joblib.hash(Y) for Y in [X, *others]}) == 6


def owner(array):
    """Follow the bases of a view to what holds the memory."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize("user_ids", [None, ["a", "bc"]])
def test_memory_maps_are_accepted(tmp_path, user_ids):
    X = Sequences.from_iterable([[1, 2], [3]], user_ids)
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert isinstance(owner(mapped.values), mmap.mmap)
    assert mapped == X
    assert joblib.hash(mapped) == joblib.hash(X)
    assert pickle.dumps(mapped) == pickle.dumps(X)


def test_workers_receive_equal_batches(X):
    with joblib.Parallel(n_jobs=2, max_nbytes=1) as parallel:
        hashes = parallel(joblib.delayed(joblib.hash)(X) for _ in range(2))
        rows = parallel(joblib.delayed(Sequences.tail)(X, 2) for _ in range(2))
    assert hashes == [joblib.hash(X)] * 2
    assert rows == [X.tail(2)] * 2


# scikit-learn


def assert_rows_of(part, X):
    """Check that the rows of a part, found by user id, are those of X."""
    users = X.user_ids.tolist()
    assert part == X[[users.index(user) for user in part.user_ids.tolist()]]


def test_train_test_split_keeps_mask_and_users(X):
    y = np.arange(len(X))
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    assert len(X_train) + len(X_test) == len(X)
    assert X_train == X[y_train]
    assert_rows_of(X_test, X)


def test_kfold_and_safe_indexing_keep_mask_and_users(X):
    for train, test in KFold(3).split(X):
        for rows in (train, test, test.tolist()):
            assert _safe_indexing(X, rows) == X[rows]
    mask = np.arange(len(X)) % 2 == 0
    assert _safe_indexing(X, mask) == X[::2]
    assert _safe_indexing(X, slice(1, 3)) == X[1:3]


def test_resample_and_shuffle_keep_mask_and_users(X):
    assert_rows_of(resample(X, n_samples=20, random_state=0), X)
    assert_rows_of(shuffle(X, random_state=0), X)


class MeanLength(BaseEstimator):
    """A stand-in that insists on receiving Sequences with their mask."""

    def __init__(self, with_pseudo=True):
        self.with_pseudo = with_pseudo

    def fit(self, X, y=None):
        assert isinstance(X, Sequences)
        assert X.n_pseudo.any()
        rows = X if self.with_pseudo else X.strip_pseudo()
        self.length_ = rows.lengths.mean()
        return self

    def score(self, X, y=None):
        return -abs(X.strip_pseudo().lengths.mean() - self.length_)


def test_cross_validation_and_grid_search_keep_the_mask(X):
    scores = cross_validate(MeanLength(), X, cv=3, error_score="raise")["test_score"]
    assert len(scores) == 3
    search = GridSearchCV(MeanLength(), {"with_pseudo": [True, False]}, cv=3)
    search.set_params(error_score="raise").fit(X)
    assert search.best_estimator_.length_ in (
        X.lengths.mean(),
        X.strip_pseudo().lengths.mean(),
    )


# check_sequences


def test_check_sequences_returns_sequences_as_they_are(X):
    assert check_sequences(X) is X


@pytest.mark.parametrize("empty", [[], (), np.array([]), iter([])])
def test_no_rows_are_refused(empty):
    with pytest.raises(ValueError, match=r"0 sample\(s\) .* in histories"):
        check_sequences(empty, input_name="histories")


def test_rows_that_are_too_short_are_refused():
    rows = [[1, 2], [3], []]
    assert len(check_sequences(rows)) == 3
    with pytest.raises(ValueError, match=r"Row 2 of X has 0 items, .* minimum of 1"):
        check_sequences(rows, min_length=1)
    with pytest.raises(ValueError, match=r"Row 1 of X has 1 items, .* minimum of 2"):
        check_sequences(Sequences.from_iterable(rows), min_length=2)


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


def test_a_pseudo_item_behind_an_observed_one_is_named():
    log = {"u": ["a", "b", "b"], "i": [1, 2, 3], "mark": [True, False, True]}
    names = {"user": "u", "item": "i", "is_pseudo": "mark"}
    with pytest.raises(ValueError, match="User 'b' has the pseudo item 3 behind an"):
        Sequences.from_interactions(log, **names)
    log["time"] = [1, 2, 1]
    X = Sequences.from_interactions(log, **names, time="time")
    assert X.n_pseudo.tolist() == [1, 1]
    log["mark"] = [True, False]
    with pytest.raises(ValueError, match="3 times, 2 marks of pseudo items"):
        Sequences.from_interactions(log, **names, time="time")
    log["mark"] = [True, False, 3]
    with pytest.raises(ValueError, match=r"Row 2 of column 'mark' is .*3"):
        Sequences.from_interactions(log, **names)
