import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.nn.losses import sampled_binary_cross_entropy, sampled_cross_entropy
from skdiffuasr.recommenders.gru4rec import GRU4RecEstimator
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import seeded_build
from skdiffuasr.training.histories import HistoryBatches

quick = settings(max_examples=60, deadline=None)

N_ITEMS = 8
CIRCLE = [[(start + step) % N_ITEMS for step in range(5)] for start in range(N_ITEMS)]


def tiny(**settings):
    defaults = {
        "embedding_dim": 16,
        "max_length": 8,
        "dropout": 0.0,
        "learning_rate": 0.01,
        "batch_size": 8,
        "max_epochs": 60,
        "early_stopping": False,
        "device": "cpu",
        "random_state": 0,
    }
    return GRU4RecEstimator(**{**defaults, **settings})


def build_module():
    return seeded_build(lambda: GRU4Rec(N_ITEMS, 8), 0).eval()


def with_pseudo(rows, n_pseudo):
    X = Sequences.from_iterable(rows)
    return Sequences(X.values, X.offsets, n_pseudo)


def loss_of(recommender, module, X):
    batch = HistoryBatches(X, 1).pad(np.arange(len(X)))
    return recommender._loss(module, *batch)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "ce"},
        {"loss": "sampled_ce"},
        {"loss": "sampled_ce", "n_negatives": 5},
        {"loss": "bce"},
        {"loss": "bce", "n_negatives": 4},
        {"hidden_dim": 24, "n_layers": 2},
        {"ema_decay": 0.9},
        {"weight_decay": 0.01},
    ],
)
def test_a_circle_is_learned_perfectly(settings):
    recommender = tiny(**settings).fit(CIRCLE * 2)
    rows = [row[:length] for row in CIRCLE for length in range(1, 5)]
    following = [(row[-1] + 1) % N_ITEMS for row in rows]
    assert recommender.predict(rows).tolist() == following
    assert recommender.score(rows, following) == 1


def test_ids_may_be_strings():
    names = [[f"item {item}" for item in row] for row in CIRCLE]
    on_names, on_codes = (tiny(max_epochs=2).fit(X) for X in (names, CIRCLE))
    np.testing.assert_array_equal(
        on_names.decision_function(names), on_codes.decision_function(CIRCLE)
    )
    assert on_names.predict([["item 1"]]).dtype.kind == "U"


@st.composite
def histories(draw):
    """Rows that all have something to predict."""
    rows, n_pseudo = [], []
    for _ in range(draw(st.integers(1, 5))):
        n_pseudo.append(draw(st.integers(0, 4)))
        length = draw(st.integers(max(n_pseudo[-1], 1) + 1, 8))
        items = st.integers(0, N_ITEMS - 1)
        rows.append(draw(st.lists(items, min_size=length, max_size=length)))
    return with_pseudo(rows, n_pseudo)


@quick
@given(histories())
def test_loss_is_the_mean_over_the_real_targets(X):
    module = build_module()
    losses = []
    for row, m in zip(X.to_lists(), X.n_pseudo, strict=True):
        hidden = module(torch.tensor([row]))[0]
        for position in range(max(m, 1), len(row)):
            logits = module.item_embedding.weight @ hidden[position - 1]
            losses.append(F.cross_entropy(logits, torch.tensor(row[position])))
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(loss_of(tiny(), module, X), expected)


@pytest.mark.parametrize(
    ("loss", "n_negatives", "expected_loss", "expected_n"),
    [
        ("sampled_ce", None, sampled_cross_entropy, 256),
        ("sampled_ce", 3, sampled_cross_entropy, 3),
        ("bce", None, sampled_binary_cross_entropy, 1),
        ("bce", 3, sampled_binary_cross_entropy, 3),
    ],
)
def test_sampled_losses_draw_as_many_negatives_as_documented(
    loss, n_negatives, expected_loss, expected_n
):
    module = build_module()
    hidden = module(torch.tensor([[1, 2, 3]]))[0]
    targets = torch.tensor([2, 3, 4])
    torch.manual_seed(0)
    expected = expected_loss(hidden, module.item_embedding.weight, targets, expected_n)
    torch.manual_seed(0)
    recommender = tiny(loss=loss, n_negatives=n_negatives)
    X = with_pseudo([[1, 2, 3, 4]], [0])
    torch.testing.assert_close(loss_of(recommender, module, X), expected)


def test_prediction_equals_a_forward_pass_of_each_history():
    recommender = tiny(max_epochs=2, max_length=4).fit(CIRCLE)
    module = recommender.to_module()
    rows = [[5], [3, 4], [7, 6, 5], [0, 1, 2, 3], [2, 4, 6, 0, 1, 3]]
    expected = []
    for row in rows:
        hidden = module(torch.tensor([row[-4:]]))[0, -1]
        expected.append((module.item_embedding.weight @ hidden).detach().numpy())
    np.testing.assert_allclose(
        recommender.decision_function(rows), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_pseudo_items_are_never_learned_as_targets(loss):
    """The pseudo items 100, 101, 102 always follow one another, but are no targets."""
    X = Sequences.from_iterable(CIRCLE).prepend([[100, 101, 102]] * N_ITEMS)
    recommender = tiny(loss=loss).fit(X)
    items, _ = recommender.recommend([[100], [100, 101]], k=N_ITEMS)
    assert set(items.ravel()) == set(range(N_ITEMS))


def test_pseudo_items_are_read_as_context():
    X = Sequences.from_iterable([["left"], ["right"]] * 8).prepend([["a"], ["b"]] * 8)
    recommender = tiny(max_epochs=30).fit(X)
    assert recommender.predict([["a"], ["b"]]).tolist() == ["left", "right"]


def test_rows_of_one_item_are_no_training_data():
    with pytest.raises(ValueError, match="nothing to train on"):
        tiny().fit([[1], [2]])
    with_single = tiny(max_epochs=3).fit([*CIRCLE, [0], [1]])
    without = tiny(max_epochs=3).fit(CIRCLE)
    assert with_single.loss_curve_ == without.loss_curve_
    assert with_single.predict([[3]]).shape == (1,)


@pytest.mark.parametrize(("hidden_dim", "width"), [(None, 6), (10, 10)])
def test_parameters_shape_the_network(hidden_dim, width):
    recommender = tiny(
        embedding_dim=6, hidden_dim=hidden_dim, n_layers=3, dropout=0.4, max_epochs=1
    ).fit(CIRCLE)
    module = recommender.to_module()
    assert isinstance(module, GRU4Rec)
    assert module.item_embedding.weight.shape == (N_ITEMS, 6)
    assert (module.gru.hidden_size, module.gru.num_layers) == (width, 3)
    assert module.output.weight.shape == (6, width)
    assert (module.dropout.p, module.gru.dropout) == (0.4, 0.4)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_dim", 0), ("n_layers", 0), ("loss", "mse"), ("n_negatives", 0)],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of GRU4RecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)
