import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from skdiffuasr import ASRePAugmenter
from skdiffuasr.augmentation import asrep, prior_generation
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import from_weights, train

TINY = {
    "embedding_dim": 8,
    "n_layers": 1,
    "max_length": 10,
    "max_epochs": 2,
    "device": "cpu",
    "random_state": 0,
}
N_CYCLE = 7


@pytest.fixture(scope="module")
def log():
    return make_sequences(n_users=200, n_items=40, random_state=0)


@pytest.fixture(scope="module")
def fitted(log):
    return ASRePAugmenter(4, **TINY).fit(log.X)


@pytest.fixture(scope="module")
def cycle():
    """Histories that count upwards, from anywhere, modulo 7."""
    rng = np.random.default_rng(0)
    return Sequences.from_iterable(
        [
            (start + np.arange(length)) % N_CYCLE
            for start, length in rng.integers([0, 3], [N_CYCLE, 9], size=(200, 2))
        ],
        user_ids=np.arange(200),
    )


@pytest.fixture(scope="module")
def fitted_on_cycle(cycle):
    parameters = {**TINY, "max_epochs": 40, "embedding_dim": 16, "dropout": 0.0}
    return ASRePAugmenter(5, learning_rate=0.01, **parameters).fit(cycle)


def predecessors(X, n_pseudo_items):
    first = X.values[X.offsets[:-1]]
    return (first[:, None] + np.arange(-n_pseudo_items, 0)) % N_CYCLE


def test_prior_items_of_a_cycle_are_the_true_predecessors(cycle, fitted_on_cycle):
    np.testing.assert_array_equal(
        fitted_on_cycle.generate(cycle), predecessors(cycle, 5)
    )


def test_low_temperature_draws_the_most_likely_item(cycle, fitted_on_cycle):
    drawn = ASRePAugmenter(5, temperature=0.01, **TINY)
    for name, value in vars(fitted_on_cycle).items():
        if name.endswith("_"):
            setattr(drawn, name, value)
    drawn.set_params(embedding_dim=16)
    np.testing.assert_array_equal(drawn.generate(cycle), predecessors(cycle, 5))


def test_rows_longer_than_max_length_go_on_from_their_oldest_items(fitted_on_cycle):
    long = (3 + np.arange(40)) % N_CYCLE
    generated = fitted_on_cycle.generate([long, long[:10]])
    expected = (3 + np.arange(-5, 0)) % N_CYCLE
    np.testing.assert_array_equal(generated, [expected, expected])


def test_more_pseudo_items_go_on_from_fewer(log):
    # M is no part of the network: more items than are read at a time included.
    augmenter = ASRePAugmenter(3, **TINY).fit(log.X)
    three = augmenter.generate(log.X[:30])
    twelve = augmenter.set_params(n_pseudo_items=12).generate(log.X[:30])
    np.testing.assert_array_equal(twelve[:, -3:], three)


def test_greedy_generation_is_that_of_a_naive_loop(log, fitted):
    module = from_weights(fitted._build_module, fitted.weights_, torch.device("cpu"))
    generated = fitted.generate(log.X[:20])
    for row, expected in zip(log.X[:20], generated, strict=True):
        backwards = np.searchsorted(fitted.item_ids_, row)[::-1].tolist()
        for _ in range(4):
            read = torch.tensor([backwards[-10:]])
            hidden = module.last_hidden(read, torch.tensor([read.shape[1]]))
            scores = hidden @ module.item_embedding.weight.T
            backwards.append(int(scores.argmax()))
        codes = backwards[-4:][::-1]
        assert fitted.item_ids_[codes].tolist() == expected.tolist()


def test_draws_follow_the_softmax():
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0])
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    chosen = prior_generation._choose(logits.repeat(len(uniform), 1), uniform, 2.0)
    expected = (logits / 2).softmax(0).numpy().astype(float)
    counts = np.bincount(chosen.numpy(), minlength=4)
    expected *= counts.sum() / expected.sum()
    assert chisquare(counts, expected).pvalue > 0.01


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1.0])
def test_excluded_items_are_not_drawn_whatever_the_rounding(uniform):
    scores = torch.tensor([[-torch.inf, 1.0, 1.0, -torch.inf]])
    assert int(prior_generation._choose(scores, torch.tensor([uniform]), 1.0)[0]) in (
        1,
        2,
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_unique_pseudo_items_repeat_nothing(log, temperature):
    augmenter = ASRePAugmenter(4, unique=True, temperature=temperature, **TINY)
    for row in augmenter.fit_transform(log.X).to_lists():
        assert len(set(row[:4])) == 4
        assert not set(row[:4]) & set(row[4:])


def test_unique_counts_repeated_items_of_a_history_once():
    rows = [[0, 1, 0, 1, 0, 1], [2, 3], [3, 2]]
    augmenter = ASRePAugmenter(2, unique=True, **TINY).fit(rows)
    assert set(augmenter.generate(rows)[0].tolist()) == {2, 3}
    with pytest.raises(ValueError, match=r"history 1 leaves 1 of the 4"):
        augmenter.generate([[0], [1, 2, 3]])
    augmenter.set_params(max_history_length=3)
    with pytest.raises(ValueError, match="history 2 leaves 1"):
        augmenter.transform([[0, 1, 0, 1], [0], [1, 2, 3]])


def test_pseudo_items_of_a_row_do_not_depend_on_other_rows(log):
    augmenter = ASRePAugmenter(3, temperature=1.0, n_variants=2, **TINY).fit(log.X)
    whole = augmenter.transform(log.X)
    assert augmenter.transform(log.X[50:60]) == whole[50:60]
    order = np.random.default_rng(0).permutation(len(log.X))
    assert augmenter.transform(log.X[order]) == whole[order]


def test_blocks_of_rows_do_not_change_the_pseudo_items(log, fitted, monkeypatch):
    expected = fitted.generate(log.X)
    monkeypatch.setattr(prior_generation, "BATCH_SIZE", 7)
    np.testing.assert_array_equal(fitted.generate(log.X), expected)


def test_variants_differ_and_begin_with_the_only_one(log):
    augmenter = ASRePAugmenter(3, temperature=1.0, n_variants=3, **TINY)
    variants = augmenter.fit_transform(log.X).variants
    assert augmenter.set_params(n_variants=1).transform(log.X) == variants[0]
    pairs = ((0, 1), (0, 2), (1, 2))
    assert all(
        (variants[first].values != variants[second].values).any()
        for first, second in pairs
    )


def test_variants_without_draws_are_refused(log):
    with pytest.raises(ValueError, match=r"n_variants=2 .* temperature=0"):
        ASRePAugmenter(3, n_variants=2, **TINY).fit(log.X)


def test_histories_without_known_items_begin_anywhere(log, fitted):
    X = Sequences.from_iterable([[], [999]] * 50, user_ids=np.arange(100))
    generated = fitted.generate(X)
    assert np.isin(generated, fitted.item_ids_).all()
    assert len(np.unique(generated, axis=0)) > 1
    strict = ASRePAugmenter(4, unknown_items="error", **TINY).fit(log.X)
    with pytest.raises(ValueError, match="999"):
        strict.generate([[999]])


def test_training_stops_early_on_the_histories_set_aside(cycle):
    parameters = {**TINY, "max_epochs": 60}
    augmenter = ASRePAugmenter(2, learning_rate=0.05, patience=2, **parameters)
    augmenter.fit(cycle)
    scores = augmenter.validation_scores_
    assert augmenter.n_iter_ == len(scores) == len(augmenter.loss_curve_) < 60
    assert augmenter.best_epoch_ == np.argmax(scores) + 1 == augmenter.n_iter_ - 2
    assert augmenter.loss_curve_[-1] < augmenter.loss_curve_[0]


def test_without_validation_the_last_weights_are_kept(log):
    augmenter = ASRePAugmenter(2, validation_fraction=0, **TINY).fit(log.X)
    assert augmenter.validation_scores_ == []
    assert augmenter.best_epoch_ == augmenter.n_iter_ == 2


def test_two_fits_with_one_seed_are_equal(log, fitted):
    again = ASRePAugmenter(4, **TINY).fit(log.X)
    for name, weight in fitted.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], weight)


def test_heads_must_divide_the_width(log):
    with pytest.raises(ValueError, match="n_heads=3 does not divide embedding_dim=8"):
        ASRePAugmenter(2, n_heads=3, **TINY).fit(log.X)


def test_histories_of_one_item_alone_are_an_error():
    with pytest.raises(ValueError, match="No history of X has two items"):
        ASRePAugmenter(2, **TINY).fit([[1], [2]])


def test_another_seed_shuffles_the_training_histories_anew(log, monkeypatch):
    orders = []

    def first_epoch(module, batches, *args, **kwargs):
        last_items = [batch[0][:, 0] for batch in batches(0)]  # histories are reversed
        orders.append(torch.cat(last_items).numpy())
        return train(module, batches, *args, **kwargs)

    monkeypatch.setattr(asrep, "train", first_epoch)
    for seed in (0, 0, 1):
        settings = {**TINY, "max_epochs": 1, "random_state": seed}
        ASRePAugmenter(validation_fraction=0.0, **settings).fit(log.X)
    first, again, other = orders
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(first), np.sort(other))
    assert not np.array_equal(first, other)
