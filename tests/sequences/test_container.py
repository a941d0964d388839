import copy
import io
import mmap
import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
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
from tests.sequences.tables import (
    GENERATED,
    OBSERVED,
    assert_is,
    build,
    names,
    quick,
    tables,
)

# Construction


@quick
@given(tables())
def test_lists_survive_the_round_trip(table):
    assert_is(build(*table), *table)


def test_attributes_have_canonical_dtypes():
    X = Sequences(np.array([1, 2], "int8"), [0, 2], np.array([1, 6], "int32"), ["a"])
    assert [X.values.dtype, X.offsets.dtype, X.n_pseudo.dtype] == [np.int64] * 3
    assert X.roles.dtype == np.uint8
    assert X.user_ids.dtype == "<U1"
    assert X.lengths.dtype == np.int64


def test_arrays_are_read_only_views_that_share_memory():
    values = np.arange(3)
    X = Sequences(values, [0, 3], [5, 6, 6])
    assert np.shares_memory(X.values, values)
    assert values.flags.writeable
    for array in (X.values, X.offsets, X.roles, X[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([1, 2], []), "offsets must run from 0"),
        (([1, 2], [1, 2]), "offsets must run from 0"),
        (([1, 2], [0, 1]), r"from 0 to len\(values\) = 2"),
        (([1, 2], [0, 2, 1, 2]), "row 1 runs from 2 to 1"),
        (([1, 2], [0, 2], [6]), "roles must have one entry for each of the 2 items"),
        (([1, 2], [0, 2], [6, 8]), "from 0 to 7, but entry 1 is 8"),
        (([1, 2], [0, 2], [-1, 6]), "from 0 to 7, but entry 0 is -1"),
        (([1, 2], [0, 2], [[6, 6]]), r"roles must be .*, got shape \(1, 2\)"),
        (([1, 2], [0, 2], None, [1, 2]), "user_ids must have one entry"),
        ((np.ones((2, 2), int), [0, 4]), "values must be one-dimensional"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        Sequences(*parts)


@pytest.mark.parametrize(
    "parts",
    [
        ([1.0], [0, 1]),
        ([1], [0.0, 1.0]),
        ([1], ["0", "1"]),
        (5, [0, 1]),
        ([1], [0, 1], [6.0]),
        ([1], [0, 1], [True]),
    ],
)
def test_parts_of_a_wrong_type_are_refused(parts):
    with pytest.raises(TypeError):
        Sequences(*parts)


def test_user_ids_may_repeat():
    assert_is(build([[1], [2]], None, [3, 3]), [[1], [2]], None, [3, 3])


# Access


def test_repr_is_short():
    X = build([[1, 2, 3], [4]], [[5, 5, 6], [6]])
    assert repr(X) == "Sequences(n=2, n_interactions=4, lengths=1..3, n_pseudo=0..2)"
    assert repr(X[:0]) == "Sequences(n=0, n_interactions=0)"


@pytest.mark.parametrize(
    "other",
    [
        build([[1, 2], [4]]),
        build([[1], [2, 3]]),
        build([[1, 2], [3]], [[5, 6], [6]]),
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
    rows, roles, users = table
    X, n = build(*table), len(rows)
    item = names if X.values.dtype.kind == "U" else st.integers(-9, 9)
    pseudo = data.draw(st.lists(st.lists(item, max_size=3), min_size=n, max_size=n))
    joined = [p + row for p, row in zip(pseudo, rows, strict=True)]
    grown = [[GENERATED] * len(p) + r for p, r in zip(pseudo, roles, strict=True)]
    assert_is(X.prepend(Sequences.from_iterable(pseudo)), joined, grown, users)


def test_prepend_takes_an_array():
    X = build([[1, 2], []], [[5, 6], []], ["a", "b"])
    grown = X.prepend(np.array([[8, 9], [6, 7]], dtype=np.int32))
    assert_is(grown, [[8, 9, 1, 2], [6, 7]], [[5, 5, 5, 6], [5, 5]], ["a", "b"])
    assert X.prepend(np.empty((2, 0), int)) == X


def test_prepend_takes_rows_without_casting_ids():
    X = build([["a"], ["b"]])
    assert_is(X.prepend([["c"], []]), [["c", "a"], ["b"]], [[5, 6], [6]])
    with pytest.raises(TypeError, match="row 1 of X is 1"):
        X.prepend([["c"], [1]])


def test_prepend_widens_strings():
    X = build([["a"]]).prepend(np.array([["longer"]]))
    assert_is(X, [["longer", "a"]], [[5, 6]])


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
    rows, roles, users = table
    real = [
        [item for item, role in zip(*row, strict=True) if role not in (1, 3, 5, 7)]
        for row in zip(rows, roles, strict=True)
    ]
    assert_is(build(*table).strip_pseudo(), real, None, users)


# Interactions


# Masks of the items


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
        "strided": Sequences(np.repeat(X.values, 2)[::2], X.offsets, X.roles),
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
def test_pickles_of_roles_and_user_ids_are_stable(table):
    X = build(*table)
    Y = pickle.loads(pickle.dumps(X))
    assert Y == X
    assert pickle.dumps(Y) == pickle.dumps(X)
    assert joblib.hash(Y) == joblib.hash(X)


def test_roles_that_say_nothing_leave_no_trace():
    plain = build([[1, 2], [3]])
    said = [
        build([[1, 2], [3]], [[OBSERVED] * 2, [OBSERVED]]),
        build([[1, 2], [3], [4]], [[6, 6], [6], [5]])[:2],
        build([[9, 1, 2], [3]], [[5, 6, 6], [6]]).strip_pseudo(),
    ]
    for X in said:
        assert X.roles is None
        assert X == plain
        assert joblib.hash(X) == joblib.hash(plain)
        assert pickle.dumps(X) == pickle.dumps(plain)


def test_every_role_is_part_of_the_identity():
    batches = [Sequences([1, 2], [0, 2], [role, 6]) for role in range(8)]
    assert len({joblib.hash(X) for X in batches}) == 8
    assert np.array_equal([[X == Y for Y in batches] for X in batches], np.eye(8))


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
    X = Sequences([1, 2, 3], [0, 2, 3], [5, 6, 7], user_ids)
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    for part in (mapped.values, mapped.roles):
        assert isinstance(owner(part), mmap.mmap)
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
