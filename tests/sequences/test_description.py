from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences

quick = settings(max_examples=80, deadline=None)
logs = st.lists(st.lists(st.integers(0, 9), max_size=8), min_size=1, max_size=8)


@quick
@given(logs)
def test_figures_are_those_of_a_naive_count(rows):
    description = Sequences.from_iterable(rows).describe()
    flat = [item for row in rows for item in row]
    counts = sorted(Counter(flat).values())
    n_tail = int(0.8 * len(counts))
    n_distinct = sum(len(set(row)) for row in rows)
    assert description.n_users == len(rows)
    assert description.n_items == len(counts)
    assert description.n_interactions == len(flat)
    assert description.length_quantiles[2] == np.median([len(row) for row in rows])
    expected = np.mean([len(row) <= 5 for row in rows])
    assert description.short_share == pytest.approx(expected)
    if flat:
        assert description.density == n_distinct / (len(rows) * len(counts))
        assert description.tail_share == pytest.approx(sum(counts[:n_tail]) / len(flat))
        assert description.repeat_share == pytest.approx(1 - n_distinct / len(flat))


@quick
@given(logs)
def test_pseudo_items_count_for_themselves_alone(rows):
    X = Sequences.from_iterable(rows)
    with_pseudo = X.prepend(np.full((len(X), 2), 99)).describe()
    assert with_pseudo.n_pseudo_items == 2 * len(rows)
    assert with_pseudo.n_interactions == X.describe().n_interactions
    assert with_pseudo.n_items == X.describe().n_items


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[1, 2, 3]], "fewer than two users"),
        ([[1], [1, 1, 1]], "fewer than two items"),
        ([[1, 2], [2]], "fewer than three items"),
        ([list(range(21))] * 60, "more than 20 items"),
        ([[1, 2, 3]] * 60, "0 histories have more than 10 items"),
    ],
)
def test_obstacles_are_described(rows, sentence):
    description = Sequences.from_iterable(rows).describe()
    assert any(sentence in text for text in description.warnings)
    assert sentence in str(description)


def test_a_good_log_has_no_warnings():
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 30, rng.integers(3, 25)) for _ in range(200)]
    assert Sequences.from_iterable(rows).describe().warnings == ()


def test_a_prompt_shows_the_table_too():
    description = Sequences.from_iterable([[1, 2], [2]]).describe()
    assert repr(description) == str(description)


def test_nothing_is_raised_for_a_log_of_nothing():
    for X in (Sequences.from_iterable([]), Sequences.from_iterable([[], []])):
        assert X.describe().n_interactions == 0
        assert "fewer than two items" in str(X.describe())


def test_the_table_has_a_line_for_each_figure():
    lines = str(Sequences.from_iterable([[1, 2], [2]] * 800).describe()).splitlines()
    assert lines[0].split() == ["users", "1,600"]
    assert "items per user" in lines[3]
    assert "1 to 2, median 1.5" in lines[3]
