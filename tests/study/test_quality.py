import numpy as np
import pytest

from skdiffuasr import RandomSequenceAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.nearness import set_aside
from skdiffuasr.study.quality import intrinsic_quality

X = make_sequences(n_users=200, n_items=60, random_state=0).X


def test_own_items_come_from_the_visible_part():
    augmenter = RandomSequenceAugmenter(3, random_state=0)
    quality = intrinsic_quality(augmenter, X)
    _, visible, hidden = set_aside(X, 3)
    drawn = RandomSequenceAugmenter(3, random_state=0).fit(X).generate(visible)
    hits = [
        np.isin(row, truth).mean() for row, truth in zip(drawn, hidden, strict=True)
    ]
    assert quality["hit_rate"] == pytest.approx(np.mean(hits))
    assert not hasattr(augmenter, "item_ids_"), "the augmenter itself was fitted"


def test_short_histories_have_nothing_to_hide():
    short = Sequences.from_iterable([[1, 2], [2, 3]])
    with pytest.raises(ValueError, match="more than 3 items"):
        intrinsic_quality(RandomSequenceAugmenter(3, random_state=0), short)
