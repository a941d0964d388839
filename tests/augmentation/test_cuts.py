import numpy as np
import pytest

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation import RandomAugmenter, RandomSequenceAugmenter
from skdiffuasr.augmentation.cuts import draw_cuts, learned_after
from skdiffuasr.augmentation.diffusion import CooccurrenceEmbeddings, SUNet
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.training.hold_out import hold_out

# No item is twice in a row, so that items tell where a cut is.
ROWS = [[10 * row + step for step in range(2 + row % 6)] for row in range(40)]
X = Sequences.from_iterable(ROWS)


def rows_before_targets(variant):
    """The observed items of each row that are not learned."""
    is_before = ~variant.is_pseudo & ~variant.is_target
    return variant._where(is_before).to_lists()


@pytest.mark.parametrize("n_variants", [1, 4])
@pytest.mark.parametrize("user_ids", [None, np.arange(len(ROWS))])
def test_no_target_is_generated_from(monkeypatch, n_variants, user_ids):
    """What `_generate` gets is what comes before the cut, in every variant."""
    seen = []

    def generate(self, codes, keys):
        seen.append([self.item_ids_[row].tolist() for row in codes])
        return np.zeros((len(codes), self.n_pseudo_items), dtype=np.int64)

    monkeypatch.setattr(RandomAugmenter, "_generate", generate)
    augmenter = RandomAugmenter(
        2, n_variants=n_variants, condition="before_cut", random_state=0
    )
    histories = Sequences(X.values, X.offsets, None, user_ids)
    augmented = augmenter.fit_transform(histories)
    assert len(augmented.variants) == len(seen) == n_variants
    for variant, conditions in zip(augmented.variants, seen, strict=True):
        assert conditions == rows_before_targets(variant)
        assert variant.strip_pseudo() == histories
        for row, condition in zip(ROWS, conditions, strict=True):
            assert 1 <= len(condition) < len(row)
            assert row[: len(condition)] == condition


def test_every_item_but_the_first_is_learned_in_some_variant():
    augmenter = RandomAugmenter(2, n_variants=3, condition="before_cut", random_state=0)
    variants = augmenter.fit_transform(X).variants
    cuts = [
        np.array([len(row) for row in rows_before_targets(variant)])
        for variant in variants
    ]
    assert (cuts[0] == 1).all()
    # The longest rows have six places for three cuts.
    is_long = X.lengths == 7
    assert (np.diff([cut[is_long] for cut in cuts], axis=0) > 0).all()


def test_a_single_cut_may_be_anywhere():
    lengths = np.full(2000, 5)
    keys = row_keys(Sequences.from_iterable([[row] for row in range(2000)]), 0)
    counts = np.bincount(draw_cuts(lengths, keys, 0, 1), minlength=6)
    assert (counts[1:5] > 400).all()
    assert counts.sum() == counts[1:5].sum()
    short = draw_cuts(np.array([0, 1, 2] * 5), keys[:15], 0, 1)
    assert short.tolist() == [0, 1, 1] * 5


def test_a_row_has_the_same_cut_in_any_batch():
    augmenter = RandomSequenceAugmenter(
        2, n_variants=3, condition="before_cut", random_state=0
    ).fit(X)
    whole, part = (
        augmenter._transform(augmenter._encode(rows), is_training=True)
        for rows in (X, X[5:9])
    )
    assert part == whole[5:9]


def test_long_histories_that_are_not_augmented_are_not_cut():
    augmenter = RandomAugmenter(
        2, condition="before_cut", max_history_length=4, random_state=0
    )
    augmented = augmenter.fit_transform(X)
    is_long = X.lengths > 4
    assert augmented[is_long] == X[is_long]
    assert not augmented[~is_long].is_target.all()


def test_prediction_cuts_nothing():
    settings = {"n_prediction_variants": 2, "random_state": 0}
    cut, whole = (
        RandomSequenceAugmenter(3, condition=condition, **settings).fit(X).transform(X)
        for condition in ("before_cut", "history")
    )
    assert cut == whole
    assert cut.variants[0] != cut.variants[1]


def test_roles_that_were_given_are_kept_after_a_cut():
    roles = make_roles(
        is_pseudo=[True, False, True, False, False],
        is_target=[True, True, True, False, True],
        is_context=[True, True, False, True, True],
    )
    given = Sequences([1, 2, 3, 4, 5], [0, 5], roles)
    learned = learned_after(given, np.array([1]))
    assert learned.is_target.tolist() == [False, False, False, False, True]
    assert learned.is_context.tolist() == given.is_context.tolist()
    assert learned.is_pseudo.tolist() == given.is_pseudo.tolist()
    assert learned_after(given, np.array([0])).is_target.tolist() == [
        False,
        *given.is_target[1:],
    ]


def test_what_is_held_out_is_in_no_training_row():
    augmenter = RandomSequenceAugmenter(
        2, n_variants=3, condition="before_cut", random_state=0
    )
    training, validation = hold_out(augmenter.fit_transform(X), 0.3, random_state=0)
    assert len(validation) == 12
    assert not validation.is_pseudo.any()
    for variant in training.variants:
        assert not np.isin(validation.last(), variant.values).any()


def test_the_diffusion_generates_from_what_is_before_a_cut():
    augmenter = DiffusionSequenceAugmenter(
        2,
        n_variants=2,
        condition="before_cut",
        denoiser=SUNet(n_res_blocks=1, base_channels=8),
        item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
        max_epochs=1,
        random_state=0,
    )
    with pytest.warns(UserWarning, match="training pairs"):
        first = augmenter.fit_transform(X).variants[0]
    before = Sequences.from_iterable(rows_before_targets(first))
    pseudo = first.drop_last(X.lengths).values.reshape(-1, 2)
    keys = row_keys(X, augmenter.seed_)
    codes = np.searchsorted(augmenter.item_ids_, before.values)
    expected = augmenter._generate(Sequences(codes, before.offsets), keys)
    np.testing.assert_array_equal(pseudo, augmenter.item_ids_[expected])
