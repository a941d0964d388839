"""What makes RepPad gain: copies, the part of them that is read, or its negatives?

    python -m benchmarks.published_reppad LOG [--rows KIND ...] [--negatives KIND ...]
                                          [--patience EPOCHS] [--seed N]

SASRec with one negative trains on rows of three kinds:

- ``plain``: the histories as they are;
- ``whole``: with copies that are read from the first item to the last;
- ``published``: with copies whose last item is learned but not read, as in the
  published code and by default in `RepeatedPaddingAugmenter`;

and with negatives of three kinds:

- ``uniform``: from the catalogue, as this library does;
- ``own``: not from the training history;
- ``leaky``: not from the whole history either, as published. A test item is then never
  pushed down for its user, and the less so the more copies there are. This is not valid
  training.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from skdiffuasr import RepeatedPaddingAugmenter, SASRecEstimator
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.study.protocol import leave_last_out_data

MAX_LENGTH = 50
ROWS = ("plain", "whole", "published")
NEGATIVES = ("uniform", "own", "leaky")


class SparingSASRec(SASRecEstimator):
    """SASRec with one negative that spares some items of each row."""

    def fit(self, X, X_val, y_val, spared):
        """Train; `spared` maps a row's items to others that are never its negatives.

        If it is None, the row's own items may be drawn as well.
        """
        self._spared = spared
        return super().fit(X, X_val=X_val, y_val=y_val)

    def _loss(self, module, items, lengths, labels):
        is_learned = labels >= 0
        states, learned = module(items, lengths, is_learned), labels[is_learned]
        catalogue = module.item_embedding.weight
        negatives = torch.randint(len(catalogue), learned.shape)
        positive = (states * F.embedding(learned, catalogue)).sum(dim=1)
        negative = (states * F.embedding(negatives, catalogue)).sum(dim=1)
        if self._spared is not None:
            rows, _ = is_learned.nonzero(as_tuple=True)
            spared = self._never_negative(items, lengths, labels)
            negative = negative[~(spared[rows] == negatives[:, None]).any(dim=1)]
        return F.softplus(-positive).mean() + F.softplus(negative).mean()

    def _never_negative(self, items, lengths, labels):
        """Return the items (batch, n) that each row spares, padded with -1."""
        is_read = torch.arange(items.shape[1]) < lengths[:, None]
        own = torch.cat([items.masked_fill(~is_read, -1), labels], dim=1)
        others = [self._spared.get(items_of(row[row >= 0]), (-1, -1)) for row in own]
        return torch.cat([own, torch.tensor(others)], dim=1)


def items_of(row):
    """Identify a history by its items, however often they are repeated."""
    return frozenset(row.tolist())


def held_out(data):
    """Map the items of each training history to the two that come after them."""
    item_ids = np.unique(data.X_train.values)
    codes = encode_sequences(data.X_train, item_ids)
    after = (encode_items(y, item_ids).tolist() for y in (data.y_val, data.y_test))
    return dict(zip(map(items_of, codes), zip(*after, strict=True), strict=True))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--negatives", nargs="+", choices=NEGATIVES, default=NEGATIVES)
    parser.add_argument("--patience", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    data = leave_last_out_data(read_interactions(options.log))
    filter_seen = not data.has_repeats
    scorer = NextItemScorer(("ndcg@10", "hr@10"), filter_seen=filter_seen)
    reppad = partial(RepeatedPaddingAugmenter, MAX_LENGTH, random_state=options.seed)
    augmenters = {
        "plain": None,
        "whole": reppad(read_last_item=True),
        "published": reppad(),
    }
    spared = {"uniform": None, "own": {}, "leaky": held_out(data)}
    for rows in options.rows:
        augmenter, X = augmenters[rows], data.X_train
        if augmenter is not None:
            X = augmenter.fit_transform(X)
        for negatives in options.negatives:
            model = SparingSASRec(
                max_length=MAX_LENGTH,
                loss="bce",
                pseudo_item_gate=False,
                patience=options.patience,
                validation_filter_seen=filter_seen,
                random_state=options.seed,
            )
            model.fit(X, data.X_val, data.y_val, spared[negatives])
            metrics = scorer(model, data.X_test, data.y_test)
            print(
                f"{rows}, {negatives}: {metrics}, on validation items "
                f"{max(model.validation_scores_):.4f}, {model.n_iter_} epochs",
                flush=True,
            )


if __name__ == "__main__":
    main()
