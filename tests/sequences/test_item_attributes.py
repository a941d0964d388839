from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skdiffuasr.sequences.item_attributes import align_attributes

quick = settings(max_examples=60, deadline=None)

ITEMS = np.array([10, 20, 30])
DENSE = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]])


def rows_of(attributes):
    dense = attributes.toarray()
    assert set(np.unique(dense)) <= {0.0, 1.0}
    return [set(np.flatnonzero(row).tolist()) for row in dense]


# Mappings.

item = st.integers(0, 6)
mappings = st.dictionaries(item, st.lists(st.sampled_from([1, 2, 10, "red", ("a", 1)])))


@quick
@given(mappings, st.sets(item, min_size=1))
def test_a_mapping_gives_each_item_its_attributes(mapping, items):
    mapping = {item: [] for item in items} | mapping
    item_ids = np.array(sorted(items))
    names = {name for item in items for name in mapping[item]}
    if not names:
        with pytest.raises(ValueError, match="gives none of the"):
            align_attributes(mapping, item_ids)
        return
    attributes = align_attributes(mapping, item_ids)
    assert attributes.shape == (len(items), len(names))
    sets = rows_of(attributes)
    # Codes are a renaming: the items that share one are those that share an attribute.
    by_code = sorted(
        sorted(row for row in range(len(items)) if code in sets[row])
        for code in range(len(names))
    )
    by_name = sorted(
        sorted(
            row for row, item in enumerate(item_ids.tolist()) if name in mapping[item]
        )
        for name in names
    )
    assert by_code == by_name


def test_the_order_of_a_mapping_does_not_matter():
    mapping = {10: ["b", "a", 3], 20: {"c"}, 30: ("a", "b")}
    turned = {key: list(value)[::-1] for key, value in reversed(mapping.items())}
    np.testing.assert_array_equal(
        align_attributes(mapping, ITEMS).toarray(),
        align_attributes(turned, ITEMS).toarray(),
    )


def test_items_may_be_strings_and_attributes_arrays_or_repeated():
    mapping = {"a": np.array([4, 4, 2]), "b": range(2, 3), "c": frozenset()}
    attributes = align_attributes(MappingProxyType(mapping), np.array(["a", "b", "c"]))
    assert rows_of(attributes) == [{0, 1}, {0}, set()]


def test_items_that_are_not_in_the_catalogue_are_ignored():
    attributes = align_attributes({10: [1], 20: [2], 30: [], 99: [7, 8]}, ITEMS)
    assert attributes.shape == (3, 2)


def test_missing_items_are_named():
    items = np.arange(6)
    with pytest.raises(ValueError, match=r"no entry for 4 items of X.*\[1, 2, 4\]"):
        align_attributes({0: [1], 3: [1], 99: [1]}, items)


@pytest.mark.parametrize("mapping", [{}, {"10": [1]}, {11: [1]}])
def test_a_mapping_of_other_items_is_refused(mapping):
    message = r"has none of the 3 items of X: .*those of X \[10, 20, 30\]"
    with pytest.raises(ValueError, match=message):
        align_attributes(mapping, ITEMS)


@pytest.mark.parametrize("value", ["red", b"red", 3, None, 1.5])
def test_attributes_of_an_item_are_an_iterable(value):
    with pytest.raises(TypeError, match=rf"got {value!r} for item 20\."):
        align_attributes({10: [1], 20: value, 30: []}, ITEMS)


def test_attributes_are_hashable():
    with pytest.raises(TypeError, match=r"hashable.*has \[2\] for item 20\."):
        align_attributes({10: [1], 20: [[2]], 30: []}, ITEMS)


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan")])
def test_missing_attributes_are_refused(value):
    with pytest.raises(ValueError, match=r"missing value .* for item 20; leave it out"):
        align_attributes({10: [1], 20: ["a", value], 30: []}, ITEMS)


@pytest.mark.parametrize("name", ["NA", "NaT"])
def test_missing_attributes_of_pandas_are_refused(name):
    value = getattr(pytest.importorskip("pandas"), name)
    with pytest.raises(ValueError, match=rf"missing value .*{name}.* for item 20; "):
        align_attributes({10: [1], 20: ["a", value], 30: []}, ITEMS)


# Matrices.


@pytest.mark.parametrize(
    "given",
    [
        DENSE,
        DENSE.tolist(),
        DENSE.astype(bool),
        DENSE.astype(np.float16),
        sparse.csr_matrix(DENSE),
        sparse.csc_array(DENSE),
        sparse.coo_array(DENSE.astype(bool)),
        sparse.lil_array(DENSE.astype(float)),
        sparse.dok_array(DENSE),
    ],
    ids=lambda given: f"{type(given).__name__}-{getattr(given, 'dtype', None)}",
)
def test_a_matrix_is_taken_as_it_is(given):
    attributes = align_attributes(given, ITEMS)
    np.testing.assert_array_equal(attributes.toarray(), DENSE)
    assert attributes.has_canonical_format


@pytest.mark.parametrize("convert", [np.array, sparse.csr_array])
def test_a_read_only_matrix_is_left_alone(convert):
    given = convert(DENSE)
    data = given if isinstance(given, np.ndarray) else given.data
    data.setflags(write=False)
    align_attributes(given, ITEMS)
    np.testing.assert_array_equal(np.asarray(sparse.csr_array(given).todense()), DENSE)


def test_stored_zeros_are_no_attributes():
    given = sparse.csr_array((np.array([1.0, 0.0]), ([0, 1], [1, 0])), shape=(3, 2))
    assert rows_of(align_attributes(given, ITEMS)) == [{1}, set(), set()]
    assert given.nnz == 2


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, 2, 0.5])
@pytest.mark.parametrize("convert", [np.array, sparse.csc_matrix])
def test_other_values_are_refused(value, convert):
    given = DENSE.astype(float)
    given[2, 1] = value
    message = rf"must hold 0 and 1, got {float(value)} in row 2, item 30\."
    with pytest.raises(ValueError, match=message):
        align_attributes(convert(given), ITEMS)


@pytest.mark.parametrize("convert", [np.array, sparse.csr_array])
def test_the_number_of_rows_must_fit(convert):
    message = r"each of the 3 items of X in sorted order; got shape \(2, 4\)"
    with pytest.raises(ValueError, match=message):
        align_attributes(convert(DENSE[:2]), ITEMS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 0, 1], r"got shape \(3,\)"),
        (np.zeros((3, 2, 1)), r"got shape \(3, 2, 1\)"),
        (sparse.coo_array(np.array([1, 0, 1])), r"got shape \(3,\)"),
        ([[173, 1], [4], [5, 6]], "got rows of several lengths"),
        ([["red"], ["blue"], ["red"]], "got values of dtype <U4"),
        (np.array([[1], [None], [0]]), "got values of dtype object"),
    ],
)
def test_what_is_no_matrix_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        align_attributes(given, ITEMS)


@pytest.mark.parametrize(
    "given",
    [np.zeros((3, 2)), sparse.csr_array((3, 0)), {10: [], 20: (), 30: set()}],
)
def test_there_must_be_an_attribute(given):
    with pytest.raises(ValueError, match="gives none of the 3 items of X an attribute"):
        align_attributes(given, ITEMS)


# Frames.


def frame(index):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(
        {"fat": [1, 0, 1, 0], "hot": [0, 1, 1, 0]}, index=index
    ).iloc[: len(index)]


@pytest.mark.parametrize("dtype", [int, bool, float])
def test_a_frame_is_aligned_by_its_index(dtype):
    given = frame([30, 99, 10, 20]).astype(dtype)
    attributes = align_attributes(given, ITEMS)
    assert attributes.toarray().tolist() == [[1, 1], [0, 0], [1, 0]]
    assert given.index.tolist() == [30, 99, 10, 20]


def test_a_frame_of_strings_is_aligned_by_its_index():
    attributes = align_attributes(frame(list("zbaq")), np.array(["a", "b", "z"]))
    assert attributes.toarray().tolist() == [[1, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([30, 10, 98, 99], r"no entry for 1 items of X.*\[20\]. .* row of 0 in a Data"),
        ([0, 1, 2, 3], r"has none of the 3 items of X: its first ids are \[0, 1, 2\]"),
        (["10", "20", "30", "40"], "has none of the 3 items of X: .* 1 is not '1'"),
        ([10, 20, 30, 20], "must hold each item once, but has 20 several times"),
    ],
)
def test_the_index_of_a_frame_holds_each_item_once(index, message):
    with pytest.raises(ValueError, match=message):
        align_attributes(frame(index), ITEMS)


def test_values_of_a_frame_are_checked():
    with pytest.raises(ValueError, match=r"must hold 0 and 1, got 2\.0 .* item 10\."):
        align_attributes(2 * frame([30, 20, 10, 40]), ITEMS)
