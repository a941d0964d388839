"""Pickle, joblib and skops hold every public estimator too."""

import pickle

import joblib
import pytest

from tests.persistence.fitted import NAMES, make_fitted, outputs
from tests.persistence.identity import assert_identical

#: What skops does not trust by itself, besides the estimators.
OTHER_TYPES = {"scipy.sparse._csr.csr_array"}


def assert_same(loaded, fitted):
    assert_identical(loaded, fitted)
    assert_identical(outputs(loaded), outputs(fitted))


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("name", NAMES)
def test_pickle(name, protocol):
    fitted = make_fitted(name)
    assert_same(pickle.loads(pickle.dumps(fitted, protocol)), fitted)


@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize("name", NAMES)
def test_joblib(name, compress, tmp_path):
    fitted = make_fitted(name)
    joblib.dump(fitted, tmp_path / "model", compress=compress)
    loaded = joblib.load(tmp_path / "model")
    assert joblib.hash(loaded) == joblib.hash(fitted)
    assert_same(loaded, fitted)


@pytest.mark.parametrize("name", NAMES)
def test_joblib_with_memory_maps(name, tmp_path):
    fitted = make_fitted(name)
    joblib.dump(fitted, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model", mmap_mode="r")
    assert_identical(outputs(loaded), outputs(fitted))


@pytest.mark.parametrize("name", NAMES)
def test_skops(name):
    skops = pytest.importorskip("skops.io")
    fitted = make_fitted(name)
    data = skops.dumps(fitted)
    untrusted = skops.get_untrusted_types(data=data)
    assert all(
        kind.startswith(("skdiffuasr.augmentation.", "skdiffuasr.recommenders."))
        for kind in set(untrusted) - OTHER_TYPES
    )
    assert_same(skops.loads(data, trusted=untrusted), fitted)
