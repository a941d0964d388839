"""Modules that are exported do what naive loops do."""

import numpy as np
import pytest
import torch
from scipy.sparse import random_array
from torch import nn

from skdiffuasr.nn.scanned_gru import ScannedGRU
from skdiffuasr.nn.scoring import (
    BestItems,
    ConstantScores,
    MeanScores,
    SparseRows,
    most_recent_known,
)
from skdiffuasr.recommenders.top_k import top_k

HISTORIES = [
    [-1, -1, 4, 2, 7],
    [3, -1, 5, -1, -1],
    [-1, -1, -1, -1, -1],
    [0, 1, 2, 3, 4],
]


@pytest.mark.parametrize("max_length", [1, 2, 3, 5, 9])
def test_the_last_known_items_are_kept_in_their_order(max_length):
    items, lengths = most_recent_known(torch.tensor(HISTORIES), max_length)
    assert items.shape == (len(HISTORIES), min(5, max_length))
    for history, row, length in zip(HISTORIES, items, lengths, strict=True):
        known = [code for code in history if code >= 0][-max_length:]
        assert row[:length].tolist() == known
        assert row[length:].tolist() in ([0] * len(row[length:]), [])


def test_rows_of_a_sparse_matrix_are_added_up():
    rng = np.random.default_rng(0)
    matrix = random_array((7, 5), density=0.3, format="csr", rng=rng)
    assert (np.diff(matrix.indptr) == 0).any()
    parts = map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data))
    rows = rng.integers(7, size=(6, 4))
    weights = rng.random((6, 4)) * (rng.random((6, 4)) < 0.7)
    expected = np.einsum("nw,nwc->nc", weights, matrix.toarray()[rows])
    sums = SparseRows(*parts, 5)(torch.from_numpy(rows), torch.from_numpy(weights))
    np.testing.assert_allclose(sums.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("topk_breaks_ties", [False, True])
@pytest.mark.parametrize("filter_seen", [False, True])
def test_best_items_are_those_of_top_k(topk_breaks_ties, filter_seen):
    values = torch.tensor([0.5, -1.0, 2.0, -0.25, 1.0, -2.0, 0.125, 3.0])
    module = BestItems(
        ConstantScores(values),
        6,
        filter_seen=filter_seen,
        topk_breaks_ties=topk_breaks_ties,
    )
    items, best = module(torch.tensor(HISTORIES))
    for history, found, found_scores in zip(HISTORIES, items, best, strict=True):
        scores = values[None].clone()
        if filter_seen:
            scores[0, [code for code in history if code >= 0]] = -torch.inf
        expected, expected_scores = top_k(scores, 6)
        expected = np.where(np.isneginf(expected_scores), -1, expected)
        assert found.tolist() == expected[0].tolist()
        assert found_scores.tolist() == expected_scores[0].tolist()


def test_the_lower_code_comes_first_in_a_tie():
    values = torch.tensor([0.0, -1.0, -0.0, 0.0, -1.0, 7.0, -0.0] * 300)
    items, _ = BestItems(ConstantScores(values), 1700)(torch.tensor([[-1]]))
    expected = np.argsort(-values.numpy(), stable=True)[:1700]
    np.testing.assert_array_equal(items[0].numpy(), expected)


def test_more_items_than_there_are_is_padded():
    items, best = BestItems(ConstantScores(torch.tensor([1.0, 2.0])), 4)(
        torch.tensor([[0], [-1]])
    )
    assert items.tolist() == [[1, -1, -1, -1], [1, 0, -1, -1]]
    assert best.tolist() == [[2.0, *[-torch.inf] * 3], [2.0, 1.0, *[-torch.inf] * 2]]


class LogOfCode(nn.Module):
    """Log-probabilities that grow with the number of items and their codes."""

    def __init__(self, n_items):
        super().__init__()
        self.n_items = n_items

    def forward(self, codes):
        seen = codes.clamp(min=0).sum(dim=1, keepdim=True) + 1.0
        return (torch.arange(self.n_items) * seen).log_softmax(dim=1)


def test_members_with_a_part_of_the_catalogue_give_the_others_their_lowest_score():
    # The second member knows items 1, 3 and 0 as its codes 0, 1 and 2.
    own_codes = torch.tensor([2, 0, -1, 1])
    mean = MeanScores([LogOfCode(4), LogOfCode(3)], [0.75, 0.25], [None, own_codes])
    codes = torch.tensor([[3, 2, -1], [0, -1, 1]])
    whole = LogOfCode(4)(codes)
    part = LogOfCode(3)(torch.tensor([[1, -1, -1], [2, -1, 0]]))
    for row in range(2):
        lowest = part[row].min()
        wide = torch.stack([part[row, 2], part[row, 0], lowest, part[row, 1]])
        expected = (0.75 * whole[row] + 0.25 * wide).log_softmax(dim=0)
        torch.testing.assert_close(mean(codes)[row], expected)


@pytest.mark.slow  # the first scan imports much of torch
def test_a_scanned_gru_is_the_gru():
    torch.manual_seed(0)
    gru = nn.GRU(5, 4, num_layers=2, batch_first=True)
    x = torch.randn(3, 6, 5)
    with torch.no_grad():
        torch.testing.assert_close(ScannedGRU(gru)(x)[0], gru(x)[0])
