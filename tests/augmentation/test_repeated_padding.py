import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from skdiffuasr import RepeatedPaddingAugmenter, SASRecEstimator
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training import seeded_build
from skdiffuasr.training.histories import HistoryBatches, has_target

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=9), min_size=1, max_size=6)


def with_copies(row, n_copies, max_length, separator=True, read_last_item=False):
    """Build an augmented row item by item: ids, whether learned, whether read."""
    items, learned, read = list(row), [True] * len(row), [True] * len(row)
    for _ in range(n_copies):
        if (separator or not read_last_item) and row:
            learned[0] = False
        items, learned = [*row, *items], [True] * len(row) + learned
        read = [*[True] * (len(row) - 1), read_last_item, *read]
    n_cut = max(0, len(items) - max(max_length, len(row)))
    return items[n_cut:], learned[n_cut:], read[n_cut:]


@settings(max_examples=60, deadline=None)
@given(
    ROWS,
    st.integers(1, 14),
    st.one_of(st.just("max"), st.integers(0, 4)),
    st.booleans(),
    st.booleans(),
)
def test_rows_and_masks_are_those_of_a_naive_loop(
    rows, max_length, repetitions, separator, read_last_item
):
    augmenter = RepeatedPaddingAugmenter(
        max_length,
        repetitions=repetitions,
        separator=separator,
        read_last_item=read_last_item,
        n_variants=1,
    )
    augmented = augmenter.fit_transform([*rows, [1]])
    for number, row in enumerate(rows):
        most = max_length // len(row) if row else 0
        n_copies = most if repetitions == "max" else min(repetitions, most)
        items, learned, read = with_copies(
            row, n_copies, max_length, separator, read_last_item
        )
        assert augmented[number].tolist() == items
        assert augmented.n_pseudo[number] == len(items) - len(row)
        one = augmented[number : number + 1]
        # Nothing precedes the first item, so its mask means nothing.
        assert one.is_target.tolist()[1:] == learned[1:]
        # Recommenders read the last item of a row in any case.
        assert one.is_context.tolist() == (
            [True] * len(read) if read_last_item else read
        )


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 14), st.booleans(), st.integers(0, 50))
def test_drawn_copies_are_some_number_of_copies(rows, max_length, from_zero, seed):
    augmenter = RepeatedPaddingAugmenter(
        max_length,
        repetitions="random_from_zero" if from_zero else "random",
        n_variants=2,
        random_state=seed,
    )
    for variant in augmenter.fit_transform([*rows, [1]]).variants:
        for number, row in enumerate(rows):
            most = max_length // len(row) if row else 0
            fewest = min(0 if from_zero else 1, most)
            possible = [
                with_copies(row, n_copies, max_length)[0]
                for n_copies in range(fewest, most + 1)
            ]
            assert variant[number].tolist() in possible


@pytest.mark.parametrize(
    ("repetitions", "fewest"), [("random", 1), ("random_from_zero", 0)]
)
def test_numbers_of_copies_are_drawn_alike(repetitions, fewest):
    # With 21 places the history of 4 may have 5 copies; the fifth is cut to 1 item.
    X = Sequences.from_iterable([[1, 2, 3, 4]] * 3000, user_ids=np.arange(3000))
    augmenter = RepeatedPaddingAugmenter(
        21, repetitions=repetitions, n_variants=1, random_state=0
    )
    n_pseudo = augmenter.fit_transform(X).n_pseudo
    lengths, counts = np.unique(n_pseudo, return_counts=True)
    assert lengths.tolist() == [0, 4, 8, 12, 16, 17][fewest:]
    assert chisquare(counts).pvalue > 0.01


def test_variants_are_independent_draws():
    X = Sequences.from_iterable([[1, 2]] * 3000, user_ids=np.arange(3000))
    augmenter = RepeatedPaddingAugmenter(8, n_variants=2, random_state=0)
    first, second = augmenter.fit_transform(X).variants
    _, counts = np.unique([first.n_pseudo, second.n_pseudo], axis=1, return_counts=True)
    # Of 2, 4, 6 and (cut from 8) 6 items in front: 6 counts twice.
    expected = 3000 * np.outer([1, 1, 2], [1, 1, 2]).ravel() / 16
    assert chisquare(counts, expected).pvalue > 0.01
    one = augmenter.set_params(n_variants=1, augment_at="always").transform(X)
    assert one == first


def test_copies_depend_on_the_row_alone():
    rng = np.random.default_rng(0)
    rows = [rng.integers(20, size=size) for size in rng.integers(0, 9, size=60)]
    X = Sequences.from_iterable(rows, user_ids=np.arange(60))
    augmenter = RepeatedPaddingAugmenter(30, augment_at="always", random_state=0).fit(X)
    whole = augmenter.transform(X)
    assert augmenter.transform(X[10:20]) == whole[10:20]
    order = rng.permutation(60)
    assert augmenter.transform(X[order]) == whole[order]


def test_only_fit_transform_augments_by_default():
    augmenter = RepeatedPaddingAugmenter(6, n_variants=1, random_state=0)
    X = Sequences.from_iterable([[1, 2], [3]])
    assert (augmenter.fit_transform(X).n_pseudo > 0).all()
    assert augmenter.transform(X) is X


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans(), st.booleans())
def test_copies_have_the_masks_of_their_history(data, separator, read_last_item):
    """The last item of a copy is read as the parameter says, whatever the mask."""
    rows = [[1, 2, 3, 4], [99, 5, 1]]
    is_target, is_context = (
        [
            np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
            for n in (4, 3)
        ]
        for _ in range(2)
    )
    roles = make_roles(
        is_target=np.concatenate(is_target), is_context=np.concatenate(is_context)
    )
    X = Sequences.from_iterable(rows)
    masked = Sequences(X.values, X.offsets, roles)
    augmenter = RepeatedPaddingAugmenter(
        9,
        repetitions=2,
        separator=separator,
        read_last_item=read_last_item,
        n_variants=1,
        augment_at="always",
    ).fit([[1, 2, 3, 4, 5]])
    plain, augmented = augmenter.transform(X), augmenter.transform(masked)
    assert augmented.to_lists() == [[4, *rows[0] * 2], [5, 1, 5, 1, *rows[1]]]

    def expected(mask):
        first, second = mask[0].tolist(), mask[1].tolist()
        return np.array([first[3], *first * 2, *second[1:] * 2, *second])

    learned = expected(is_target)
    np.testing.assert_array_equal(augmented.is_target, plain.is_target & learned)
    for mask in is_context:
        mask[-1] = True
    read = expected(is_context)
    if not read_last_item:
        read &= plain.is_context
    np.testing.assert_array_equal(augmented.is_context, read)


def test_copies_are_put_before_pseudo_items_that_are_learned():
    roles = make_roles(is_pseudo=[True, True, False, False], is_target=[True] * 4)
    X = Sequences([7, 8, 1, 2], [0, 4], roles)
    augmented = RepeatedPaddingAugmenter(6, n_variants=1).fit_transform(X)
    assert augmented[0].tolist()[-6:] == [1, 2, 7, 8, 1, 2]
    # The step from a copy to what was given is not learned, those within are.
    assert augmented.is_target.tolist()[-6:] == [False, True, False, True, True, True]


def test_a_history_as_long_as_max_length_has_no_copy():
    X = Sequences.from_iterable([[1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3]])
    augmented = RepeatedPaddingAugmenter(4, n_variants=1).fit_transform(X)
    assert augmented.n_pseudo.tolist() == [0, 0, 1]
    assert augmented.to_lists() == [[1, 2, 3, 4], [1, 2, 3, 4, 5], [3, 1, 2, 3]]


def test_unknown_items_are_not_copied():
    augmenter = RepeatedPaddingAugmenter(
        6, repetitions="max", n_variants=1, augment_at="always"
    ).fit([[1, 2, 3]])
    augmented = augmenter.transform([[1, 99, 2], [99]])
    assert augmented.to_lists() == [[1, 2, 1, 2, 1, 99, 2], [99]]
    with pytest.raises(ValueError, match="99"):
        augmenter.set_params(unknown_items="error").transform([[1, 99]])


def test_a_single_item_has_nothing_to_learn_with_a_separator():
    X = Sequences.from_iterable([[5]])
    apart = RepeatedPaddingAugmenter(4, repetitions="max", n_variants=1)
    assert has_target(apart.fit_transform(X)).tolist() == [False]
    joined = apart.set_params(separator=False, read_last_item=True)
    assert has_target(joined.fit_transform(X)).tolist() == [True]


@pytest.mark.parametrize("separator", [True, False])
def test_only_without_a_separator_the_start_is_learned_after_the_end(separator):
    X = Sequences.from_iterable([[0, 1, 2], [3, 4, 5]] * 20)
    augmenter = RepeatedPaddingAugmenter(
        9, repetitions="max", separator=separator, read_last_item=True, n_variants=1
    )
    recommender = SASRecEstimator(
        8,
        n_layers=1,
        max_length=9,
        dropout=0.0,
        learning_rate=0.02,
        max_epochs=40,
        early_stopping=False,
        ema_decay=None,
        device="cpu",
        random_state=0,
    ).fit(augmenter.fit_transform(X))
    best = recommender.decision_function([[0, 1, 2], [3, 4, 5], [0], [3]]).argmax(1)
    assert best[2:].tolist() == [1, 4]
    assert np.isin(best[:2], [0, 3]).tolist() == [not separator] * 2


@pytest.mark.parametrize("n_copies", [0, 1, 5])
def test_the_steps_that_are_learned_are_the_published_ones(n_copies):
    """What is read is repeated without its last item, what is learned with it."""
    rows = [[3, 1, 4, 2], [0, 5, 1, 2], [6, 2, 3, 5]]
    augmenter = RepeatedPaddingAugmenter(
        4 * (n_copies + 1), repetitions=n_copies, n_variants=1
    )
    module = seeded_build(lambda: SASRec(7, 4, max_length=24), 0).eval()
    batches = HistoryBatches(augmenter.fit_transform(rows), 3)
    items, lengths, labels = batches.pad(np.arange(3))
    states, learned = module(items, lengths, labels >= 0), labels[labels >= 0]

    read = torch.tensor([row[:-1] * (n_copies + 1) for row in rows])
    expected = torch.tensor([row[1:] * (n_copies + 1) for row in rows])
    expected_states = module(read, torch.full((3,), read.shape[1]))
    steps = sorted_rows(states, learned)
    assert len(steps) == expected.numel()
    np.testing.assert_allclose(
        steps, sorted_rows(expected_states.flatten(0, 1), expected.flatten())
    )


def sorted_rows(states, items):
    table = torch.cat([items[:, None], states], dim=1).detach().numpy()
    return table[np.lexsort(table.T[::-1])]


def test_inverse_transform_gives_the_histories_back():
    X = Sequences.from_iterable([[1, 2], [3], []])
    augmenter = RepeatedPaddingAugmenter(6)
    assert augmenter.inverse_transform(augmenter.fit_transform(X)) == X


@pytest.mark.parametrize("repetitions", ["often", -1, 1.5, None])
def test_bad_repetitions_are_named(repetitions):
    with pytest.raises(ValueError, match="'repetitions' parameter"):
        RepeatedPaddingAugmenter(repetitions=repetitions).fit([[1]])


def test_histories_without_items_are_an_error():
    with pytest.raises(ValueError, match="Every history of X is empty"):
        RepeatedPaddingAugmenter().fit([[], []])
