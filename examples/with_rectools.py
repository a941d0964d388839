"""Train a RecTools model on augmented histories.

The pseudo items go into the log that RecTools reads, at times before the first real
one. Its models know nothing about pseudo items and learn to predict them, too: compare.

Needs ``pip install rectools``. Run it with ``python examples/with_rectools.py``.
"""

import numpy as np
import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import NDCG
from rectools.models import EASEModel

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.datasets import make_sequences, to_rectools
from skdiffuasr.model_selection import leave_last_out


def to_dataset(X):
    """Make a RecTools dataset from histories."""
    frame = to_rectools(X).drop_duplicates([Columns.User, Columns.Item])
    return Dataset.construct(frame)


def main():
    log = make_sequences(n_users=500, n_items=120, random_state=0)
    X_train, _, _, y_test = leave_last_out(log.X)
    augmenter = DiffusionSequenceAugmenter(3, max_epochs=5, random_state=0)
    users = np.arange(len(X_train))
    truth = pd.DataFrame({Columns.User: users, Columns.Item: y_test})
    for name, X in {
        "as it is": X_train,
        "augmented": augmenter.fit_transform(X_train),
    }.items():
        dataset = to_dataset(X)
        model = EASEModel(regularization=100.0).fit(dataset)
        recommended = model.recommend(users, dataset, k=10, filter_viewed=True)
        print(f"{name:<10} NDCG@10 {NDCG(10).calc(recommended, truth):.4f}")


if __name__ == "__main__":
    main()
