import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from skdiffuasr.metrics import (
    draw_by_popularity,
    draw_uniform,
    pseudo_item_quality,
    pseudo_item_quality_per_row,
    pseudo_items,
)
from skdiffuasr.sequences import Sequences

N_ITEMS = 8
RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.normal(size=(N_ITEMS, 3))
EMBEDDINGS[5] = 0.0
COUNTS = np.array([0, 3, 1, 10, 7, 2, 2, 40])
LABELS = np.array(["a", "a", "b", "b", "b", "c", "c", "d"])

GENERATED = st.lists(
    st.lists(st.integers(0, N_ITEMS - 1), min_size=4, max_size=4),
    min_size=1,
    max_size=6,
)
ROW = st.lists(st.integers(0, N_ITEMS - 1), max_size=5)


def naive_quality(generated, hidden):
    """One row's numbers, spelled out."""
    log_counts = np.log(1 + COUNTS)
    repeated = len(generated) - len(set(generated))
    quality = dict.fromkeys(
        ["hit_rate", "similarity", "popularity_drift", "attribute_hit_rate"], np.nan
    )
    quality["duplicate_rate"] = repeated / len(generated)
    if hidden:
        labels = {LABELS[item] for item in hidden}
        cosines = cosine_similarity(EMBEDDINGS[generated], EMBEDDINGS[hidden])
        quality["hit_rate"] = np.mean([item in hidden for item in generated])
        quality["attribute_hit_rate"] = np.mean(
            [LABELS[g] in labels for g in generated]
        )
        quality["similarity"] = cosines.max(axis=1).mean()
        quality["popularity_drift"] = (
            log_counts[generated].mean() - log_counts[hidden].mean()
        )
    return quality


@pytest.mark.parametrize("block_numbers", [1, 8_000_000])
@given(GENERATED, st.data())
def test_quality_agrees_with_loops(block_numbers, generated, data):
    n = len(generated)
    hidden = data.draw(st.lists(ROW, min_size=n, max_size=n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pseudo_items, "_BLOCK_NUMBERS", block_numbers)
        quality = pseudo_item_quality_per_row(
            np.array(generated),
            Sequences.from_iterable(hidden),
            N_ITEMS,
            item_embeddings=EMBEDDINGS,
            item_counts=COUNTS,
            item_attributes=LABELS,
        )
    for row, (ours, true) in enumerate(zip(generated, hidden, strict=True)):
        expected = naive_quality(ours, true)
        assert quality.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(quality[name][row], value, atol=1e-12)


def test_quality_is_the_mean_over_rows_with_a_value():
    generated = np.array([[1, 2], [3, 3], [4, 5]])
    hidden = Sequences.from_iterable([[1, 2], [], [5]])
    quality = pseudo_item_quality(generated, hidden, N_ITEMS)
    assert quality == {
        "hit_rate": (1 + 0.5) / 2,
        "duplicate_rate": 0.5 / 3,
        "coverage": 5 / N_ITEMS,
    }


def test_quality_is_nan_without_hidden_items():
    hidden = Sequences.from_iterable([[], []])
    quality = pseudo_item_quality(
        np.ones((2, 3), dtype=int), hidden, N_ITEMS, item_embeddings=EMBEDDINGS
    )
    assert np.isnan(quality["hit_rate"])
    assert np.isnan(quality["similarity"])


def test_quality_of_nobody_is_nan():
    none = np.empty((0, 2), dtype=int)
    quality = pseudo_item_quality(
        none, none, N_ITEMS, item_embeddings=EMBEDDINGS, item_counts=COUNTS
    )
    assert quality.pop("coverage") == 0
    assert list(quality) == [
        "hit_rate",
        "duplicate_rate",
        "similarity",
        "popularity_drift",
    ]
    assert np.isnan(list(quality.values())).all()


def test_perfect_pseudo_items():
    hidden = np.array([[1, 2, 3], [4, 6, 7]])
    quality = pseudo_item_quality(
        hidden[:, ::-1],
        hidden,
        N_ITEMS,
        item_embeddings=EMBEDDINGS,
        item_counts=COUNTS,
        item_attributes=LABELS,
    )
    expected = {
        "hit_rate": 1,
        "duplicate_rate": 0,
        "similarity": 1,
        "popularity_drift": 0,
        "attribute_hit_rate": 1,
        "coverage": 6 / N_ITEMS,
    }
    assert quality == pytest.approx(expected, abs=1e-12)


def test_unknown_hidden_items_are_left_out():
    quality = pseudo_item_quality_per_row(
        np.array([[1], [1]]), np.array([[-1, 1], [-1, -1]]), N_ITEMS
    )
    np.testing.assert_array_equal(quality["hit_rate"], [1, np.nan])


@pytest.mark.parametrize(
    ("generated", "hidden", "message"),
    [
        (np.ones(3, dtype=int), np.ones((3, 1), dtype=int), "shape"),
        (np.ones((3, 0), dtype=int), np.ones((3, 1), dtype=int), "M of 1 or more"),
        (np.ones((3, 1), dtype=int), np.ones((2, 1), dtype=int), "same rows, got 3"),
        (np.full((3, 1), 8), np.ones((3, 1), dtype=int), "generated holds the code 8"),
        (np.ones((3, 1), dtype=int), np.full((3, 1), -2), "hidden holds the code -2"),
        (np.ones((3, 1), dtype=int), np.ones(3, dtype=int), "hidden must be Sequences"),
    ],
)
def test_bad_codes_are_refused(generated, hidden, message):
    with pytest.raises(ValueError, match=message):
        pseudo_item_quality(generated, hidden, N_ITEMS)


@pytest.mark.parametrize("table", ["item_embeddings", "item_counts", "item_attributes"])
def test_tables_must_have_a_row_per_item(table):
    codes = np.ones((2, 2), dtype=int)
    with pytest.raises(ValueError, match=f"{table} must have a row for each of the 8"):
        pseudo_item_quality(codes, codes, N_ITEMS, **{table: np.ones((7, 2))})


@pytest.mark.parametrize(
    ("table", "values", "message"),
    [
        ("item_embeddings", [[1.0, 2.0], [0.0, np.nan]], "value nan for the item of c"),
        ("item_counts", [3, -1], "value -1 for the item of code 1"),
        ("item_counts", [np.inf, 1], "value inf for the item of code 0"),
    ],
)
def test_bad_numbers_of_items_are_refused(table, values, message):
    codes = np.ones((2, 2), dtype=int)
    with pytest.raises(ValueError, match=f"{table} has the {message}"):
        pseudo_item_quality(codes, codes, 2, **{table: np.array(values)})


@pytest.mark.parametrize(
    ("counts", "message"),
    [([0, 0], "all 0"), ([-1, 2], "item_counts has the value -1.0")],
)
def test_draws_need_counts(counts, message):
    with pytest.raises(ValueError, match=message):
        draw_by_popularity(2, 2, counts)


def test_uniform_draws_have_no_popularity_but_popular_ones_do():
    uniform = draw_uniform(500, 10, N_ITEMS, random_state=0)
    popular = draw_by_popularity(500, 10, COUNTS, random_state=0)
    assert uniform.shape == popular.shape == (500, 10)
    assert uniform.dtype == popular.dtype == np.int64
    shares = np.bincount(uniform.ravel(), minlength=N_ITEMS) / uniform.size
    np.testing.assert_allclose(shares, 1 / N_ITEMS, atol=0.02)
    shares = np.bincount(popular.ravel(), minlength=N_ITEMS) / popular.size
    np.testing.assert_allclose(shares, COUNTS / COUNTS.sum(), atol=0.02)


def test_draws_repeat_with_their_seed():
    for draw, catalogue in [(draw_uniform, N_ITEMS), (draw_by_popularity, COUNTS)]:
        first = draw(3, 4, catalogue, random_state=7)
        np.testing.assert_array_equal(first, draw(3, 4, catalogue, random_state=7))


def test_blocks_are_small_and_one_long_row_widens_no_other(monkeypatch):
    monkeypatch.setattr(pseudo_items, "_BLOCK_NUMBERS", 16 * 4)  # 16 vectors of 4
    sizes = []
    to_padded = Sequences.to_padded

    def spy(self, *args, **kwargs):
        padded = to_padded(self, *args, **kwargs)
        sizes.append(padded.size)
        return padded

    monkeypatch.setattr(Sequences, "to_padded", spy)
    hidden = Sequences.from_iterable([[row % 7, 3] for row in range(50)] + [[5] * 1000])
    generated = np.full((51, 2), 5)
    table = np.random.default_rng(0).normal(size=(7, 4))
    quality = pseudo_item_quality(generated, hidden, 7, item_embeddings=table)
    assert sum(sizes) == hidden.offsets[-1]
    assert sorted(sizes)[-2] <= 16
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    expected = [max(unit[row] @ unit[5]) for row in map(np.unique, hidden)]
    assert quality["similarity"] == pytest.approx(np.mean(expected))
