"""What a study trains on, stops by and tests on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.datasets import Interactions
from skdiffuasr.metrics import (
    Groups,
    length_groups,
    novelty_groups,
    popularity_groups,
)
from skdiffuasr.model_selection import TemporalSplit, leave_last_out
from skdiffuasr.model_selection.temporal_split import default_cutoff
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items


class StudyData(NamedTuple):
    """One view of a dataset, the same for every combination of a study.

    Augmenters and recommenders are fitted on `X_train`. `X_val` and `y_val` (n_val,)
    are for early stopping and the choice of parameters, `X_test` and `y_test` (n,) for
    the figures. `train_lengths` (n,) are the lengths of the tested users' training
    histories; 0 if there is none.
    """

    X_train: Sequences
    X_val: Sequences
    y_val: IdArray
    X_test: Sequences
    y_test: IdArray
    train_lengths: IntArray

    @property
    def has_repeats(self) -> bool:
        """Whether a user ever meets an item twice, the targets included."""
        last = Sequences.from_iterable(self.y_test[:, np.newaxis].tolist())
        whole = last.prepend(self.X_test)
        return has_repeats(self.X_train) or has_repeats(whole)

    @property
    def description(self) -> dict[str, str | int | float]:
        """Sizes of the dataset."""
        return {
            "n_train_users": len(self.X_train),
            "n_test_users": len(self.X_test),
            "n_items": len(np.unique(self.X_train.values)),
            "n_train_interactions": len(self.X_train.values),
            "has_repeats": self.has_repeats,
        }

    def groups(
        self, length_bins: Sequence[int], popularity_bins: Sequence[float]
    ) -> dict[str, Groups]:
        """Partition the tested users; by novelty only if some meet an item again."""
        item_ids, counts = np.unique(self.X_train.values, return_counts=True)
        targets = encode_items(self.y_test, item_ids)
        groups = {
            "length": length_groups(self.train_lengths, length_bins),
            "popularity": popularity_groups(targets, counts, popularity_bins),
        }
        novelty = novelty_groups(self.X_test, self.y_test)
        if novelty.codes.any():
            groups["novelty"] = novelty
        return groups


def leave_last_out_data(log: Any) -> StudyData:
    """Hold out the last item of every history for testing, the one before to validate.

    Pseudo items are dropped, and histories of fewer than three items left out. It is a
    ValueError if all are.
    """
    X = log.to_sequences() if isinstance(log, Interactions) else check_sequences(log)
    X = X.strip_pseudo()  # nobody has met them
    X_train, y_val, X_test, y_test = leave_last_out(X, short="drop")
    # The rows of all parts are the same users in the same order.
    return StudyData(X_train, X_train, y_val, X_test, y_test, X_train.lengths)


def temporal_data(log: Interactions, test_fraction: float = 0.2) -> StudyData:
    """Test on what comes after one point in time, validate on what comes before it.

    `test_fraction` is the share of the interactions in the test period, and of those
    before it in the validation period. Users are evaluated on their first item of a
    period. Pseudo items are dropped. It is a TypeError if the dataset is not
    interactions with times, and a ValueError if a period has no interactions, or no
    user is active before and in it.
    """
    if not isinstance(log, Interactions) or log.time is None:
        raise TypeError(
            "protocol='temporal' takes Interactions with times, got "
            f"{type(log).__name__}{' without times' * isinstance(log, Interactions)}."
        )
    if len(log) == 0:
        raise ValueError("The dataset has no interactions.")
    if log.is_pseudo is not None:
        log = log.take(~log.is_pseudo)
    _, X_test, y_test = TemporalSplit(test_fraction=test_fraction).split(log)
    times = np.asarray(log.time)
    before = log.take(times < default_cutoff(times, test_fraction))
    X_train, X_val, y_val = TemporalSplit(test_fraction=test_fraction).split(before)
    rows = encode_items(X_test.user_ids, np.asarray(X_train.user_ids))
    lengths = np.where(rows >= 0, X_train.lengths[rows], 0)
    return StudyData(X_train, X_val, y_val, X_test, y_test, lengths)


def has_repeats(X: Sequences) -> bool:
    """Whether any row holds an item twice."""
    codes = np.unique(X.values, return_inverse=True)[1]
    rows = np.repeat(np.arange(len(X)), X.lengths)
    pairs = rows * (int(codes.max(initial=0)) + 1) + codes
    return len(np.unique(pairs)) < len(pairs)
