import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.metrics import catalogue_coverage, exposure_gini, log_popularity

LISTS = st.lists(
    st.lists(st.integers(-1, 6), min_size=3, max_size=3), min_size=1, max_size=9
)


@given(LISTS)
def test_coverage_counts_distinct_items(lists):
    distinct = {item for row in lists for item in row} - {-1}
    assert catalogue_coverage(np.array(lists), 7) == len(distinct) / 7


@given(LISTS)
def test_gini_is_half_the_relative_mean_difference(lists):
    shown = [item for row in lists for item in row if item >= 0]
    gini = exposure_gini(np.array(lists), 7)
    if not shown:
        assert np.isnan(gini)
        return
    exposure = np.bincount(shown, minlength=7)
    mean_difference = np.abs(exposure[:, None] - exposure).mean()
    assert gini == pytest.approx(mean_difference / (2 * exposure.mean()))


def test_gini_of_one_item_and_of_none():
    assert exposure_gini([[2]], n_items=4) == 0.75
    assert np.isnan(exposure_gini([[-1, -1]], n_items=4))


def test_log_popularity_of_small_integers_is_not_rounded():
    popularity = log_popularity(np.array([0, 1]), np.array([7, 200], dtype=np.uint8))
    np.testing.assert_allclose(np.exp(popularity), [8, 201], rtol=1e-12)


def test_log_popularity_keeps_the_shape():
    counts = np.array([0, 9, 99])
    popularity = log_popularity(np.array([[2, 0], [1, 1]]), counts)
    np.testing.assert_allclose(np.exp(popularity), [[100, 1], [10, 10]])


@pytest.mark.parametrize("code", [-2, 5])
def test_codes_outside_the_catalogue_are_refused(code):
    message = (
        rf"recommendations holds the code {code} at \(1, 0\); accepted are -1 to 4"
    )
    with pytest.raises(ValueError, match=message):
        catalogue_coverage(np.array([[0, 1], [code, 2]]), n_items=5)


def test_fractions_are_not_codes():
    with pytest.raises(TypeError, match="integer codes, got dtype float64"):
        catalogue_coverage(np.array([[0.5]]), n_items=5)


def test_nothing_recommended_covers_nothing():
    assert catalogue_coverage(np.empty((0, 3)), n_items=5) == 0.0


@pytest.mark.parametrize("code", [-1, 3])
def test_unknown_items_have_no_popularity(code):
    with pytest.raises(ValueError, match=rf"^items holds the code {code} at \(1,\)"):
        log_popularity(np.array([0, code]), np.array([4, 5, 6]))
