from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.datasets import Interactions, k_core

logs = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60
)


def naive_core(pairs, min_user, min_item):
    while True:
        users = Counter(user for user, _ in pairs)
        items = Counter(item for _, item in pairs)
        kept = [
            (user, item)
            for user, item in pairs
            if users[user] >= min_user and items[item] >= min_item
        ]
        if kept == pairs:
            return kept
        pairs = kept


@given(pairs=logs, min_user=st.integers(1, 4), min_item=st.integers(1, 4))
def test_agrees_with_a_naive_loop(pairs, min_user, min_item):
    user, item = np.array(pairs).T
    log = Interactions(user=user, item=item, time=np.arange(len(pairs)))
    expected = naive_core(pairs, min_user, min_item)
    if not expected:
        with pytest.raises(ValueError, match="None of the"):
            k_core(log, min_user_interactions=min_user, min_item_interactions=min_item)
        return
    core = k_core(log, min_user_interactions=min_user, min_item_interactions=min_item)

    assert list(zip(core.user, core.item, strict=True)) == expected
    assert (np.diff(core.time) > 0).all()


def test_dropping_cascades():
    # User 3 has two items, one of which is rare; without it user 3 is rare too.
    log = Interactions(user=[1, 1, 2, 2, 3, 3], item=[1, 2, 1, 2, 1, 9])

    assert k_core(log, k=2) == log.take([0, 1, 2, 3])


def test_string_ids_and_times_are_kept():
    log = Interactions(user=["a", "a", "b"], item=["x", "x", "y"], time=[3, 1, 2])

    assert k_core(log, k=2) == log.take([0, 1])


def test_k_of_one_keeps_everything():
    log = Interactions(user=[1, 2], item=[3, 4])

    assert k_core(log, k=1) == log


def test_nothing_left_is_an_error():
    log = Interactions(user=[1, 2], item=[3, 4])

    with pytest.raises(ValueError, match="None of the 2 interactions remains"):
        k_core(log, k=2)


@pytest.mark.parametrize("k", [0, -1])
def test_thresholds_are_positive(k):
    with pytest.raises(ValueError, match=f"k == {k}"):
        k_core(Interactions(user=[1], item=[1]), k)


def test_other_containers_are_refused():
    with pytest.raises(TypeError, match="got list"):
        k_core([[1, 2]])


@given(pairs=logs, k=st.integers(1, 4), seed=st.integers(0, 9))
def test_pseudo_items_do_not_count_and_stay_with_their_user_and_item(pairs, k, seed):
    marks = np.random.default_rng(seed).random(len(pairs)) < 0.4
    observed = [pair for pair, mark in zip(pairs, marks, strict=True) if not mark]
    core = naive_core(observed, k, k)
    users, items = zip(*pairs, strict=True)
    log = Interactions(users, items, is_pseudo=marks)
    if not core:
        with pytest.raises(ValueError, match="None of the"):
            k_core(log, k)
        return
    core_users, core_items = map(set, zip(*core, strict=True))
    expected = [
        row
        for row, (user, item) in enumerate(pairs)
        if user in core_users and item in core_items
    ]
    assert k_core(log, k) == log.take(expected)
