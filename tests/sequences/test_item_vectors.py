import numpy as np
import pytest
from scipy import sparse

from skdiffuasr.sequences.item_vectors import align_vectors

ITEMS = np.array([10, 20, 30])
VECTORS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def align(given, items=ITEMS):
    return align_vectors(given, items, "item_features")


@pytest.mark.parametrize(
    "given",
    [
        VECTORS,
        VECTORS.tolist(),
        VECTORS.astype(np.float16),
        VECTORS.astype(int),
        {30: [5, 6.0], 10: np.array([1, 2]), 20: (3.0, 4), 99: "other"},
        {30: [5, True * 6], 10: np.array([1, 2], object), 20: (3, 4)},
    ],
)
def test_vectors_are_in_the_order_of_the_catalogue(given):
    vectors = align(given)
    assert vectors.dtype == np.float64
    np.testing.assert_array_equal(vectors, VECTORS)


def test_a_frame_may_have_columns_of_several_types():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"flag": [True, False, True], "price": [0.5, 1.5, 2.0]}, index=[30, 10, 20]
    )
    np.testing.assert_array_equal(align(frame), [[0, 1.5], [1, 2], [1, 0.5]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({10: [1.0]}, r"no entry for 2 items of X, the first being \[20, 30\].*mean"),
        ({"10": [1.0]}, r"has none of the 3 items of X: .* those of X \[10, 20, 30\]"),
        (
            {10: [1.0], 20: [1.0, 2.0], 30: [1.0]},
            "got 2 numbers for item 20, and 1 for",
        ),
        ({10: [1.0], 20: ["a"], 30: [1.0]}, r"got \['a'\] for item 20"),
        ({10: [1.0], 20: 3.0, 30: [1.0]}, r"got 3\.0 for item 20"),
        ({10: [1.0], 20: [None], 30: [1.0]}, r"got \[None\] for item 20"),
        ([["1", "2"], ["3", "4"], ["5", "6"]], r"got \['1', '2'\] for item 10"),
        ([[1.0], [1.0, 2.0], [3.0]], "got 2 numbers for item 20"),
        ({10: [1.0], 20: [np.nan], 30: [1.0]}, "value nan, .* in row 1, item 20"),
        ([[1.0], [np.inf], [3.0]], "value inf, .* in row 1, item 20"),
        (VECTORS[:2], r"each of the 3 items .*got shape \(2, 2\)\. A mapping"),
        (VECTORS[0], r"got shape \(2,\)"),
        (VECTORS[:, :, None], r"got shape \(3, 2, 1\)"),
        (sparse.csr_array(VECTORS), "dense vectors .* got a csr_array; its toarray"),
    ],
)
def test_bad_vectors_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^item_features .*{message}"):
        align(given)


def test_a_frame_must_have_numbers_and_each_item_once():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]}, index=ITEMS)
    with pytest.raises(ValueError, match=r"got .*'a'.* for item 10"):
        align(frame)
    frame = pandas.DataFrame({"x": [1, 2, 3]}, index=[10, 20, 20])
    with pytest.raises(ValueError, match="must hold each item once, but has 20"):
        align(frame)
