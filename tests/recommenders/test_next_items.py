"""What recommenders with a network learn from, and what they never learn."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from sklearn.base import clone

from skdiffuasr import (
    BERT4RecEstimator,
    CL4SRecEstimator,
    GRU4RecEstimator,
    S3RecEstimator,
    SASRecEstimator,
)
from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training import seeded_build
from tests.recommenders.circle import (
    CIRCLE,
    N_ITEMS,
    TINY,
    histories,
    loss_of,
    quick,
    sampled_losses,
    with_pseudo,
)

CAUSAL = {
    "SASRec": (SASRecEstimator(**TINY), lambda: SASRec(N_ITEMS, 8, max_length=8)),
    "GRU4Rec": (GRU4RecEstimator(**TINY), lambda: GRU4Rec(N_ITEMS, 8)),
}
causal = pytest.mark.parametrize(
    ("recommender", "build"), CAUSAL.values(), ids=list(CAUSAL)
)
every_network = pytest.mark.parametrize(
    "recommender",
    [
        SASRecEstimator(**TINY),
        GRU4RecEstimator(**TINY),
        BERT4RecEstimator(**TINY),
        CL4SRecEstimator(**TINY),
        S3RecEstimator(**TINY, pretraining_epochs=2),
    ],
    ids=lambda recommender: type(recommender).__name__,
)


def hidden_states(module, row):
    """What the module predicts each item of a row from, but the first."""
    items = torch.tensor([row[:-1]])
    return module(items, torch.tensor([items.shape[1]]))[0]


@causal
@quick
@given(X=histories())
def test_loss_is_the_mean_over_the_real_targets(recommender, build, X):
    module = seeded_build(build, 0).eval()
    losses = []
    for row, m in zip(X.to_lists(), X.n_pseudo, strict=True):
        logits = hidden_states(module, row) @ module.item_embedding.weight.T
        for position in range(max(m, 1), len(row)):
            target = torch.tensor(row[position])
            losses.append(F.cross_entropy(logits[position - 1], target))
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(loss_of(recommender, module, X), expected)


@causal
@sampled_losses
def test_sampled_losses_draw_as_many_negatives_as_documented(
    recommender, build, loss, n_negatives, expected_loss, expected_n
):
    module = seeded_build(build, 0).eval()
    row = [1, 2, 3, 4]
    hidden = hidden_states(module, row)
    targets = torch.tensor(row[1:])
    torch.manual_seed(0)
    expected = expected_loss(hidden, module.item_embedding.weight, targets, expected_n)
    torch.manual_seed(0)
    estimator = type(recommender)(**TINY, loss=loss, n_negatives=n_negatives)
    actual = loss_of(estimator, module, with_pseudo([row], [0]))
    torch.testing.assert_close(actual, expected)


@causal
@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_pseudo_items_are_never_learned_as_targets(recommender, build, loss):
    """The pseudo items 100, 101, 102 always follow one another, but are no targets."""
    X = Sequences.from_iterable(CIRCLE).prepend([[100, 101, 102]] * N_ITEMS)
    estimator = type(recommender)(**TINY, loss=loss, pseudo_item_gate=False).fit(X)
    assert (estimator.predict([[100], [100, 101]]) < N_ITEMS).all()


@every_network
def test_pseudo_items_are_read_as_context(recommender):
    X = Sequences.from_iterable([["left"], ["right"]] * 8).prepend([["a"], ["b"]] * 8)
    recommender = clone(recommender).set_params(pseudo_item_gate=False)
    assert recommender.fit(X).predict([["a"], ["b"]]).tolist() == ["left", "right"]


@every_network
def test_skipped_items_are_not_read(recommender):
    """A history with such items is ranked like one without them."""
    X = Sequences.from_iterable([["a", "x", "c"], ["b", "y", "d"]] * 8)
    is_context = np.tile([True, False, True], 16)
    hidden = Sequences(X.values, X.offsets, make_roles(is_context=is_context))
    predicted = recommender.fit(hidden).predict([["a"], ["b"]]).tolist()
    assert {*predicted} <= {"c", "d", "x", "y"}
    at_prediction = Sequences(X.values, X.offsets, hidden.roles)
    np.testing.assert_array_equal(
        recommender.decision_function(at_prediction),
        recommender.decision_function([["a", "c"], ["b", "d"]] * 8),
    )


@causal
@pytest.mark.parametrize("is_context", [[True, False, True], [True, False, False]])
def test_skipped_items_are_learned_in_place_of_the_next(recommender, build, is_context):
    """After 0 comes 1, which is not read, and 2; 1 is learned from 0 alone."""
    X = Sequences([0, 1, 2], [0, 3], make_roles(is_context=is_context))
    module = seeded_build(build, 0).eval()
    logits = hidden_states(module, [0, 2])[0] @ module.item_embedding.weight.T
    expected = F.cross_entropy(logits, torch.tensor(1))
    torch.testing.assert_close(loss_of(recommender, module, X), expected)


@every_network
def test_rows_of_one_item_are_no_training_data(recommender):
    with pytest.raises(ValueError, match="nothing to train on"):
        recommender.fit([[1], [2]])
    without = recommender.fit(CIRCLE).loss_curve_
    recommender.fit([*CIRCLE, [0], [1]])
    assert recommender.loss_curve_ == without
    assert recommender.predict([[3]]).shape == (1,)
