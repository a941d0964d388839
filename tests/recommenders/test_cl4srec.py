import numpy as np
import pytest
import torch

from skdiffuasr.nn.cl4srec import CL4SRec, draw_operator_views
from skdiffuasr.nn.contrastive import nt_xent
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders import SASRecEstimator
from skdiffuasr.recommenders.cl4srec import CL4SRecEstimator
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import seeded_build
from skdiffuasr.training.histories import HistoryBatches
from skdiffuasr.utils.estimator_checks import check_estimator
from tests.recommenders.circle import CIRCLE, N_ITEMS, TINY, assert_knows_the_circle
from tests.sequences.tables import with_leading_pseudo

TINY = {**TINY, "n_layers": 1, "max_epochs": 40}
VIEWS = ("operators", "dropout", "same_target")
all_views = pytest.mark.parametrize("views", VIEWS)


def tiny(**settings):
    return CL4SRecEstimator(**{"contrastive_weight": 0.1, **TINY, **settings})


def build_module(mask=True):
    def build():
        network = SASRec(N_ITEMS, 8, max_length=8)
        return CL4SRec(network) if mask else network

    return seeded_build(build, 0).eval()


def batch_of(rows, n_pseudo=None):
    X = Sequences.from_iterable(rows)
    if n_pseudo is not None:
        X = with_leading_pseudo(X, n_pseudo)
    return HistoryBatches(X, 1).pad(np.arange(len(X)))


def last_hidden(module, rows):
    """Hidden states of rows that are read one by one."""
    states = [module(torch.tensor([row]), torch.tensor([len(row)])) for row in rows]
    return torch.stack([state[0, -1] for state in states])


def to_rows(items, lengths):
    pairs = zip(items.tolist(), lengths.tolist(), strict=True)
    return [row[:length] for row, length in pairs]


# The loss.


@all_views
@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_without_weight_the_estimator_is_sasrec(views, loss):
    settings = {**TINY, "dropout": 0.2, "max_epochs": 3, "loss": loss}
    sasrec = SASRecEstimator(**settings).fit(CIRCLE)
    recommender = CL4SRecEstimator(views=views, contrastive_weight=0, **settings)
    recommender.fit(CIRCLE)
    assert recommender.loss_curve_ == sasrec.loss_curve_
    np.testing.assert_array_equal(
        recommender.decision_function(CIRCLE), sasrec.decision_function(CIRCLE)
    )


def losses(recommender, module, batch):
    """The whole loss and that of SASRec, from the same random numbers."""
    torch.manual_seed(0)
    sasrec = SASRecEstimator._loss(recommender, module, *batch)
    torch.manual_seed(0)
    return recommender._loss(module, *batch), sasrec


ROWS = [[1, 2, 3, 4, 5, 6], [7, 4, 2], [3, 1], [6, 5, 4, 3]]


@pytest.mark.parametrize("weight", [0.1, 2.0])
def test_operator_views_are_contrasted_with_the_weight(weight):
    module = build_module()
    batch = batch_of(ROWS, [2, 1, 0, 0])
    recommender = tiny(contrastive_weight=weight, temperature=0.7, mask_ratio=0.5)
    total, sasrec = losses(recommender, module, batch)
    torch.manual_seed(0)
    items, lengths, _ = batch
    views = to_rows(
        *draw_operator_views(items, lengths, module.mask_code, mask_ratio=0.5)
    )
    hidden = last_hidden(module, views)
    contrastive = nt_xent(hidden[:4], hidden[4:], 0.7)
    torch.testing.assert_close(total, sasrec + weight * contrastive)


def test_dropout_views_are_the_history_twice():
    module = build_module(mask=False)  # it drops nothing in evaluation mode
    total, sasrec = losses(tiny(views="dropout"), module, batch_of(ROWS))
    hidden = last_hidden(module, [row[:-1] for row in ROWS])
    torch.testing.assert_close(total, sasrec + 0.1 * nt_xent(hidden, hidden))


def test_views_are_read_with_dropout():
    module = build_module(mask=False).train()
    batch = batch_of(ROWS)
    recommender = tiny(views="dropout")
    same_masks = nt_xent(*[last_hidden(module.eval(), [row[:-1] for row in ROWS])] * 2)
    contrastive = recommender._contrastive_loss(module.train(), *batch)
    assert not torch.isclose(contrastive, same_masks)


def test_same_target_views_are_contrasted():
    """The first two rows have a partner in the other, the third has none."""
    module = build_module(mask=False)
    rows = [[1, 2, 5], [3, 4, 6, 5], [1, 2, 7]]
    total, sasrec = losses(tiny(views="same_target"), module, batch_of(rows))
    first = last_hidden(module, [[1, 2], [3, 4, 6], [1, 2]])
    second = last_hidden(module, [[3, 4, 6], [1, 2], [1, 2]])
    contrastive = nt_xent(first, second, labels=torch.tensor([5, 5, 7]))
    torch.testing.assert_close(total, sasrec + 0.1 * contrastive)


@pytest.mark.parametrize("views", ["dropout", "same_target"])
def test_views_are_the_same_with_soft_labels(views):
    """The last item is then read, but not in the views."""
    module = build_module(mask=False)
    X = Sequences.from_iterable([[1, 2, 5], [3, 4, 6, 5], [1, 2, 7], [6, 0]])
    n = len(X.values)
    soft_labels = np.ones((n, 1), dtype=np.int32), np.full((n, 1), 0.5, np.float32)
    contrastive = []
    for soft in (None, soft_labels):
        batch = HistoryBatches(X, 1, soft_labels=soft).pad(np.arange(len(X)))
        total, sasrec = losses(tiny(views=views), module, batch)
        contrastive.append(total - sasrec)
    torch.testing.assert_close(*contrastive, rtol=1e-3, atol=1e-5)


@all_views
def test_last_targets_are_not_read(views):
    """Rows differ in their last item only; no two of them end alike."""
    module = build_module(views == "operators")
    recommender = tiny(views=views)
    contrastive = []
    for last in ([5, 6, 7], [7, 5, 6]):
        rows = [[*row, item] for row, item in zip(CIRCLE[:3], last, strict=True)]
        items, lengths, labels = batch_of(rows)
        # Nothing but the last item of each row has a history to be a partner.
        labels[:, :-1] = -1
        torch.manual_seed(0)
        contrastive.append(
            recommender._contrastive_loss(module, items, lengths, labels)
        )
    assert torch.equal(*contrastive)


@all_views
def test_the_shortest_histories(views):
    """One has nothing to predict, the other is one item before its target."""
    recommender = tiny(views=views, max_epochs=2).fit([[1, 2], [3]])
    assert np.isfinite(recommender.loss_curve_).all()
    assert recommender.predict([[3]]).shape == (1,)


# The estimator.


@all_views
def test_a_circle_is_learned_perfectly(views):
    recommender = tiny(views=views, dropout=0.1, contrastive_weight=0.01)
    assert_knows_the_circle(recommender.fit(CIRCLE * 2))


@all_views
def test_the_contrastive_loss_falls(views):
    recommender = tiny(views=views, dropout=0.1, contrastive_weight=5.0, max_epochs=30)
    curve = recommender.fit(CIRCLE).loss_curve_
    plain = tiny(contrastive_weight=0, max_epochs=30).fit(CIRCLE).loss_curve_
    fallen, fallen_alone = curve[0] - curve[-1], plain[0] - plain[-1]
    assert fallen > 2 * fallen_alone


def test_sparse_gradients_learn_the_circle_too():
    settings = {"loss": "bce", "n_negatives": 5, "sparse_gradients": True}
    recommender = tiny(contrastive_weight=0.01, **settings).fit(CIRCLE)
    rows = [row[:4] for row in CIRCLE]
    assert np.mean(recommender.predict(rows) == np.array(CIRCLE)[:, 4]) > 0.8


@all_views
def test_the_catalogue_has_no_mask(views):
    recommender = tiny(views=views, max_epochs=1).fit(CIRCLE)
    assert recommender.item_embeddings_.shape == (N_ITEMS, 16)
    assert recommender.decision_function(CIRCLE).shape == (N_ITEMS, N_ITEMS)
    assert ("mask_embedding" in recommender.weights_) == (views == "operators")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("views", "mask"),
        ("contrastive_weight", -0.1),
        ("temperature", 0.0),
        ("crop_ratio", 1.1),
        ("mask_ratio", -0.1),
        ("reorder_ratio", 2),
    ],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of CL4SRecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)


@all_views
def test_the_common_checks_pass(views):
    check_estimator(tiny(views=views, embedding_dim=8, max_epochs=1, dropout=0.2))
