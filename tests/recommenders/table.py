"""A recommender with scores from a table, and what it should do, by hand."""

import numpy as np
from hypothesis import strategies as st

from skdiffuasr.recommenders.base import BaseRecommender

ITEM_IDS = [10, 20, 30, 40, 50, 60]
UNKNOWN = 99
ROWS = st.lists(st.lists(st.sampled_from([*ITEM_IDS, UNKNOWN]), max_size=4), min_size=1)


class TableRecommender(BaseRecommender):
    """Looks the scores up by the last item; there are many ties."""

    def __init__(self, unknown_items="ignore"):
        self.unknown_items = unknown_items

    def _fit(self, codes):
        n_items = len(self.item_ids_)
        rng = np.random.default_rng(0)
        self.table_ = rng.integers(3, size=(n_items, n_items)).astype(np.float32)

    def _score(self, codes):
        assert (codes.lengths > 0).all()
        return self.table_[codes.last()]


FITTED = TableRecommender().fit([ITEM_IDS, [10], [10, 30]])
#: One more than the items' counts in training: 3, 1, 2, 1, 1, 1.
LOG_POPULARITY = np.log(np.array([4, 2, 3, 2, 2, 2]) / 15).astype(np.float32)


def known_items(row):
    return [item for item in row if item in ITEM_IDS]


def scores_by_hand(rows):
    return np.array(
        [
            FITTED.table_[ITEM_IDS.index(row[-1])] if row else LOG_POPULARITY
            for row in map(known_items, rows)
        ]
    )


def best_by_hand(scores, allowed):
    """Allowed items, best first, the lower id first where scores tie."""
    order = sorted(
        range(len(ITEM_IDS)), key=lambda code: (-scores[code], ITEM_IDS[code])
    )
    return [ITEM_IDS[code] for code in order if ITEM_IDS[code] in allowed]
