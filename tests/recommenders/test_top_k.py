import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import skdiffuasr.recommenders.top_k as top_k_module
from skdiffuasr.recommenders.top_k import top_k

quick = settings(max_examples=60, deadline=None)

# Few distinct values, so that ties are common.
SCORES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]),
)


@quick
@given(SCORES, st.data())
def test_agrees_with_sorting_by_score_and_then_by_column(scores, data):
    k = data.draw(st.integers(1, scores.shape[1]))
    columns, best = top_k(scores, k)
    assert columns.dtype == np.int64
    assert best.dtype == np.float32
    assert columns.shape == best.shape == (len(scores), k)
    for row, found, values in zip(scores, columns, best, strict=True):
        expected = sorted(range(len(row)), key=lambda column: (-row[column], column))
        assert found.tolist() == expected[:k]
        assert values.tolist() == row[expected[:k]].tolist()


def test_ties_across_a_wide_row():
    scores = np.zeros((2, 5000), dtype=np.float32)
    scores[1, [4000, 17, 4500]] = 1
    columns, _ = top_k(scores, 4)
    assert columns.tolist() == [[0, 1, 2, 3], [17, 4000, 4500, 0]]


@quick
@given(
    n_items=st.integers(100, 1500),
    k=st.integers(1, 5),
    n_values=st.integers(2, 2000),
    seed=st.integers(0, 1000),
)
def test_wide_rows_agree_with_a_stable_sort(n_items, k, n_values, seed):
    """Many columns are looked at in groups; few distinct values make them tie."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(n_values, size=(4, n_items)).astype(np.float32)
    scores[0, rng.random(n_items) < 0.99] = -np.inf
    columns, best = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(columns, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(scores, expected, axis=1))


def test_ties_in_many_places_are_found():
    scores = np.random.default_rng(0).integers(3, size=(7, 9_000)).astype(np.float32)
    scores[2] = -np.inf
    scores[3, 12:] = -1
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(top_k(scores, 10)[0], expected)


def test_ties_do_not_sort_the_catalogue(monkeypatch):
    """A sort of a million items for every user took most of popularity's time."""
    longest = []
    argsort = torch.Tensor.argsort

    def spy(tensor, *args, **kwargs):
        longest.append(tensor.shape[1])
        return argsort(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "argsort", spy)
    columns, _ = top_k(np.ones((3, 100_000), dtype=np.float32), 10)
    assert columns.tolist() == [list(range(10))] * 3
    assert max(longest) <= 10 * top_k_module.GROUP_SIZE


def test_no_rows():
    columns, best = top_k(np.empty((0, 3), dtype=np.float32), 2)
    assert columns.shape == best.shape == (0, 2)


def test_scores_are_left_alone():
    scores = np.array([[1, 3, 2, 3]], dtype=np.float32)
    before = scores.copy()
    top_k(scores, 3)[1][:] = 9
    np.testing.assert_array_equal(scores, before)
