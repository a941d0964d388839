import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.metrics.holm import holm


def naive_holm(p_values):
    """Each p-value gets the least level at which the procedure would reject it."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    for place, index in enumerate(order):
        steps = [
            (len(order) - before) * p_values[order[before]]
            for before in range(place + 1)
        ]
        corrected[index] = min(1.0, max(steps))
    return corrected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_the_naive_procedure(p_values):
    np.testing.assert_allclose(holm(p_values), naive_holm(p_values))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.data())
def test_holm_of_a_part_is_no_less_than_that_of_the_whole(p_values, data):
    part = data.draw(st.lists(st.sampled_from(range(len(p_values))), unique=True))
    of_whole = np.array(naive_holm(p_values))[part]
    of_part = np.array(holm([p_values[index] for index in part], len(p_values)))
    assert (of_part >= of_whole - 1e-12).all()
