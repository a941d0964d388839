import numpy as np
import pytest

from skdiffuasr.augmentation import (
    CropAugmenter,
    InsertAugmenter,
    ReorderAugmenter,
    SlidingWindowAugmenter,
    SubstituteAugmenter,
)
from skdiffuasr.sequences import Sequences, make_roles

RNG = np.random.default_rng(0)
X = Sequences.from_iterable([RNG.permutation(40)[:n] for n in range(1, 31)])


def changed_rows(augmenter):
    """Rows and what became of them in every variant but the first."""
    for variant in augmenter.fit_transform(X).variants[1:]:
        yield from zip(X, variant, strict=True)


def is_stretch(part, row):
    starts = range(len(row) - len(part) + 1)
    return any(np.array_equal(row[i : i + len(part)], part) for i in starts)


def test_crops_are_stretches():
    for row, crop in changed_rows(CropAugmenter(0.4, random_state=0)):
        assert len(crop) == max(1, int(0.4 * len(row)))
        assert is_stretch(crop, row)


def test_reordered_rows_have_the_same_items():
    rows = list(changed_rows(ReorderAugmenter(0.5, random_state=0)))
    for row, reordered in rows:
        assert sorted(reordered) == sorted(row)
        assert (row != reordered).sum() <= len(row) // 2
    assert any((row != reordered).any() for row, reordered in rows)


@pytest.mark.parametrize("new_items", ["similar", "random"])
def test_rows_with_inserted_items_have_the_old_ones_in_order(new_items):
    for row, longer in changed_rows(
        InsertAugmenter(new_items=new_items, random_state=0)
    ):
        assert len(longer) == len(row) + max(1, int(0.2 * len(row)))
        remaining = iter(longer.tolist())
        assert all(item in remaining for item in row.tolist())


def test_items_are_substituted_by_the_most_similar():
    augmenter = SubstituteAugmenter(0.3, random_state=0)
    for row, other in changed_rows(augmenter):
        places = np.flatnonzero(row != other)
        assert len(places) == max(1, int(0.3 * len(row)))
        codes = np.searchsorted(augmenter.item_ids_, row[places])
        np.testing.assert_array_equal(augmenter.similar_items_[codes], other[places])


def test_inverse_transform_gives_the_histories_back():
    augmenter = CropAugmenter(random_state=0)
    assert augmenter.inverse_transform(augmenter.fit_transform(X)) == X


@pytest.mark.parametrize("name", ["is_target", "is_context"])
def test_histories_with_masks_are_refused(name):
    roles = make_roles(**{name: [False, True, True]})
    masked = Sequences([1, 2, 3], [0, 3], roles)
    with pytest.raises(
        ValueError, match="CropAugmenter cannot change histories whose roles"
    ):
        CropAugmenter(random_state=0).fit_transform(masked)
    assert CropAugmenter(random_state=0).fit(masked).transform(masked) is masked


def test_histories_with_pseudo_items_inside_are_refused():
    roles = make_roles(is_pseudo=[True, False, True, False])
    mixed = Sequences([1, 2, 3, 4], [0, 4], roles)
    with pytest.raises(ValueError, match="pseudo items behind observed ones"):
        CropAugmenter(random_state=0).fit_transform(mixed)


def test_windows_reach_every_item():
    seen = {}
    augmenter = SlidingWindowAugmenter(5, n_variants=200, random_state=0)
    for row, window in changed_rows(augmenter):
        assert len(window) == min(5, len(row))
        assert is_stretch(window, row)
        seen.setdefault(len(row), set()).update(window.tolist())
    assert all(len(items) == length for length, items in seen.items())


@pytest.mark.parametrize("augmenter", [CropAugmenter(), InsertAugmenter()])
def test_one_long_history_widens_no_other(augmenter, monkeypatch):
    """Cells that are worked on grow with the items, not with rows x longest row."""
    n_cells = []
    operate = type(augmenter)._operate

    def spy(self, items, lengths, draws, random_items):
        n_cells.append(items.numel())
        return operate(self, items, lengths, draws, random_items)

    monkeypatch.setattr(type(augmenter), "_operate", spy)
    rows = [range(10)] * 100 + [[*range(10)] * 500]
    augmenter.set_params(n_variants=2, random_state=0).fit_transform(rows)
    assert 6000 <= sum(n_cells) < 2 * 6000
