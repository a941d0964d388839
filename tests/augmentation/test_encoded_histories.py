"""What is given is checked, stripped, encoded and hashed once per call."""

from collections import Counter

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skdiffuasr import (
    ASRePAugmenter,
    PopularityRecommender,
    augmentation,
)
from skdiffuasr.augmentation import base, encoded_histories
from skdiffuasr.augmentation.diffusion import CooccurrenceEmbeddings
from skdiffuasr.augmentation.encoded_histories import EncodedHistories
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import (
    Sequences,
    SequenceVariants,
    ids,
    make_roles,
    vocabulary,
)
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.training import network

X = make_sequences(n_users=60, n_items=40, min_length=5, random_state=0).X
WITH_PSEUDO = X.prepend(np.full((len(X), 2), X.values[0]))
TINY = {"max_epochs": 1, "device": "cpu", "random_state": 0}
PARAMETERS = {
    "ASRePAugmenter": {**TINY, "embedding_dim": 4, "n_layers": 1, "unique": True},
    "DiffusionSequenceAugmenter": {
        "n_pseudo_items": 2,
        "item_embeddings": CooccurrenceEmbeddings(embedding_dim=4),
        **TINY,
    },
    "RepeatedPaddingAugmenter": {"augment_at": "always", "random_state": 0},
}
AUGMENTERS = [
    getattr(augmentation, name)(**PARAMETERS.get(name, {"random_state": 0}))
    for name in augmentation.__all__
    if name.endswith("Augmenter")
]
# What a call may do once for each variant of what is given.
SPIED_ON = (
    (base, "check_sequences"),
    (encoded_histories, "encode_sequences"),
    (encoded_histories, "row_hashes"),
    (vocabulary, "_encode"),
    (ids, "_canonical"),
    (ids, "_pack_ids"),
    (network, "from_weights"),
)


@pytest.fixture
def calls(monkeypatch):
    counts = Counter()

    def spy(owner, name):
        original = getattr(owner, name)

        def counting(*args, **kwargs):
            counts[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counting)

    for owner, name in SPIED_ON:
        spy(owner, name)
    strip = Sequences.strip_pseudo

    def counting_strip(self):
        counts["strip_pseudo"] += self.is_pseudo.any()
        return strip(self)

    monkeypatch.setattr(Sequences, "strip_pseudo", counting_strip)
    return counts


@pytest.mark.parametrize("augmenter", AUGMENTERS, ids=lambda a: type(a).__name__)
def test_every_call_encodes_once(augmenter, calls):
    augmenter.fit(X)
    for method in ("transform", "generate"):
        if hasattr(augmenter, method):
            calls.clear()
            getattr(augmenter, method)(WITH_PSEUDO)
            assert calls["check_sequences"] == calls["encode_sequences"] == 1
            assert max(calls.values()) == 1, calls
            assert calls["_canonical"] == calls["_pack_ids"] == 0


def test_ids_of_lists_are_checked_once(calls):
    rows = X.to_lists()
    augmenter = augmentation.RandomSequenceAugmenter(random_state=0).fit(X)
    calls.clear()
    augmenter.transform(rows)
    assert calls["_canonical"] + calls["_pack_ids"] == 1


@pytest.mark.parametrize("augmenter", AUGMENTERS, ids=lambda a: type(a).__name__)
def test_variants_that_are_given_are_encoded_once_each(augmenter, calls):
    given = SequenceVariants([WITH_PSEUDO, X, X])
    augmenter.fit(given)
    calls.clear()
    augmenter.transform(given)
    assert calls["encode_sequences"] == 3
    assert max(calls.values()) == 3, calls


def test_variants_that_are_made_share_codes_and_hashes(calls):
    augmenter = ASRePAugmenter(2, n_variants=4, temperature=1.0, **TINY).fit(X)
    calls.clear()
    augmenter.transform(X)
    assert calls["encode_sequences"] == calls["row_hashes"] == 1
    assert calls["from_weights"] == 1


@pytest.mark.parametrize(
    "augmenter",
    [a for a in AUGMENTERS if "guidance" not in a.get_params()],
    ids=lambda a: type(a).__name__,
)
def test_fit_encodes_once(augmenter, calls):
    augmenter.fit(WITH_PSEUDO)
    assert calls["check_sequences"] == calls["_encode"] == 1
    assert calls["strip_pseudo"] == 1
    assert calls["row_hashes"] == calls["encode_sequences"] == 0


def test_scoring_in_blocks_builds_the_network_once(calls):
    augmenter = ASRePAugmenter(2, **TINY)
    pipeline = make_pipeline(augmenter, PopularityRecommender()).fit(X)
    calls.clear()
    for start in range(0, len(X), 15):
        pipeline.decision_function(WITH_PSEUDO[start : start + 15])
    assert calls["encode_sequences"] == calls["row_hashes"] == 4
    assert calls["from_weights"] == 0  # it was built for the training histories


@pytest.mark.parametrize("user_ids", [None, [7, 8]])
def test_keys_are_those_of_the_observed_items(user_ids):
    histories = Sequences([5, 6, 9, 7], [0, 3, 4], user_ids=user_ids)
    augmented = histories.prepend([[6], [6]])
    encoded = EncodedHistories(augmented, np.array([5, 6, 7]))
    for seed in (0, 3):
        np.testing.assert_array_equal(encoded.keys(seed), row_keys(histories, seed))


def test_known_items_keep_their_roles_and_all_are_counted():
    roles = make_roles(
        is_pseudo=[True, False, False, False, True],
        is_target=[True, False, True, False, False],
    )
    given = Sequences([5, 6, 9, 7, 5], [0, 4, 5], roles, user_ids=[1, 2])
    encoded = EncodedHistories(given, np.array([5, 6, 7]))
    assert encoded.given is given
    assert encoded.codes.to_lists() == [[1, 2], []]
    assert encoded.codes.is_target.tolist() == [False, False]
    assert encoded.codes.user_ids.tolist() == [1, 2]
    assert encoded.n_observed.tolist() == [3, 0]
