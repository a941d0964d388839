import numpy as np
import pytest

from skdiffuasr import DiffusionSequenceAugmenter, RandomSequenceAugmenter
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import pseudo_item_quality
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.quality import intrinsic_quality, nearness_to_hidden, set_aside


@pytest.fixture(scope="module")
def log():
    return make_sequences(n_users=200, n_items=40, random_state=0)


@pytest.fixture(scope="module")
def augmenter():
    return DiffusionSequenceAugmenter(
        3, denoiser=SUNet(n_res_blocks=1), max_epochs=1, random_state=0
    )


def test_histories_set_aside_are_cut_in_two(log):
    others, visible, hidden = set_aside(log.X, 3, fraction=0.25)
    n_long = (log.X.lengths > 3).sum()
    assert len(visible) == round(0.25 * n_long)
    assert (hidden.lengths == 3).all()
    rows = [
        head + rest
        for head, rest in zip(hidden.to_lists(), visible.to_lists(), strict=True)
    ]
    taken = dict(zip(visible.user_ids.tolist(), rows, strict=True))
    originals = dict(zip(log.X.user_ids.tolist(), log.X.to_lists(), strict=True))
    assert all(originals[user] == row for user, row in taken.items())
    assert sorted([*others.user_ids, *taken]) == sorted(originals)
    assert len(others) + len(visible) == len(log.X)


def test_logs_of_short_histories_have_nothing_to_set_aside():
    with pytest.raises(ValueError, match="longest has 2"):
        set_aside(Sequences.from_iterable([[1, 2]]), 3)


def test_all_three_kinds_of_pseudo_items_are_measured_alike(log, augmenter):
    fitted = augmenter.fit(log.X)
    quality = nearness_to_hidden(fitted, log.X, log.hidden, log.item_factors)
    assert list(quality) == ["diffusion", "by popularity", "uniform"]
    expected = pseudo_item_quality(
        np.searchsorted(fitted.item_ids_, fitted.generate(log.X)),
        log.hidden,
        40,
        item_embeddings=log.item_factors,
    )
    assert quality["diffusion"]["similarity"] == pytest.approx(expected["similarity"])


def test_own_items_come_from_the_visible_part(log):
    augmenter = RandomSequenceAugmenter(3, random_state=0)
    quality = intrinsic_quality(augmenter, log.X)
    _, visible, hidden = set_aside(log.X, 3)
    drawn = RandomSequenceAugmenter(3, random_state=0).fit(log.X).generate(visible)
    hits = [
        np.isin(row, truth).mean() for row, truth in zip(drawn, hidden, strict=True)
    ]
    assert quality["hit_rate"] == pytest.approx(np.mean(hits))
    assert not hasattr(augmenter, "item_ids_"), "the augmenter itself was fitted"


def test_short_histories_have_nothing_to_hide():
    short = Sequences.from_iterable([[1, 2], [2, 3]])
    with pytest.raises(ValueError, match="more than 3 items"):
        intrinsic_quality(RandomSequenceAugmenter(3, random_state=0), short)
