"""Does RepPad gain by its copies, or by negatives that avoid the test item?

    python -m benchmarks.leaky_negatives LOG [--seed N]

The published code of RepPad draws no negatives from a user's whole history, and that is
the history before the split: the test item is among what is never pushed down for its
user. Every copy of the history draws negatives anew, so the more often it is repeated,
the more this favours the test item. Here SASRec with one negative is trained on the
histories as they are and behind RepPad, with negatives of three kinds:

- ``uniform``: from the catalogue, as this library does;
- ``own``: not from the training history;
- ``leaky``: not from the whole history either, as published. This is no valid training.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from skdiffuasr import RepeatedPaddingAugmenter, SASRecEstimator
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.vocabulary import encode_items, encode_sequences

MAX_LENGTH = 50


class SASRecWithoutNegatives(SASRecEstimator):
    """SASRec whose negatives are none of the row's items, nor of others given."""

    def fit(self, X, forbidden, X_val, y_val):
        """Train; `forbidden` maps the set of a row's items to more that are spared."""
        self.forbidden_ = forbidden
        return super().fit(X, X_val=X_val, y_val=y_val)

    def _loss(self, module, items, lengths, is_target, dtype=torch.float32):
        hidden, targets = module.next_item_states(items, lengths, is_target)
        catalogue = module.item_embedding.weight
        columns = torch.arange(items.shape[1])
        is_real = columns < lengths[:, None]
        spared = [
            torch.tensor(self.forbidden_.get(key, (-1, -1)))
            for key in map(_key, items, lengths)
        ]
        # What stands behind a row's end spares nothing.
        avoided = torch.cat(
            [items.masked_fill(~is_real, -1), torch.stack(spared)], dim=1
        )
        rows = torch.arange(len(items))[:, None].expand_as(items)
        rows = rows[:, 1:][is_target[:, 1:]]
        negatives = torch.randint(len(catalogue), targets.shape)
        counts = ~(avoided[rows] == negatives[:, None]).any(dim=1)
        positive = (hidden * F.embedding(targets, catalogue)).sum(dim=1)
        negative = (hidden * F.embedding(negatives, catalogue)).sum(dim=1)
        return F.softplus(-positive).mean() + F.softplus(negative)[counts].mean()


def _key(row, length):
    """Know a history by its items, however often they are repeated."""
    return frozenset(row[:length].tolist())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    histories = read_interactions(options.log).to_sequences()
    X_train, y_val, X_test, y_test = leave_last_out(histories, short="drop")
    settings = {
        "max_length": MAX_LENGTH,
        "loss": "bce",
        "learning_rate": 1e-3,
        "patience": 15,
        "validation_filter_seen": True,
        "random_state": options.seed,
    }
    scorer = NextItemScorer(("ndcg@10", "hr@10"), filter_seen=True)
    item_ids = np.unique(X_train.values)
    codes = encode_sequences(X_train, item_ids)
    held_out = zip(
        encode_items(y_val, item_ids), encode_items(y_test, item_ids), strict=True
    )
    forbidden = {
        frozenset(row.tolist()): (int(validation), int(test))
        for row, (validation, test) in zip(codes, held_out, strict=True)
    }
    augmenters = {
        "none": None,
        "RepPad, as often as fits": RepeatedPaddingAugmenter(
            MAX_LENGTH, repetitions="max", n_variants=1, random_state=options.seed
        ),
        "RepPad, random, four versions": RepeatedPaddingAugmenter(
            MAX_LENGTH, random_state=options.seed
        ),
    }
    for name, augmenter in augmenters.items():
        X = X_train if augmenter is None else augmenter.fit_transform(X_train)
        for negatives in ("uniform", "own", "leaky"):
            if negatives == "uniform":
                model = SASRecEstimator(**settings)
                model.fit(X, X_val=X_train, y_val=y_val)
            else:
                model = SASRecWithoutNegatives(**settings)
                spared = forbidden if negatives == "leaky" else {}
                model.fit(X, spared, X_train, y_val)
            metrics = scorer(model, X_test, y_test)
            print(f"{name}, {negatives}: {metrics}, {model.n_iter_} epochs", flush=True)


if __name__ == "__main__":
    main()
