import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skdiffuasr.training.early_stopping import EarlyStopping

quick = settings(max_examples=60, deadline=None)


def module_of(value):
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, value)
    return module


def run(scores, patience):
    """Update epoch by epoch, with the epoch's number as the weight."""
    stopping = EarlyStopping(patience)
    for epoch, score in enumerate(scores, start=1):
        stopping.update(epoch, score, module_of(float(epoch)))
        if stopping.is_over(epoch):
            break
    return stopping, epoch


@quick
@given(st.lists(st.integers(0, 5), min_size=1), st.integers(1, 4))
def test_stops_as_a_loop_over_the_scores_does(scores, patience):
    n_worse, last_epoch = 0, 0
    for last_epoch in range(1, len(scores) + 1):
        so_far = scores[:last_epoch]
        is_best = so_far[-1] > max(so_far[:-1], default=-1)
        n_worse = 0 if is_best else n_worse + 1
        if n_worse == patience:
            break
    stopping, epoch = run(scores, patience)
    assert epoch == last_epoch
    assert stopping.best_score == max(scores[:last_epoch])
    assert stopping.best_epoch == 1 + scores.index(stopping.best_score)
    assert stopping.best_weights["weight"] == stopping.best_epoch


def test_without_patience_the_best_is_kept_but_nothing_stops():
    stopping, epoch = run([1.0, 3.0, *[2.0] * 50], patience=None)
    assert epoch == 52
    assert stopping.best_epoch == 2


def test_best_weights_do_not_follow_the_module():
    stopping, module = EarlyStopping(patience=3), module_of(1.0)
    stopping.update(1, 0.5, module)
    with torch.no_grad():
        module.weight.fill_(9.0)
    np.testing.assert_array_equal(stopping.best_weights["weight"], [[1.0]])


@pytest.mark.parametrize("score", [float("nan"), -float("inf")])
def test_there_are_weights_even_if_no_score_is_any_good(score):
    stopping, _ = run([score] * 3, patience=2)
    assert stopping.best_epoch == 1
    assert stopping.best_weights["weight"] == 1
