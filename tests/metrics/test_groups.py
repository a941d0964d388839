import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.metrics import length_groups, novelty_groups, popularity_groups
from skdiffuasr.sequences import Sequences


@given(st.lists(st.integers(0, 60), max_size=20))
def test_length_groups_of_the_paper(lengths):
    groups = length_groups(np.array(lengths, dtype=int))
    assert groups.names == ("<=5", "6-20", ">20")
    expected = [0 if length <= 5 else 1 if length <= 20 else 2 for length in lengths]
    np.testing.assert_array_equal(groups.codes, expected)


@pytest.mark.parametrize(
    ("bins", "names"),
    [
        ((0,), ("<=0", ">0")),
        ((3, 4), ("<=3", "4", ">4")),
        ([1, 3, 9], ("<=1", "2-3", "4-9", ">9")),
    ],
)
def test_length_groups_are_named_after_their_lengths(bins, names):
    assert length_groups(np.array([1]), bins).names == names


@pytest.mark.parametrize("bins", [(), (5, 5), (20, 5), (-1, 3), (1.5,), ((1, 2),)])
def test_bad_length_bins_are_refused(bins):
    with pytest.raises(ValueError, match=r"^bins must hold increasing lengths such"):
        length_groups(np.array([1]), bins)


def test_head_is_the_most_popular_fifth():
    counts = np.array([1, 5, 2, 9, 3, 4, 8, 7, 6, 0])
    groups = popularity_groups(np.arange(10), counts)
    assert groups.names == ("head", "tail")
    np.testing.assert_array_equal(np.flatnonzero(groups.codes == 0), [3, 6])


def test_two_shares_make_a_middle():
    groups = popularity_groups(np.arange(5), np.array([1, 2, 3, 4, 5]), (0.2, 0.6))
    assert groups.names == ("head", "middle", "tail")
    np.testing.assert_array_equal(groups.codes, [2, 2, 1, 1, 0])


def test_ties_of_popularity_go_by_code():
    groups = popularity_groups(np.arange(4), np.full(4, 3), (0.5,))
    np.testing.assert_array_equal(groups.codes, [0, 0, 1, 1])


def test_many_ties_of_popularity_go_by_code():
    counts = np.random.default_rng(0).integers(3, size=500)
    falling = sorted(range(500), key=lambda code: (-counts[code], code))
    groups = popularity_groups(np.arange(500), counts, (0.5,))
    assert np.flatnonzero(groups.codes == 0).tolist() == sorted(falling[:250])


def test_counts_may_be_unsigned():
    counts = np.array([3, 9, 0], dtype=np.uint64)
    codes = popularity_groups(np.arange(3), counts, bins=(0.34,)).codes
    assert codes.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        (np.array([3, 0, -1]), ValueError, "got -1 in row 2"),
        (np.array([3, np.nan]), TypeError, "float64"),
    ],
)
def test_bad_lengths_are_refused(lengths, error, message):
    with pytest.raises(error, match=message):
        length_groups(lengths)


def test_unknown_targets_belong_to_the_tail():
    groups = popularity_groups(np.array([-1]), np.ones(5))
    assert groups.names[groups.codes[0]] == "tail"


@given(st.integers(1, 200), st.floats(0.01, 0.99))
def test_head_has_the_rounded_share(n_items, share):
    groups = popularity_groups(np.arange(n_items), np.ones(n_items), (share,))
    assert np.count_nonzero(groups.codes == 0) == np.rint(share * n_items)


@pytest.mark.parametrize(
    "bins", [(), (0.0,), (1.0,), (0.5, 0.2), (0.1, 0.2, 0.3), 0.2, "ab", None]
)
def test_bad_shares_are_refused(bins):
    with pytest.raises(ValueError, match=r"^bins must hold one or two increasing"):
        popularity_groups(np.array([0]), np.ones(5), bins)


@pytest.mark.parametrize("code", [-2, 5])
def test_targets_outside_the_catalogue_are_refused(code):
    with pytest.raises(ValueError, match=f"targets holds the code {code} .* -1 to 4"):
        popularity_groups(np.array([code]), np.ones(5))


@given(st.lists(st.tuples(st.lists(st.integers(0, 5)), st.integers(0, 5)), min_size=1))
def test_a_target_is_repeated_if_it_is_in_its_history(users):
    histories, targets = zip(*users, strict=True)
    groups = novelty_groups(histories, targets)
    expected = ["repeated" if target in history else "new" for history, target in users]
    assert [groups.names[code] for code in groups.codes] == expected


def test_nobody_has_met_a_pseudo_item():
    X = Sequences.from_iterable([["a"], ["b"]]).prepend(np.array([["b"], ["a"]]))
    np.testing.assert_array_equal(novelty_groups(X, ["b", "b"]).codes, [0, 1])


def test_targets_are_ids_of_the_same_type():
    with pytest.raises(TypeError, match="mix ids of type int and str"):
        novelty_groups([[1]], ["1"])


def test_every_history_needs_a_target():
    with pytest.raises(ValueError, match="targets must have one id for each of the 2"):
        novelty_groups([[1], [2]], [1])
    with pytest.raises(TypeError, match=r"of targets is 1\.5"):
        novelty_groups([[1]], [1.5])


def test_histories_hold_ids():
    with pytest.raises(TypeError, match="of histories "):
        novelty_groups([[1.5]], [1])


def test_nobody_has_no_groups():
    groups = length_groups([])
    assert groups.names == ("<=5", "6-20", ">20")
    assert groups.codes.tolist() == []
