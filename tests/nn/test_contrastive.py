import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn.contrastive import nt_xent

quick = settings(max_examples=60, deadline=None)


def naive_nt_xent(first, second, temperature, labels):
    n = len(first)
    views = [*first.tolist(), *second.tolist()]
    losses = []
    for i in range(2 * n):
        positive, others = None, []
        for j in range(2 * n):
            score = sum(a * b for a, b in zip(views[i], views[j], strict=True))
            score /= temperature
            if j % n == i % n:
                positive = score if j != i else positive
            elif labels is None or labels[j % n] != labels[i % n]:
                others.append(score)
        total = sum(math.exp(score) for score in [positive, *others])
        losses.append(math.log(total) - positive)
    return sum(losses) / len(losses)


@quick
@given(
    n=st.integers(1, 6),
    temperature=st.floats(0.1, 3),
    seed=st.integers(0, 2**32),
    with_labels=st.booleans(),
)
def test_same_as_a_naive_loop(n, temperature, seed, with_labels):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, n, 4, generator=generator)
    labels = torch.randint(3, (n,), generator=generator) if with_labels else None
    expected = naive_nt_xent(
        first, second, temperature, None if labels is None else labels.tolist()
    )
    loss = nt_xent(first, second, temperature, labels)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_views_that_are_all_alike_leave_a_guess_among_all_but_itself():
    views = torch.ones(5, 3)
    assert nt_xent(views, views).item() == pytest.approx(math.log(9))


@pytest.mark.parametrize("n", [0, 1])
def test_without_negatives_there_is_no_loss_and_no_gradient(n):
    views = torch.randn(2, n, 3, requires_grad=True)
    loss = nt_xent(*views)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(views.grad, torch.zeros_like(views))


def test_rows_with_one_label_are_no_negatives():
    first, second = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    assert nt_xent(first, second, labels=torch.zeros(4, dtype=torch.int64)).item() == 0
    assert nt_xent(first, second, labels=torch.arange(4)) == nt_xent(first, second)


def test_the_gradient_draws_partners_together_and_others_apart():
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    second = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    nt_xent(first, second).backward()
    similarity = -first.grad @ second.T  # how a step of descent changes it
    assert (similarity.diagonal() > 0).all()
    assert similarity[0, 1] < 0
    assert similarity[1, 0] < 0


def test_large_products_do_not_overflow():
    views = torch.eye(3) * 1e4
    assert nt_xent(views, views).item() == 0
    assert nt_xent(views, -views).item() == pytest.approx(1e8)


def test_products_are_in_full_precision_under_autocast():
    first, second = torch.randn(2, 8, 16, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = nt_xent(first, second)
    assert under_autocast == nt_xent(first, second)
