from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.datasets import Interactions
from skdiffuasr.datasets.pseudo_times import times_with_pseudo
from skdiffuasr.sequences import Sequences, make_roles

quick = settings(max_examples=200, deadline=None)

KINDS = {
    "int64": st.integers(-(2**60), 2**60),
    "uint8": st.integers(0, 255),
    "float64": st.floats(-1e300, 1e300),
    "float32": st.floats(-(2.0**100), 2.0**100, width=32),
    "datetime64[Y]": st.integers(-50, 50),
    "datetime64[D]": st.integers(-10_000, 40_000),
    "datetime64[s]": st.integers(-(2**31), 2**33),
    "datetime64[ms]": st.integers(-(2**41), 2**43),
    "datetime64[ns]": st.integers(-(2**62), 2**62),
}


@pytest.mark.filterwarnings("ignore:.* interactions have the same time")
@quick
@given(st.data())
@pytest.mark.parametrize("dtype", KINDS)
def test_sorting_by_time_gives_each_row_as_it_is(dtype, data):
    """Whatever the times: huge, at powers of two, tied, of coarse units."""
    n_observed = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    n_pseudo = data.draw(
        st.lists(st.integers(0, 4), min_size=len(n_observed), max_size=len(n_observed))
    )
    drawn = [
        sorted(data.draw(st.lists(KINDS[dtype], min_size=n, max_size=n)))
        for n in n_observed
    ]
    times = np.concatenate([np.array(row, dtype=object) for row in drawn])
    times = times.astype("int64" if dtype[0] == "d" else dtype).astype(dtype)
    X = Sequences.from_iterable([list(range(10, 10 + n)) for n in n_observed])
    X = X.prepend([list(range(n)) for n in n_pseudo])

    found = times_with_pseudo(X, times)

    rows = X.to_interactions()
    np.testing.assert_array_equal(found[~rows["is_pseudo"]], times)
    for row in range(len(X)):
        own = found[X.offsets[row] : X.offsets[row + 1]]
        before = own[: n_pseudo[row] + 1]
        assert (before[:-1] < before[1:]).all()
    # Pseudo items tie with nothing, so the order of the log does not matter.
    log = Interactions(rows["user"], rows["item"], found)
    observed_first = log.take(np.argsort(rows["is_pseudo"], kind="stable"))
    assert observed_first.to_sequences().to_lists() == X.to_lists()


@pytest.mark.parametrize(
    ("times", "before"),
    [
        (["2026-01-01", "2026-01-01"], ["2025-12-30", "2025-12-31"]),
        ([date(2026, 1, 1), date(2026, 1, 1)], ["2025-12-30", "2025-12-31"]),
        (
            ["2026-01-01T00:00:00", "2026-01-01"],
            ["2025-12-31T23:59:58", "2025-12-31T23:59:59"],
        ),
        (
            [datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00Z"],
            ["2025-12-31T23:59:58.000000", "2025-12-31T23:59:59.000000"],
        ),
        (
            np.array(["2026-01-01T00:00"] * 2, "datetime64[m]"),
            ["2025-12-31T23:58", "2025-12-31T23:59"],
        ),
    ],
)
def test_dates_step_back_by_seconds_or_coarser_units(times, before):
    """Days stay days, or the file would get a precision that it does not have."""
    X = Sequences.from_iterable([[5, 6]]).prepend(np.array([[1, 2]]))
    found = times_with_pseudo(X, times)
    assert found[:2].astype(str).tolist() == before


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1, 2], "each of the 3 observed items, got 2"),
        ([[1, 2, 3]], "times must be one-dimensional"),
        ([1, 2, None], "Entry 2 of times is None"),
        ([1.5, "soon", 2], "Entry 1 of times is 'soon'"),
        ([5, 3, 4], "times of row 0 decrease from 5 to 3"),
        ([-(2**63), 0, 0], "Row 0 begins at -9223372036854775808"),
        (np.array([0, 1, -np.inf]), r"Entry 2 of times is .*-inf"),
    ],
)
def test_times_that_do_not_fit_are_named(times, message):
    X = Sequences.from_iterable([[5, 6], [7]]).prepend(np.array([[1], [2]]))
    with pytest.raises(ValueError, match=message):
        times_with_pseudo(X, times)


@pytest.mark.parametrize("times", [[10, 12, 5, 7], [1e15, 2e15, 0.5, 0.5]])
def test_pseudo_items_behind_an_observed_one_have_its_time(times):
    roles = make_roles(is_pseudo=[True, False, True, False, True, True, False, False])
    X = Sequences(np.arange(8), [0, 5, 8], roles)
    found = times_with_pseudo(X, times)
    a, b, c, d = times
    assert found[[1, 2, 3, 4, 6, 7]].tolist() == [a, a, b, b, c, d]
    assert found[0] < a
    assert found[5] < c
    log = X.to_interactions()
    log = Interactions(log["user"], log["item"], found, log["is_pseudo"])
    assert log.to_sequences() == Sequences(X.values, X.offsets, roles, [0, 1])


def test_the_first_time_of_a_row_may_be_before_the_last_of_another():
    X = Sequences.from_iterable([[5, 6], [], [7], [8]])
    assert times_with_pseudo(X, [8, 9, 5, 1]).tolist() == [8, 9, 5, 1]
    assert len(times_with_pseudo(X[1:2], [])) == 0
