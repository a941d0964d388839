"""When two values are the same, written without looking at how they are stored."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from skdiffuasr.sequences import Sequences


def assert_identical(actual, expected):
    """Compare types, and every bit of what they hold."""
    assert type(actual) is type(expected)
    if isinstance(expected, np.ndarray | np.generic):
        assert actual.dtype == expected.dtype
        assert actual.shape == expected.shape
        if expected.dtype.kind in "UO":
            assert actual.tolist() == expected.tolist()
        else:
            assert actual.tobytes() == expected.tobytes()
    elif isinstance(expected, float):
        assert repr(actual) == repr(expected)
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for item, other in zip(actual, expected, strict=True):
            assert_identical(item, other)
    elif isinstance(expected, dict):
        assert_identical(list(actual.items()), list(expected.items()))
    elif isinstance(expected, set | frozenset):
        assert_identical(sorted(actual, key=repr), sorted(expected, key=repr))
    elif sparse.issparse(expected):
        assert_identical(actual.shape, expected.shape)
        # Formats without arrays of their own have no order that could be kept.
        assert_identical(_parts(actual), _parts(expected))
    elif isinstance(expected, Sequences):
        assert_identical(
            [variant._parts() for variant in actual.variants],
            [variant._parts() for variant in expected.variants],
        )
    elif isinstance(expected, BaseEstimator):
        assert_identical(actual.get_params(deep=False), expected.get_params(deep=False))
        assert_identical(
            dict(sorted(vars(actual).items())), dict(sorted(vars(expected).items()))
        )
    else:
        assert actual == expected


def _parts(matrix):
    if matrix.format in ("csr", "csc", "bsr"):
        return [matrix.data, matrix.indices, matrix.indptr]
    if matrix.format == "dia":
        return [matrix.data, matrix.offsets]
    coo = matrix.tocoo()
    return [coo.data, coo.row, coo.col]
