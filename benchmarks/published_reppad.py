"""What makes RepPad gain: copies, what is read of them, or its negatives?

    python -m benchmarks.published_reppad LOG [--rows KIND ...] [--negatives KIND ...]
                                          [--patience EPOCHS] [--seed N]

SASRec with one negative is trained on rows of three kinds:

- ``plain``: the histories as they are;
- ``whole``: behind `RepeatedPaddingAugmenter`, whose copies are whole histories;
- ``pairs``: copies of what is read and of what is learned, as in the published code:
  the last item of a history is learned in each copy and read in none.

and with negatives of three kinds:

- ``uniform``: from the catalogue, as this library does;
- ``own``: not from the training history;
- ``leaky``: not from the whole history either, as published. A test item is then never
  pushed down for its user, and the less so the more copies there are. This is no valid
  training.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from skdiffuasr import RepeatedPaddingAugmenter, SASRecEstimator
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.vocabulary import encode_items, encode_sequences

MAX_LENGTH = 50
ROWS = ("plain", "whole", "pairs")
NEGATIVES = ("uniform", "own", "leaky")


def repeat_pairs(items, lengths, max_length):
    """Repeat the steps of each row: what is read, and what is learned from it.

    A row of n steps gets one to ``max_length // n`` copies; its oldest steps are cut.

    Returns
    -------
    read, learned : int64 Tensors of shape (batch, length)
        Item codes; undefined behind a row's end.
    n_steps : int64 Tensor of shape (batch,)
        Length of each row.
    """
    n = lengths - 1
    most = max_length // n
    n_copies = torch.where(most > 0, 1 + (torch.rand(len(n)) * most).long(), 0)
    whole = n * (n_copies + 1)
    n_steps = whole.clamp(max=max_length)
    columns = torch.arange(int(n_steps.max()))
    source = (columns + (whole - n_steps)[:, None]) % n[:, None]
    return items.gather(1, source), items.gather(1, source + 1), n_steps


class PublishedSASRec(SASRecEstimator):
    """SASRec on the rows, and with the negatives, of RepPad's published code."""

    def fit(self, X, X_val, y_val, rows, spared):
        """Train; `spared` maps a row's items to others that are never its negatives.

        With None in its place, the row's own items may be drawn as well.
        """
        self.rows_, self.spared_ = rows, spared
        return super().fit(X, X_val=X_val, y_val=y_val)

    def _loss(self, module, items, lengths, is_target, dtype=torch.float32):
        if self.rows_ == "pairs":
            read, learned, n_steps = repeat_pairs(items, lengths, self.max_length)
            is_learned = torch.arange(read.shape[1]) < n_steps[:, None]
        else:
            read, learned, n_steps = items[:, :-1], items[:, 1:], lengths - 1
            is_learned = is_target[:, 1:]
        hidden, learned = module(read, n_steps)[is_learned], learned[is_learned]
        catalogue = module.item_embedding.weight
        negatives = torch.randint(len(catalogue), learned.shape)
        positive = (hidden * F.embedding(learned, catalogue)).sum(dim=1)
        negative = (hidden * F.embedding(negatives, catalogue)).sum(dim=1)
        if self.spared_ is not None:
            spared = self._never_negative(items, lengths)
            rows = torch.arange(len(items))[:, None].expand_as(is_learned)[is_learned]
            negative = negative[~(spared[rows] == negatives[:, None]).any(dim=1)]
        return F.softplus(-positive).mean() + F.softplus(negative).mean()

    def _never_negative(self, items, lengths):
        """Items (batch, n) that a row spares; -1 where there are fewer."""
        rows = zip(items, lengths, strict=True)
        others = [self.spared_.get(items_of(row[:n]), (-1, -1)) for row, n in rows]
        is_real = torch.arange(items.shape[1]) < lengths[:, None]
        return torch.cat([items.masked_fill(~is_real, -1), torch.tensor(others)], dim=1)


def items_of(row):
    """Know a history by its items, however often they are repeated."""
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
    reppad = RepeatedPaddingAugmenter(MAX_LENGTH, random_state=options.seed)
    spared = {"uniform": None, "own": {}, "leaky": held_out(data)}
    for rows in options.rows:
        X = reppad.fit_transform(data.X_train) if rows == "whole" else data.X_train
        for negatives in options.negatives:
            model = PublishedSASRec(
                max_length=MAX_LENGTH,
                loss="bce",
                patience=options.patience,
                validation_filter_seen=filter_seen,
                random_state=options.seed,
            )
            model.fit(X, data.X_val, data.y_val, rows, spared[negatives])
            metrics = scorer(model, data.X_test, data.y_test)
            print(
                f"{rows}, {negatives}: {metrics}, on validation items "
                f"{max(model.validation_scores_):.4f}, {model.n_iter_} epochs",
                flush=True,
            )


if __name__ == "__main__":
    main()
