import math

import numpy as np
import pytest
from scipy import stats

from skdiffuasr.metrics.seed_interval import seed_interval


@pytest.mark.parametrize("seed_effect", [0.5, 5.0])
@pytest.mark.parametrize(("n_seeds", "lowest"), [(2, 0.86), (3, 0.91), (5, 0.93)])
def test_coverage(n_seeds, lowest, seed_effect):
    """The effect of a seed in standard errors over users: small, and dominant.

    Few seeds may happen to agree although they matter; that is what lies below 0.93.
    """
    rng = np.random.default_rng(0)
    n_logs, n_users = 2000, 100
    user = rng.normal(0, 1, (n_logs, 1, n_users))
    seed = rng.normal(0, seed_effect / np.sqrt(n_users), (n_logs, n_seeds, 1))
    noise = rng.normal(0, 0.3, (n_logs, n_seeds, n_users))
    found = [seed_interval(log) for log in user + seed + noise]
    covered = np.mean([low <= 0 <= high for low, high, _ in found])
    rejected = np.mean([p_value < 0.05 for _, _, p_value in found])
    assert lowest <= covered <= 0.98
    assert covered + rejected == pytest.approx(1.0)


def test_users_who_agree_leave_the_t_test_of_the_seeds():
    of_seeds = np.array([0.03, -0.01, 0.02, 0.05])
    low, high, p_value = seed_interval(np.tile(of_seeds[:, np.newaxis], 30), 0.9)
    expected = stats.ttest_1samp(of_seeds, 0.0)
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert p_value == pytest.approx(expected.pvalue)


def test_seeds_that_agree_leave_the_t_test_of_the_users():
    of_users = np.random.default_rng(0).normal(0.1, 1, 40)
    low, high, p_value = seed_interval(np.tile(of_users, (3, 1)))
    expected = stats.ttest_1samp(of_users, 0.0)
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval()))
    assert p_value == pytest.approx(expected.pvalue)


def test_seeds_and_users_together_are_welchs_test_of_both_means():
    differences = np.random.default_rng(0).normal(0.3, 1, (4, 9))
    of_seeds, of_users = differences.mean(axis=1), differences.mean(axis=0)
    low, high, p_value = seed_interval(differences, 0.8)
    expected = stats.ttest_ind(of_seeds, of_users - of_users.mean(), equal_var=False)
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval(0.8)))
    assert p_value == pytest.approx(expected.pvalue)


def test_two_seeds_and_two_users_suffice():
    assert all(map(math.isfinite, seed_interval(np.array([[0.1, 0.3], [0.2, 0.6]]))))


def test_tiny_differences_are_scaled_ones():
    differences = np.random.default_rng(0).normal(1, 1, (3, 20))
    low, high, p_value = seed_interval(differences)
    tiny = seed_interval(1e-100 * differences)
    expected = 1e-100 * low, 1e-100 * high, p_value
    assert tiny == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize(("value", "p_value"), [(0.0, 1.0), (0.25, 0.0)])
def test_without_spread_the_interval_is_a_point(value, p_value):
    assert seed_interval(np.full((2, 4), value)) == (value, value, p_value)


@pytest.mark.parametrize("shape", [(1, 5), (3, 1)])
def test_one_seed_or_user_tells_nothing(shape):
    differences = np.random.default_rng(0).normal(size=shape)
    assert all(map(math.isnan, seed_interval(differences)))
