import numpy as np
import pytest
from scipy.stats import ttest_rel

from skdiffuasr.metrics import bootstrap, paired_bootstrap
from skdiffuasr.metrics.bootstrap import bootstrap_result, resampled_means


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    difficulty = rng.normal(scale=10.0, size=400)
    return difficulty + rng.normal(0.15, size=400), difficulty + rng.normal(size=400)


def test_agrees_with_the_paired_t_test(pair):
    result = paired_bootstrap(*pair, n_resamples=9999, random_state=0)
    oracle = ttest_rel(*pair)
    low, high = oracle.confidence_interval(0.95)
    assert result.difference == pytest.approx(np.mean(pair[0] - pair[1]))
    assert result.low == pytest.approx(low, abs=0.02)
    assert result.high == pytest.approx(high, abs=0.02)
    assert result.p_value == pytest.approx(oracle.pvalue, abs=0.02)


def test_exchanging_the_models_mirrors_the_result(pair):
    forth = paired_bootstrap(*pair, random_state=0)
    back = paired_bootstrap(*pair[::-1], random_state=0)
    assert back.difference == -forth.difference
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
    assert back.p_value == forth.p_value


def test_confidence_widens_the_interval(pair):
    wide = paired_bootstrap(*pair, confidence_level=0.99, random_state=0)
    narrow = paired_bootstrap(*pair, confidence_level=0.5, random_state=0)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_equal_models_do_not_differ():
    values = np.linspace(0, 1, 20)
    result = paired_bootstrap(values, values, n_resamples=100, random_state=0)
    assert result == (0, 0, 0, 1)


def test_two_users_suffice():
    assert paired_bootstrap([1, 4], [0, 1], random_state=0)[:3] == (2, 1, 3)


def test_constant_difference_is_certain():
    values = np.linspace(0, 1, 20)
    result = paired_bootstrap(values + 0.3, values, n_resamples=100, random_state=0)
    assert result[:3] == pytest.approx((0.3, 0.3, 0.3))
    assert result.p_value == pytest.approx(2 / 101)


def test_p_values_are_uniform_without_a_difference():
    rng = np.random.default_rng(0)
    p_values = [
        paired_bootstrap(*rng.normal(size=(2, 60)), n_resamples=200, random_state=0)[3]
        for _ in range(200)
    ]
    assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.median(p_values) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("batch_numbers", [1, 20, 1_000_000])
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_resamples_are_means_of_drawn_users(monkeypatch, make, batch_numbers):
    monkeypatch.setattr(bootstrap, "_BATCH_NUMBERS", batch_numbers)
    values = np.random.default_rng(1).normal(size=(2, 7))
    rng = make(0)
    draw = rng.integers if hasattr(rng, "integers") else rng.randint
    expected = values[:, draw(7, size=(50, 7))].mean(axis=2)
    np.testing.assert_allclose(resampled_means(values, 50, make(0)), expected)


def test_interval_and_p_value_by_hand():
    resampled = np.array([2.0, -0.5, 1e-14, 1.5, 1.0, 3.0, 4.0])
    # Two lie at 0 or below.
    assert bootstrap_result(1.0, resampled, 0.7)[1:] == (-0.5, 4.0, 2 * 3 / 8)
    assert bootstrap_result(1.0, resampled, 0.1)[1:] == (1.0, 2.0, 2 * 3 / 8)
    assert bootstrap_result(1.0, resampled, 0.8)[1:3] == (-np.inf, np.inf)


@pytest.mark.parametrize("n_resamples", [19, 199, 1999, 2000])
@pytest.mark.parametrize("confidence_level", [0.5, 0.9, 0.95, 0.99])
def test_interval_and_p_value_never_contradict_each_other(
    n_resamples, confidence_level
):
    rng = np.random.default_rng(0)
    p_values = []
    for shift in np.linspace(-3, 3, 101):
        resampled = rng.normal(shift, size=n_resamples).round(1)
        result = bootstrap_result(shift, resampled, confidence_level)
        is_outside = result.low > 0 or result.high < 0
        assert is_outside == (result.p_value < 1 - confidence_level - 1e-12)
        p_values.append(result.p_value)
    assert min(p_values) < 0.2 < 0.9 < max(p_values)


def test_defaults_are_those_documented(pair):
    documented = {"n_resamples": 2000, "confidence_level": 0.95}
    expected = paired_bootstrap(*pair, **documented, random_state=0)
    assert paired_bootstrap(*pair, random_state=0) == expected


def test_seed_decides(pair):
    first = paired_bootstrap(*pair, n_resamples=50, random_state=1)
    assert first == paired_bootstrap(*pair, n_resamples=50, random_state=1)
    assert first != paired_bootstrap(*pair, n_resamples=50, random_state=2)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2], [1, 2, 3], r"shapes \(2,\) and \(3,\)"),
        ([1], [1], "two or more users"),
        ([1, 2, np.nan], [1, 2, 3], "a must hold finite numbers, got nan in row 2"),
        ([[1, 2]], [1, 2], "one number per user"),
        (["1", "2"], [1, 2], "a must hold numbers, got dtype <U1"),
        ([1, 2], ["1", "2"], "b must hold numbers, got dtype <U1"),
    ],
)
def test_bad_values_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(a, b)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"n_resamples": 0}, "n_resamples == 0, must be >= 1"),
        ({"confidence_level": 0.0}, "confidence_level == 0.0, must be > 0"),
        ({"confidence_level": 95}, "confidence_level == 95, must be < 1"),
    ],
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap([1, 2, 3], [1, 2, 4], **option)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, object])
def test_values_may_be_numbers_of_any_type(dtype):
    a = np.array([1, 0, 1], dtype=dtype)
    assert paired_bootstrap(a, [0.0, 0.0, 0.0]).difference == pytest.approx(2 / 3)


def test_the_number_of_resamples_is_an_integer():
    with pytest.raises(TypeError, match="n_resamples must be an instance of"):
        paired_bootstrap([1, 2, 3], [1, 2, 4], n_resamples=99.5)
