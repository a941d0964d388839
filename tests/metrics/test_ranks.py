import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binom, chisquare, hypergeom

from skdiffuasr.metrics import mask_seen, sampled_target_ranks, target_ranks
from skdiffuasr.metrics.ranks import _distinct_draws
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_uniform

# Few distinct values, so that ties are common.
SCORES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf]),
)


def naive_rank(scores, target):
    """Mean place of the target over the orders of equal scores, counted one by one."""
    if target < 0 or scores[target] == -np.inf:
        return np.inf
    above = sum(score > scores[target] for score in scores)
    level = [item for item, score in enumerate(scores) if score == scores[target]]
    places = [above + 1 + position for position in range(len(level))]
    return sum(places) / len(places)


def draw_keys(n, seed=0):
    return np.random.default_rng(seed).integers(2**63, size=n).astype(np.uint64)


@given(SCORES, st.data())
def test_target_ranks_agree_with_counting(scores, data):
    n, n_items = scores.shape
    targets = data.draw(hnp.arrays(np.int64, n, elements=st.integers(-1, n_items - 1)))
    expected = [
        naive_rank(row, target) for row, target in zip(scores, targets, strict=True)
    ]
    np.testing.assert_array_equal(target_ranks(scores, targets).expected, expected)


@pytest.mark.parametrize(
    ("scores", "target", "rank"),
    [
        ([3, 2, 1], 0, 1),
        ([3, 2, 1], 2, 3),
        ([1, 1, 1, 1], 2, 2.5),
        ([5, 1, 1, 0], 1, 2.5),
        ([5, 1, -np.inf], 1, 2),
        ([5, 1, -np.inf], 2, np.inf),
        ([5, 1, 0], -1, np.inf),
    ],
)
def test_target_rank_by_hand(scores, target, rank):
    assert target_ranks(np.array([scores]), np.array([target])).expected == [rank]


def test_constant_model_is_ranked_as_chance():
    ranks = target_ranks(np.zeros((5, 5)), np.arange(5))
    assert ranks.expected.mean() == np.arange(1, 6).mean()


def test_nan_scores_are_refused_by_row():
    scores = np.zeros((3, 4))
    scores[1, 2] = np.nan
    with pytest.raises(ValueError, match="Row 11 has a NaN score, for item 2"):
        target_ranks(scores, np.zeros(3, dtype=int), first_row=10)


@pytest.mark.parametrize("target", [-2, 4])
def test_targets_outside_the_catalogue_are_refused(target):
    with pytest.raises(ValueError, match=f"Row 1 has the target {target}; accepted"):
        target_ranks(np.zeros((2, 4)), np.array([0, target]))


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"got \(2, 4\) and \(3,\)"):
        target_ranks(np.zeros((2, 4)), np.zeros(3, dtype=int))


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=6),
    st.data(),
)
def test_mask_seen_agrees_with_a_loop(rows, data):
    n = len(rows)
    targets = data.draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 5)))
    scores = np.arange(n * 6).reshape(n, 6)
    expected = scores.astype(float)
    for row, items in enumerate(rows):
        for item in items:
            if item != targets[row]:
                expected[row, item] = -np.inf
    masked = mask_seen(scores, Sequences.from_iterable(rows), targets)
    np.testing.assert_array_equal(masked, expected)


def test_mask_seen_leaves_pseudo_items_and_its_input():
    history = Sequences.from_iterable([[2]]).prepend(np.array([[0, 1]]))
    scores = np.ones((1, 4), dtype=np.float32)
    masked = mask_seen(scores, history, np.array([3]))
    np.testing.assert_array_equal(masked, [[1, 1, -np.inf, 1]])
    assert masked.dtype == np.float32
    assert np.isfinite(scores).all()


def drawn_negatives(keys, targets, n_negatives, n_items, seen):
    """Items that push the target down when they alone are scored above it."""
    n = len(keys)
    copies = np.repeat(np.arange(n), n_items)
    ranks = sampled_target_ranks(
        np.tile(np.eye(n_items), (n, 1)),
        targets[copies],
        keys[copies],
        n_negatives,
        seen=seen[copies],
    )
    pushed = (ranks.expected > 1 + n_negatives / 2).reshape(n, n_items)
    return [set(np.flatnonzero(row)) for row in pushed]


@given(
    st.integers(1, 6),
    st.lists(st.lists(st.integers(0, 11), max_size=5), min_size=1, max_size=5),
    st.data(),
)
def test_negatives_are_distinct_and_neither_target_nor_seen(n_negatives, rows, data):
    n = len(rows)
    targets = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 11)))
    seen = Sequences.from_iterable(rows)
    drawn = drawn_negatives(draw_keys(n), targets, n_negatives, 12, seen)
    for items, target, negatives in zip(rows, targets, drawn, strict=True):
        assert len(negatives) == n_negatives
        assert not negatives & {*items, target}


def test_all_candidates_drawn_is_the_full_ranking():
    scores = np.random.default_rng(0).normal(size=(20, 7)).round(1)
    targets = np.arange(20) % 8 - 1
    sampled = sampled_target_ranks(scores, targets, draw_keys(20), n_negatives=6)
    assert sampled == target_ranks(scores, targets)


def test_all_unseen_drawn_is_the_filtered_ranking():
    scores = np.random.default_rng(0).normal(size=(30, 9))
    targets = np.arange(30) % 9
    seen = Sequences.from_iterable([[(t + 1) % 9, (t + 4) % 9, t] for t in targets])
    sampled = sampled_target_ranks(scores, targets, draw_keys(30), 6, seen=seen)
    assert sampled == target_ranks(mask_seen(scores, seen, targets), targets)


def test_sampled_ranks_follow_the_hypergeometric_law():
    # Without replacement, the number of negatives above a target of full rank r is
    # hypergeometric: n_items - 1 items, r - 1 of them above.
    n, n_items, rank, n_negatives = 4000, 30, 10, 5
    scores = np.tile(-np.arange(n_items, dtype=float), (n, 1))
    targets = np.full(n, rank - 1)
    ranks = sampled_target_ranks(scores, targets, draw_keys(n), n_negatives)
    observed = np.bincount(ranks.n_above.astype(int), minlength=n_negatives + 1)
    law = hypergeom(n_items - 1, rank - 1, n_negatives)
    expected = n * law.pmf(np.arange(n_negatives + 1))
    assert chisquare(observed, expected).pvalue > 1e-3
    with_replacement = n * binom.pmf(np.arange(6), 5, 9 / 29)
    assert chisquare(observed, with_replacement).pvalue < 1e-3


def test_every_set_of_negatives_is_as_likely():
    draws = _distinct_draws(draw_keys(3000), np.full(3000, 4), 2)
    _, counts = np.unique(np.sort(draws, axis=1), axis=0, return_counts=True)
    assert len(counts) == 6
    assert chisquare(counts).pvalue > 1e-3


def test_negatives_do_not_follow_the_noise_of_generators():
    keys = draw_keys(1000)
    draws = _distinct_draws(keys, np.full(1000, 500), 1)[:, 0]
    noise = keyed_uniform(keys, 1)[:, 0]
    assert abs(np.corrcoef(draws, noise)[0, 1]) < 0.15


def test_negatives_do_not_depend_on_the_batch():
    rng = np.random.default_rng(0)
    scores, keys = rng.normal(size=(40, 50)), draw_keys(40)
    targets = rng.integers(-1, 50, size=40)
    seen = Sequences.from_iterable(rng.integers(50, size=(40, 5)).tolist())
    whole = sampled_target_ranks(scores, targets, keys, 10, seen=seen)
    order = rng.permutation(40)[:15]
    part = sampled_target_ranks(
        scores[order], targets[order], keys[order], 10, seen=seen[order]
    )
    assert part == whole[order]


def test_pseudo_items_may_be_negatives():
    history = Sequences.from_iterable([[3]]).prepend(np.array([[1, 2]]))
    drawn = drawn_negatives(draw_keys(1), np.array([0]), 2, 4, history)
    assert drawn == [{1, 2}]


def test_too_few_negatives_left_is_an_error():
    seen = Sequences.from_iterable([[1], [1, 2]])
    targets = np.array([0, 0])
    scores, keys = np.zeros((2, 4)), draw_keys(2)
    with pytest.raises(
        ValueError, match="Row 1 leaves 1 items to draw from, got n_negatives=2"
    ):
        sampled_target_ranks(scores, targets, keys, 2, seen=seen)
    with pytest.raises(ValueError, match="Row 11 leaves 1 items"):
        sampled_target_ranks(scores, targets, keys, 2, seen=seen, first_row=10)


def test_sampled_ranks_of_unknown_targets_are_misses():
    ranks = sampled_target_ranks(np.zeros((1, 4)), np.array([-1]), draw_keys(1), 2)
    assert ranks.n_above == [np.inf]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1], [2, -1]], "history of row 1 has the code -1; accepted are 0 to 3"),
        ([[], [4, 1]], "history of row 1 has the code 4"),
        ([[1]], "one history for each of the 2 rows of scores, got 1"),
        ([[1], [2], [3]], "one history for each of the 2 rows of scores, got 3"),
    ],
)
def test_histories_that_do_not_fit_the_scores_are_refused(rows, message):
    scores, targets = np.zeros((2, 4)), np.array([0, 0])
    histories = Sequences.from_iterable(rows)
    with pytest.raises(ValueError, match=message):
        mask_seen(scores, histories, targets)
    with pytest.raises(ValueError, match=message):
        sampled_target_ranks(scores, targets, draw_keys(2), 1, seen=histories)


def test_sampled_ranks_number_their_rows_from_the_first():
    targets, keys = np.array([0, 0]), draw_keys(2)
    histories = Sequences.from_iterable([[1], [4]])
    with pytest.raises(ValueError, match="history of row 11 has the code 4"):
        sampled_target_ranks(
            np.zeros((2, 4)), targets, keys, 1, seen=histories, first_row=10
        )
    with pytest.raises(ValueError, match="Row 10 has a NaN score"):
        sampled_target_ranks(np.full((2, 4), np.nan), targets, keys, 1, first_row=10)
