from functools import partial
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import (
    CooccurrenceEmbeddings,
    LearnedEmbeddings,
    LinearSchedule,
    SUNet,
    suffixes,
    training,
)
from skdiffuasr.augmentation.diffusion.suffixes import (
    SuffixMeans,
    first_items,
    share_suffixes,
)
from skdiffuasr.augmentation.diffusion.training_pairs import find_training_pairs
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import seeded_build

N_ITEMS, M, D = 40, 2, 4
LENGTHS = st.lists(st.integers(0, 150), min_size=1, max_size=6).filter(
    lambda lengths: max(lengths) > M
)


def draw_pairs(lengths, seed=0):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    histories = Sequences(rng.integers(N_ITEMS, size=offsets[-1]), offsets)
    return find_training_pairs(histories, M, "windows")


def draw_table(seed=0):
    return np.random.default_rng(seed).normal(size=(N_ITEMS, D)).astype(np.float32)


def naive_means(values, table, starts, ends):
    table = table.astype(np.float64)
    return [table[values[a:b]].mean(axis=0) for a, b in zip(starts, ends, strict=True)]


def one_by_one(values, starts, ends):
    """Items and lengths of what follows each window, as `condition` takes them."""
    parts = [values[a:b] for a, b in zip(starts, ends, strict=True)]
    return torch.from_numpy(np.concatenate(parts)), torch.from_numpy(ends - starts)


def build():
    network = SUNet(base_channels=8, n_res_blocks=1)
    return seeded_build(lambda: Denoiser(N_ITEMS, M, D, network.build), 0)


def condition_and_gradient(condition):
    """A condition as a function of the denoiser, and what it hands to the table."""
    denoiser = build()
    result = condition(denoiser)
    (result * torch.arange(1.0, 1 + result.numel()).view_as(result)).sum().backward()
    return result.detach(), denoiser.item_embedding.weight.grad


def random_batch(pairs, size, seed=0):
    order = np.random.default_rng(seed).permutation(len(pairs))[:size]
    return pairs.starts[order] + M, pairs.ends[order]


class Counter:
    """Counts the items that `gather` copies."""

    def __init__(self, monkeypatch):
        self.n_items = 0
        gather = suffixes.gather

        def counted(values, starts, lengths):
            gathered = gather(values, starts, lengths)
            self.n_items += len(gathered[0])
            return gathered

        monkeypatch.setattr(suffixes, "gather", counted)


@given(lengths=LENGTHS, seed=st.integers(0, 100))
def test_means_are_those_of_the_items(lengths, seed):
    pairs, table = draw_pairs(lengths, seed), draw_table(seed)
    starts, ends = pairs.starts + M, pairs.ends
    (means,) = SuffixMeans(pairs.values, table)(starts, ends)
    assert means.dtype == torch.float32
    expected = naive_means(pairs.values, table, starts, ends)
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("chunk_blocks", [1, 2, 3, 100])
def test_blocks_are_summed_in_chunks(monkeypatch, chunk_blocks):
    monkeypatch.setattr(suffixes, "_CHUNK_BLOCKS", chunk_blocks)
    pairs, table = draw_pairs([300, 37]), draw_table()
    starts, ends = pairs.starts + M, pairs.ends
    (means,) = SuffixMeans(pairs.values, table)(starts, ends)
    expected = naive_means(pairs.values, table, starts, ends)
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-6)


def test_a_mean_reads_fewer_than_two_blocks_of_items(monkeypatch):
    counter = Counter(monkeypatch)
    n_items = 4 * suffixes.BLOCK_ITEMS
    means = SuffixMeans(np.arange(n_items) % N_ITEMS, draw_table())
    for start, end in combinations(range(n_items + 1), 2):
        counter.n_items = 0
        means(np.array([start]), np.array([end]))
        assert counter.n_items < 2 * suffixes.BLOCK_ITEMS


def test_means_of_short_suffixes_of_a_long_history_keep_their_digits():
    pairs, table = draw_pairs([30, 100_000]), draw_table() + 3
    starts = np.append(random_batch(pairs, 50)[0], 100_030 - np.arange(1, 70))
    ends = np.where(starts < 30, 30, 100_030)
    (means,) = SuffixMeans(pairs.values, table)(starts, ends)
    expected = naive_means(pairs.values, table, starts, ends)
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-6)


@given(lengths=LENGTHS, size=st.integers(1, 60), seed=st.integers(0, 100))
def test_shared_segments_give_the_condition_and_its_gradient(lengths, size, seed):
    pairs = draw_pairs(lengths, seed)
    batch = random_batch(pairs, size, seed)
    shared = share_suffixes(pairs.values, *batch)
    mean, gradient = condition_and_gradient(lambda d: d.suffix_condition(*shared))
    expected, expected_gradient = condition_and_gradient(
        lambda d: d.condition(*one_by_one(pairs.values, *batch))
    )
    torch.testing.assert_close(mean, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-4)


def test_first_items_are_those_behind_the_windows():
    pairs = draw_pairs([9, 0, 3, 20])
    windows, first = pairs.take(
        np.arange(len(pairs)), partial(first_items, pairs.values)
    )
    starts = pairs.starts
    assert first.tolist() == [pairs.values[start + M] for start in starts]
    assert windows[:, -1].tolist() == [pairs.values[start + M - 1] for start in starts]


def test_a_batch_shares_the_items_of_a_history(monkeypatch):
    pairs, counter = draw_pairs([10] * 20 + [5000]), Counter(monkeypatch)
    n_batches = 0
    for _ in pairs.batches(64, 0, partial(share_suffixes, pairs.values), 0):
        n_batches += 1
    assert counter.n_items <= n_batches * 5000 + 64 * 10 * 20
    assert counter.n_items < 5000**2 / 2 / 20  # one by one


@pytest.mark.parametrize(
    "item_embeddings",
    [CooccurrenceEmbeddings(embedding_dim=D), LearnedEmbeddings(embedding_dim=D)],
)
def test_training_sees_what_gathering_every_suffix_shows(item_embeddings, monkeypatch):
    rng = np.random.default_rng(0)
    X = [rng.integers(N_ITEMS, size=n).tolist() for n in (6, 9, 150, 8, 7) * 4]
    augmenter = DiffusionSequenceAugmenter(
        M,
        item_embeddings=item_embeddings,
        denoiser=SUNet(base_channels=8, n_res_blocks=1),
        schedule=LinearSchedule(n_timesteps=10),
        max_epochs=2,
        device="cpu",
        random_state=0,
    )
    curves = augmenter.fit(X).loss_curve_, augmenter.validation_scores_

    class NaiveMeans:
        def __init__(self, values, table):
            self.values, self.table = values, table

        def __call__(self, starts, ends):
            means = naive_means(self.values, self.table, starts, ends)
            return (torch.tensor(np.array(means), dtype=torch.float32),)

    monkeypatch.setattr(training, "SuffixMeans", NaiveMeans)
    monkeypatch.setattr(training, "share_suffixes", one_by_one)
    monkeypatch.setattr(Denoiser, "suffix_condition", Denoiser.condition)
    expected = augmenter.fit(X).loss_curve_, augmenter.validation_scores_
    np.testing.assert_allclose(curves, expected, rtol=1e-4)
