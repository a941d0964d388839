import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.nn.bert4rec import BERT4Rec, draw_tasks
from skdiffuasr.recommenders import bert4rec
from skdiffuasr.recommenders.bert4rec import BERT4RecEstimator
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training import seeded_build
from skdiffuasr.training.histories import HistoryBatches
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


def tiny(**settings):
    tasks = {"mask_probability": 0.2, "n_next_items": 1, "n_masked_copies": 1}
    return BERT4RecEstimator(
        **{**TINY, "n_layers": 1, "n_heads": 1, **tasks, **settings}
    )


def build_module():
    return seeded_build(lambda: BERT4Rec(N_ITEMS, 8, max_length=8), 0).eval()


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "ce"},
        {"loss": "sampled_ce", "n_negatives": 5, "n_next_items": 8},
        {"loss": "bce", "n_next_items": 8},
        {"loss": "bce", "n_negatives": 4, "n_next_items": 8},
        {"n_next_items": 0, "max_epochs": 200},
        {"mask_probability": 0.6, "max_epochs": 100},
        {"n_layers": 2, "n_heads": 4},
        {"ema_decay": 0.9},
        {"weight_decay": 0.01},
    ],
)
def test_a_circle_is_learned(settings):
    # A mask behind a whole row would stand at a length that training has not seen.
    beginnings = [row[:length] for row in CIRCLE for length in range(2, 6)]
    recommender = tiny(**settings).fit(beginnings)
    rows = [row[:-1] for row in beginnings]
    following = [row[-1] for row in beginnings]
    assert (recommender.predict(rows) == following).mean() >= 0.8
    assert recommender.score(rows, following) >= 0.85


def batch_of(X, max_length=8, **others):
    """The batch of all rows."""
    batches = HistoryBatches(X, 1, max_length=max_length, cloze=True, **others)
    return batches.pad(np.arange(len(X)))


def watch_tasks(monkeypatch):
    """The arguments and the tasks of each call of `draw_tasks`."""
    calls = []

    def watch(*arguments, **settings):
        tasks = list(draw_tasks(*arguments, **settings))
        calls.append((arguments, settings, tasks))
        return tasks

    monkeypatch.setattr(bert4rec, "draw_tasks", watch)
    return calls


@quick
@given(histories(longest=9), st.integers(0, 2**31))
def test_loss_is_the_mean_over_the_masked_items_of_all_tasks(X, seed):
    module = build_module()
    torch.manual_seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        calls = watch_tasks(patch)
        loss = loss_of(tiny(mask_probability=0.5), module, X)
    ((_, _, tasks),) = calls
    codes = batch_of(X)[0].flatten()
    losses = []
    for task in tasks:
        for row, length, is_masked in zip(*task, strict=True):
            row, is_masked = codes[row[None, :length]], is_masked[None, :length]
            hidden = module(row, length[None], is_masked)[is_masked]
            logits = hidden @ module.item_embedding.weight.T
            losses.extend(F.cross_entropy(logits, row[is_masked], reduction="none"))
    torch.testing.assert_close(loss, torch.stack(losses).mean())


@quick
@given(histories(longest=9), st.integers(0, 2**31))
def test_next_items_are_learned_from_soft_labels_too(X, seed):
    """After every item of a history, pseudo items and the last one included."""
    soft_labels = draw_soft_labels(X, seed)
    batch = batch_of(X, soft_labels=soft_labels)
    module = build_module()
    torch.manual_seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        calls = watch_tasks(patch)
        loss = tiny(mask_probability=0.5, n_next_items=9)._loss(module, *batch)
    ((_, _, ((positions, lengths, is_masked), *_)),) = calls
    items, row_lengths, is_target, *_ = batch
    catalogue = module.item_embedding.weight
    log_probabilities = (
        module(items.flatten()[positions], lengths, is_masked)[is_masked] @ catalogue.T
    ).log_softmax(dim=1)
    targets = items.flatten()[positions[is_masked]]
    losses = [-log_probabilities[n, target] for n, target in enumerate(targets)]
    for row, n in enumerate(row_lengths.tolist()):
        for last in range(n):
            codes, probabilities = (soft[row, last] for soft in batch[3:])
            before = items[row, : last + 1][None]
            if last + 1 < n:  # a mask counts as an item, and so does the last one
                before = torch.cat([before, torch.zeros_like(before[:, :1])], dim=1)
                mask = torch.arange(last + 2)[None] == last + 1
                hidden = module(before, torch.tensor([last + 2]), mask)[0, -1]
            else:
                hidden = module.last_hidden(before, torch.tensor([n]))[0]
            after = (catalogue @ hidden).log_softmax(dim=0)
            total = -probabilities @ after[codes.long()]
            if last + 1 < n and is_target[row, last + 1]:
                total = total - (1 - probabilities.sum()) * after[items[row, last + 1]]
            losses.append(total)
    torch.testing.assert_close(loss, torch.stack(losses).mean(), rtol=1e-4, atol=1e-5)


def draw_soft_labels(X, seed=0):
    """Two codes after each item; their probabilities sum to 0.4."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(N_ITEMS, size=(len(X.values), 2)).astype(np.int32)
    probabilities = 0.4 * rng.dirichlet([1, 1], len(X.values)).astype(np.float32)
    return codes, probabilities


@pytest.mark.parametrize("is_soft", [False, True])
def test_tasks_of_long_histories_give_the_same_gradients(monkeypatch, is_soft):
    """They are computed twice to save memory, with the same dropout."""
    X = with_pseudo([[7, 0, 1, 2, 3, 4], [5, 6, 1, 3]], [0, 0])
    batch = batch_of(X, soft_labels=draw_soft_labels(X) if is_soft else None)
    gradients = []
    for group_size in (bert4rec.GROUP_SIZE, 1):
        monkeypatch.setattr(bert4rec, "GROUP_SIZE", group_size)
        module = build_module().train()
        torch.manual_seed(0)
        tiny()._loss(module, *batch).backward()
        gradients.append([weight.grad for weight in module.parameters()])
    torch.testing.assert_close(*gradients)


def test_the_tasks_are_those_of_the_real_items_that_are_read(monkeypatch):
    calls = watch_tasks(monkeypatch)
    recommender = tiny(mask_probability=0.25, n_next_items=5, n_masked_copies=3)
    loss_of(
        recommender, build_module(), with_pseudo([[7, 0, 1, 2, 3, 4, 5, 6, 1]], [2])
    )
    (((positions, lengths, is_target), settings, _),) = calls
    assert positions.tolist() == [list(range(8))]
    assert settings.pop("may_be_next") is is_target
    assert lengths.tolist() == [8]
    assert is_target.tolist() == [[False, *[True] * 7]]
    assert settings == {
        "mask_probability": 0.25,
        "n_masked_copies": 3,
        "n_next_items": 5,
    }


def test_one_real_item_after_pseudo_items_is_the_only_target():
    module = build_module()
    X = with_pseudo([[1, 2, 3, 4]], [3])
    hidden = module.last_hidden(torch.tensor([[1, 2, 3]]), torch.tensor([3]))
    logits = hidden @ module.item_embedding.weight.T
    expected = F.cross_entropy(logits, torch.tensor([4]))
    torch.testing.assert_close(loss_of(tiny(), module, X), expected)


@sampled_losses
def test_sampled_losses_draw_as_many_negatives_as_documented(
    monkeypatch, loss, n_negatives, expected_loss, expected_n
):
    module = build_module()
    is_masked = torch.tensor([[False, True, False, True]])
    items, lengths = torch.tensor([[1, 2, 3, 4]]), torch.tensor([4])
    tasks = [(torch.arange(4)[None], lengths, is_masked)]
    monkeypatch.setattr(bert4rec, "draw_tasks", lambda *_, **__: tasks)
    hidden = module(items, lengths, is_masked)[is_masked]
    targets = torch.tensor([2, 4])
    torch.manual_seed(0)
    expected = expected_loss(hidden, module.item_embedding.weight, targets, expected_n)
    torch.manual_seed(0)
    recommender = tiny(loss=loss, n_negatives=n_negatives)
    X = with_pseudo([[1, 2, 3, 4]], [0])
    torch.testing.assert_close(loss_of(recommender, module, X), expected)


def test_prediction_equals_a_forward_pass_of_each_history_and_a_mask():
    recommender = tiny(max_epochs=2, max_length=4).fit(CIRCLE)
    module = recommender.to_module()
    rows = [[5], [3, 4], [7, 6, 5], [0, 1, 2, 3], [2, 4, 6, 0, 1, 3]]
    expected = []
    for row in rows:
        items = torch.tensor([[*row[-3:], 0]])
        is_masked = torch.arange(items.shape[1]) == items.shape[1] - 1
        length = torch.tensor([items.shape[1]])
        hidden = module(items, length, is_masked[None])[0, -1]
        expected.append((module.item_embedding.weight @ hidden).detach().numpy())
    np.testing.assert_allclose(
        recommender.decision_function(rows), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_pseudo_items_are_never_learned_as_targets(loss):
    """101 always stands between 100 and 102, but nobody has asked for it."""
    X = Sequences.from_iterable(CIRCLE).prepend([[100, 101, 102]] * N_ITEMS)
    recommender = tiny(loss=loss).fit(X)
    module = recommender.to_module()
    rows = [[100, 101, 102, *row] for row in CIRCLE]
    items = torch.from_numpy(np.searchsorted(recommender.item_ids_, rows))
    is_masked = torch.zeros(items.shape, dtype=torch.bool)
    is_masked[:, 1] = True
    hidden = module(items, torch.full((N_ITEMS,), 8), is_masked)[:, 1]
    best = (hidden @ module.item_embedding.weight.T).argmax(dim=1)
    assert 101 not in recommender.item_ids_[best]


def test_what_is_learned_can_be_given():
    """Only the last items are targets: they alone are ever masked."""
    X = Sequences.from_iterable(CIRCLE)
    is_target = np.zeros(len(X.values), dtype=bool)
    is_target[X.offsets[1:] - 1] = True
    X = Sequences(X.values, X.offsets, make_roles(is_target=is_target))
    recommender = tiny(mask_probability=0.6).fit(X)
    rows = [row[:-1] for row in CIRCLE]
    assert recommender.predict(rows).tolist() == [row[-1] for row in CIRCLE]


def skipped_but_for(n):
    """Eight rows; all targets but those of the last `n` rows are skipped."""
    is_target = [False, True, False] * (8 - n) + [False, False, True] * n
    is_context = [True, False, True] * 8
    roles = make_roles(is_target=is_target, is_context=is_context)
    return Sequences([1, 2, 3] * 8, np.arange(9) * 3, roles)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_targets_that_are_all_skipped_are_nothing_to_train_on(early_stopping):
    recommender = tiny(early_stopping=early_stopping)
    with pytest.raises(ValueError, match="there is nothing to train on"):
        recommender.fit(skipped_but_for(0))


@pytest.mark.parametrize("loss", ["ce", "sampled_ce", "bce"])
def test_batches_whose_targets_are_all_skipped_do_no_harm(loss):
    X = skipped_but_for(1)
    recommender = tiny(loss=loss, max_epochs=2, batch_size=1).fit(X)
    assert np.isfinite(recommender.loss_curve_).all()
    assert np.isfinite(recommender.decision_function(X)).all()


def test_the_first_item_is_learned_too():
    """Unlike a causal model, the cloze task asks for the item before another one."""
    X = [["left", "a"], ["right", "b"]] * 8
    recommender = tiny(mask_probability=0.5, n_next_items=0).fit(X)
    module = recommender.to_module()
    codes = np.searchsorted(recommender.item_ids_, ["a", "b"])
    items = torch.tensor([[0, code] for code in codes])
    is_masked = torch.tensor([[True, False], [True, False]])
    hidden = module(items, torch.tensor([2, 2]), is_masked)[:, 0]
    best = (hidden @ module.item_embedding.weight.T).argmax(dim=1)
    assert recommender.item_ids_[best].tolist() == ["left", "right"]


@pytest.mark.parametrize("n_heads", [3, 32])
def test_heads_must_divide_the_width(n_heads):
    message = rf"n_heads={n_heads} does not divide embedding_dim=16\."
    with pytest.raises(ValueError, match=message):
        tiny(n_heads=n_heads).fit(CIRCLE)


def test_parameters_shape_the_network():
    recommender = tiny(
        embedding_dim=6, n_layers=3, n_heads=2, max_length=4, max_epochs=1
    ).fit(CIRCLE)
    module = recommender.to_module()
    assert isinstance(module, BERT4Rec)
    assert module.item_embedding.weight.shape == (N_ITEMS, 6)
    assert module.position_embedding.weight.shape == (4, 6)
    assert [block.n_heads for block in module.encoder.blocks] == [2, 2, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_layers", 0),
        ("n_heads", 0),
        ("max_length", 1),
        ("mask_probability", 1.1),
        ("n_next_items", -1),
        ("n_masked_copies", 0),
        ("loss", "mse"),
        ("n_negatives", 0),
    ],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of BERT4RecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)
