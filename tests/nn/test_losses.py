import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn import losses
from skdiffuasr.nn.losses import (
    full_cross_entropy,
    log_probability,
    sampled_binary_cross_entropy,
    sampled_cross_entropy,
    with_soft_targets,
)

quick = settings(max_examples=60, deadline=None)


def draw(n_tokens, n_items, embedding_dim=3, seed=0):
    """Hidden states, a catalogue and targets."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(n_tokens, embedding_dim, generator=generator)
    catalogue = torch.randn(n_items, embedding_dim, generator=generator)
    targets = torch.randint(n_items, (n_tokens,), generator=generator)
    return hidden.requires_grad_(), catalogue.requires_grad_(), targets


def gradients_of(loss, *tensors):
    return torch.autograd.grad(loss, tensors)


@quick
@given(
    n_tokens=st.integers(1, 9),
    n_items=st.integers(1, 7),
    block_rows=st.integers(0, 10),
    seed=st.integers(0, 1000),
)
def test_full_cross_entropy_and_its_gradients_are_exact(
    n_tokens, n_items, block_rows, seed
):
    hidden, catalogue, targets = draw(n_tokens, n_items, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "BLOCK_BYTES", 4 * n_items * block_rows)
        patch.setattr(losses, "MIN_BLOCK_ROWS", 1)
        loss = full_cross_entropy(hidden, catalogue, targets)
    dense = F.cross_entropy(hidden @ catalogue.T, targets)
    torch.testing.assert_close(loss, dense)
    for ours, theirs in zip(
        gradients_of(3 * loss, hidden, catalogue),
        gradients_of(3 * dense, hidden, catalogue),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


@quick
@given(
    n_tokens=st.integers(1, 9),
    n_items=st.integers(1, 7),
    k=st.integers(1, 4),
    block_rows=st.integers(0, 10),
    seed=st.integers(0, 1000),
)
def test_soft_targets_are_dense_probabilities(n_tokens, n_items, k, block_rows, seed):
    """A code may come twice, and what is left of 1 is no target."""
    hidden, catalogue, _ = draw(n_tokens, n_items, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(n_items, (n_tokens, k), generator=generator)
    probabilities = torch.rand(n_tokens, k, generator=generator) / k
    probabilities[::2] /= probabilities[::2].sum(dim=1, keepdim=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "BLOCK_BYTES", 4 * n_items * block_rows)
        patch.setattr(losses, "MIN_BLOCK_ROWS", 1)
        loss = full_cross_entropy(
            hidden, catalogue, targets, probabilities=probabilities
        )
    dense_targets = torch.zeros(n_tokens, n_items)
    dense_targets.scatter_add_(1, targets, probabilities)
    dense = F.cross_entropy(hidden @ catalogue.T, dense_targets)
    torch.testing.assert_close(loss, dense)
    for ours, theirs in zip(
        gradients_of(3 * loss, hidden, catalogue),
        gradients_of(3 * dense, hidden, catalogue),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_a_hard_target_is_a_soft_one_of_probability_one():
    hidden, catalogue, targets = draw(6, 5)
    hard = full_cross_entropy(hidden, catalogue, targets)
    soft = full_cross_entropy(
        hidden, catalogue, targets[:, None], probabilities=torch.ones(6, 1)
    )
    assert hard == soft


def test_soft_targets_leave_the_rest_of_one_to_the_true_one():
    targets = torch.tensor([3, -1, 0])
    codes = torch.tensor([[1, 2], [4, 0], [0, 1]], dtype=torch.int32)
    soft = torch.tensor([[0.3, 0.2], [0.25, 0.25], [0.0, 0.0]])
    joined, probabilities = with_soft_targets(targets, codes, soft)
    assert joined.tolist() == [[3, 1, 2], [0, 4, 0], [0, 0, 1]]
    expected = [[0.5, 0.3, 0.2], [0, 0.25, 0.25], [1, 0, 0]]
    torch.testing.assert_close(probabilities, torch.tensor(expected))


@pytest.mark.parametrize("block_bytes", [1, 200])
def test_gradients_of_soft_targets_do_not_depend_on_the_block(monkeypatch, block_bytes):
    hidden, catalogue, _ = draw(30, 12)
    targets = torch.randint(12, (30, 4))
    probabilities = torch.rand(30, 4)
    gradients = []
    for size in (losses.BLOCK_BYTES, block_bytes):
        monkeypatch.setattr(losses, "BLOCK_BYTES", size)
        loss = full_cross_entropy(
            hidden, catalogue, targets, probabilities=probabilities
        )
        gradients.append(gradients_of(loss, hidden, catalogue))
    torch.testing.assert_close(*gradients)


def test_full_cross_entropy_reaches_what_lies_behind_its_inputs():
    hidden, catalogue, targets = draw(6, 5)
    weights = torch.randn(3, 3, requires_grad=True)
    ours = full_cross_entropy(hidden @ weights, catalogue.tanh(), targets)
    dense = F.cross_entropy(hidden @ weights @ catalogue.tanh().T, targets)
    for first, second in zip(
        gradients_of(ours, weights, catalogue),
        gradients_of(dense, weights, catalogue),
        strict=True,
    ):
        torch.testing.assert_close(first, second)


@quick
@given(
    n_tokens=st.integers(1, 9),
    n_items=st.integers(1, 7),
    block_rows=st.integers(0, 10),
    seed=st.integers(0, 1000),
)
def test_log_probability_and_its_gradient_are_exact(
    n_tokens, n_items, block_rows, seed
):
    hidden, catalogue, targets = draw(n_tokens, n_items, seed=seed)
    targets[::3] = -1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "BLOCK_BYTES", 4 * n_items * block_rows)
        patch.setattr(losses, "MIN_BLOCK_ROWS", 1)
        found = log_probability(hidden, catalogue.detach(), targets)
    dense = -F.cross_entropy(
        hidden @ catalogue.T, targets, ignore_index=-1, reduction="none"
    )
    torch.testing.assert_close(found, dense)
    weights = torch.arange(1.0, n_tokens + 1)
    (ours,) = gradients_of((weights * found).sum(), hidden)
    (theirs,) = gradients_of((weights * dense).sum(), hidden)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("deviation", "lowest", "highest"),
    [(0.7, 1e-4, 4e-4), (2.9, 1e-3, 5e-3), (8.0, 5e-3, 3e-2)],
)
def test_gradients_in_bfloat16_are_off_as_documented(deviation, lowest, highest):
    """By the shares of the page on performance, larger where logits are."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(100, 64, generator=generator)
    catalogue = torch.randn(3000, 64, generator=generator) * deviation / 8
    targets = torch.randint(3000, (100,), generator=generator)
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        states = hidden.clone().requires_grad_()
        full_cross_entropy(states, catalogue, targets, dtype).backward()
        gradients.append(states.grad)
    exact, rough = gradients
    assert lowest < (rough - exact).norm() / exact.norm() < highest


def test_full_cross_entropy_in_bfloat16_is_nearly_exact():
    hidden, catalogue, targets = draw(200, 300, embedding_dim=32)
    loss = full_cross_entropy(hidden, catalogue, targets, torch.bfloat16)
    dense = F.cross_entropy(hidden @ catalogue.T, targets)
    torch.testing.assert_close(loss, dense, rtol=1e-3, atol=0)
    for ours, theirs in zip(
        gradients_of(loss, hidden, catalogue),
        gradients_of(dense, hidden, catalogue),
        strict=True,
    ):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 0.01 * theirs.norm()


@pytest.mark.parametrize("loss", [sampled_cross_entropy, sampled_binary_cross_entropy])
def test_sparse_gradients_are_the_dense_ones(loss):
    hidden, catalogue, targets = draw(6, 50)
    gradients = []
    for sparse in (False, True):
        torch.manual_seed(0)
        value = loss(hidden, catalogue, targets, 4, sparse)
        gradients.append(gradients_of(value, hidden, catalogue))
    assert gradients[1][1].is_sparse
    torch.testing.assert_close(gradients[1][0], gradients[0][0])
    torch.testing.assert_close(gradients[1][1].to_dense(), gradients[0][1])


def test_full_cross_entropy_survives_huge_logits():
    hidden, catalogue, targets = draw(6, 5)
    with torch.no_grad():
        hidden *= 1e4
    loss = full_cross_entropy(hidden, catalogue, targets)
    assert torch.isfinite(loss)
    assert all(map(torch.isfinite, gradients_of(loss, hidden)[0].flatten()))


def test_full_cross_entropy_leaves_its_inputs_alone():
    hidden, catalogue, targets = draw(6, 5)
    before = [hidden.detach().clone(), catalogue.detach().clone()]
    full_cross_entropy(hidden, catalogue, targets).backward()
    assert torch.equal(hidden, before[0])
    assert torch.equal(catalogue, before[1])


def test_full_cross_entropy_is_computed_in_single_precision():
    hidden, catalogue, targets = draw(6, 5)
    with torch.autocast("cpu", torch.bfloat16):
        loss = full_cross_entropy(hidden.bfloat16(), catalogue, targets)
    expected = full_cross_entropy(hidden.bfloat16().float(), catalogue, targets)
    assert loss.dtype == torch.float32
    assert loss == expected


def test_uniform_scores_cost_the_logarithm_of_the_catalogue():
    loss = full_cross_entropy(torch.zeros(4, 3), torch.randn(9, 3), torch.arange(4))
    assert loss.item() == pytest.approx(math.log(9))


def test_sampled_cross_entropy_estimates_that_of_the_whole_catalogue():
    hidden, catalogue, targets = draw(4, 6)
    expected = F.cross_entropy(hidden @ catalogue.T, targets)
    torch.manual_seed(0)
    loss = sampled_cross_entropy(hidden, catalogue, targets, n_negatives=200_000)
    torch.testing.assert_close(loss, expected, atol=0.01, rtol=0)


def test_sampled_binary_cross_entropy_approaches_its_expectation():
    hidden, catalogue, targets = draw(4, 6)
    logits = hidden @ catalogue.T
    positive = logits.gather(1, targets[:, None])
    is_negative = torch.arange(6) != targets[:, None]
    expected = (
        -F.logsigmoid(positive).mean() - F.logsigmoid(-logits[is_negative]).mean()
    )
    torch.manual_seed(0)
    loss = sampled_binary_cross_entropy(hidden, catalogue, targets, 50_000)
    torch.testing.assert_close(loss, expected, atol=0.01, rtol=0)


def test_a_single_negative_counts_fully():
    hidden, catalogue, _ = draw(1, 2)
    logits = (hidden @ catalogue.T)[0]
    targets = torch.tensor([0])
    torch.manual_seed(next(seed for seed in range(50) if drawn_with(seed) == 1))
    loss = sampled_binary_cross_entropy(hidden, catalogue, targets, 1)
    torch.testing.assert_close(loss, F.softplus(-logits[0]) + F.softplus(logits[1]))


def drawn_with(seed):
    torch.manual_seed(seed)
    return int(torch.randint(2, (1, 1)))


def test_one_negative_is_the_loss_of_sasrec():
    hidden, catalogue, targets = draw(50, 2)
    torch.manual_seed(0)
    loss = sampled_binary_cross_entropy(hidden, catalogue, targets, 1)
    torch.manual_seed(0)
    negatives = torch.randint(2, (50, 1))[:, 0]
    positive, negative = ((hidden * catalogue[c]).sum(1) for c in (targets, negatives))
    kept = negatives != targets
    expected = F.binary_cross_entropy_with_logits(
        positive, torch.ones(50)
    ) + F.binary_cross_entropy_with_logits(negative[kept], torch.zeros(int(kept.sum())))
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("loss", [sampled_cross_entropy, sampled_binary_cross_entropy])
def test_a_target_is_never_its_own_negative(loss):
    """In a catalogue of one item, every draw is the target."""
    hidden, catalogue, targets = draw(4, 1)
    value = loss(hidden, catalogue, targets, 5)
    positive = (hidden * catalogue).sum(1)
    binary = loss is sampled_binary_cross_entropy
    expected = F.softplus(-positive).mean() if binary else torch.tensor(0.0)
    torch.testing.assert_close(value, expected)
    assert torch.isfinite(gradients_of(value, hidden)[0]).all()


@pytest.mark.parametrize("loss", [sampled_cross_entropy, sampled_binary_cross_entropy])
def test_sampled_losses_pull_the_target_and_push_the_others(loss):
    hidden, catalogue, targets = draw(1, 4)
    torch.manual_seed(0)
    (gradient,) = gradients_of(loss(hidden, catalogue, targets, 100), catalogue)
    direction = gradient @ hidden.detach()[0]  # > 0 where a step down lowers the logit
    assert direction[targets[0]] < 0
    others = torch.arange(4) != targets[0]
    assert (direction[others] > 0).all()
