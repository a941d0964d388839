import pickle

import joblib
import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from skdiffuasr.nn.losses import full_cross_entropy
from skdiffuasr.nn.s3rec import S3RecPretraining, draw_mask
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders import SASRecEstimator
from skdiffuasr.recommenders.s3rec import S3RecEstimator
from skdiffuasr.sequences import Sequences, SequenceVariants, make_roles
from skdiffuasr.training import seeded
from skdiffuasr.training.histories import HistoryBatches
from skdiffuasr.training.hold_out import hold_out
from skdiffuasr.utils._check_helpers import make_histories
from skdiffuasr.utils.estimator_checks import estimator_checks_generator
from tests.recommenders.circle import (
    CIRCLE,
    N_ITEMS,
    TINY,
    assert_knows_the_circle,
    sampled_losses,
)

PARITY = {item: ["odd" if item % 2 else "even"] for item in range(N_ITEMS)}
CPU = torch.device("cpu")
WEIGHTS = (
    "attribute_weight",
    "masked_item_weight",
    "masked_attribute_weight",
    "segment_weight",
)


def tiny(cls=S3RecEstimator, **settings):
    defaults = {**TINY, "n_layers": 1, "max_epochs": 30}
    if cls is S3RecEstimator:
        defaults["pretraining_epochs"] = 5
    return cls(**{**defaults, **settings})


def only(**weights):
    return {name: 0.0 for name in WEIGHTS} | weights


def spy_on_pretraining(recommender, monkeypatch):
    """Collect the batches (items, lengths, is_target) of pre-training."""
    batches = []
    loss = recommender._pretraining_loss

    def spy(module, *batch):
        batches.append(batch)
        return loss(module, *batch)

    monkeypatch.setattr(recommender, "_pretraining_loss", spy)
    return batches


def rows_in(batches):
    return sorted(
        tuple(row[:length].tolist())
        for items, lengths, _ in batches
        for row, length in zip(items, lengths, strict=True)
    )


# What is learned.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"item_attributes": PARITY},
        {"item_attributes": PARITY, "loss": "sampled_ce", "n_negatives": 5},
        {"item_attributes": PARITY, "loss": "bce", "n_negatives": 3},
        {"item_attributes": PARITY, "n_layers": 2, "n_heads": 2},
        {"item_attributes": PARITY, "ema_decay": 0.9, "weight_decay": 0.01},
    ],
)
def test_a_circle_is_learned_perfectly(settings):
    assert_knows_the_circle(tiny(**settings).fit(CIRCLE * 2))


def test_sparse_gradients_learn_the_circle_too():
    recommender = tiny(
        item_attributes=PARITY, loss="bce", n_negatives=5, sparse_gradients=True
    ).fit(CIRCLE * 2)
    following = [(row[-1] + 1) % N_ITEMS for row in CIRCLE]
    assert np.mean(recommender.predict(CIRCLE) == following) > 0.9


def pretrained(X, **settings):
    """The pre-training module as its last batch left it."""
    modules = []
    recommender = tiny(max_epochs=1, **settings)
    loss = recommender._pretraining_loss

    def spy(module, *batch):
        modules.append(module)
        return loss(module, *batch)

    recommender._pretraining_loss = spy
    recommender.fit(X)
    assert all(module is modules[0] for module in modules)
    return recommender, modules[0].eval()


@pytest.mark.parametrize("epochs", [1, 40])
def test_items_tell_their_attributes_after_pretraining(epochs):
    settings = only(attribute_weight=1.0)
    _, module = pretrained(
        CIRCLE, item_attributes=PARITY, pretraining_epochs=epochs, **settings
    )
    loss = module.attribute_loss(torch.arange(N_ITEMS)).item()
    assert loss < 0.05 if epochs == 40 else loss > 0.5


def histories_of_a_kind():
    """Histories of the items 0 to 3, or of 4 to 7, in any order."""
    rng = np.random.default_rng(0)
    return [(rng.permutation(4) + 4 * (row % 2)).tolist() for row in range(64)]


def test_histories_tell_the_attributes_of_hidden_items_after_pretraining():
    _, module = pretrained(
        histories_of_a_kind(),
        item_attributes={item: [item // 4] for item in range(N_ITEMS)},
        pretraining_epochs=20,
        **only(masked_attribute_weight=1.0),
    )
    items, lengths = torch.tensor([[0, 1, 2, 3], [6, 5, 4, 7]]), torch.tensor([4, 4])
    is_masked = torch.tensor([[False, True, False, False]] * 2)
    hidden = module.encode(items, lengths, is_masked)[is_masked]
    assert module.masked_attribute_loss(hidden, items[is_masked]).item() < 0.1


def test_histories_tell_their_hidden_segment_after_pretraining():
    recommender, module = pretrained(
        histories_of_a_kind(), pretraining_epochs=30, **only(segment_weight=1.0)
    )
    assert recommender.pretraining_loss_curve_[0] > 0.6
    items, lengths = torch.tensor([[0, 1, 2, 3], [6, 5, 4, 7]]), torch.tensor([4, 4])
    with seeded(0, CPU), torch.no_grad():
        is_target = torch.ones(2, 4, dtype=torch.bool)
        losses = [module.segment_loss(items, lengths, is_target) for _ in range(20)]
    assert torch.stack(losses).mean() < 0.1


@pytest.mark.parametrize("exchanged", [False, True])
def test_attributes_tell_what_no_history_shows(exchanged):
    """An item that is new to its kind is followed as the others of its kind are."""
    kinds = {10: "a", 11: "b", 30: "a", 31: "b", 40: "a", 41: "b"}
    kinds |= {20: "b", 21: "a"} if exchanged else {20: "a", 21: "b"}
    of_a_kind = [[10, 30, 10, 40], [11, 31, 11, 41], [40, 30, 10, 30], [41, 31, 11, 31]]
    # 20 and 21 stand last only: no history shows what comes after them.
    X = of_a_kind * 10 + [[10, 20], [11, 20], [10, 21], [11, 21]]
    recommender = tiny(
        item_attributes={item: [kind] for item, kind in kinds.items()},
        pretraining_epochs=40,
        max_epochs=3,
        **only(attribute_weight=1.0),
    ).fit(X)
    scores = recommender.decision_function([[20], [21]])
    a = scores[:, np.searchsorted(recommender.item_ids_, [30, 40])].min(axis=1)
    b = scores[:, np.searchsorted(recommender.item_ids_, [31, 41])].min(axis=1)
    assert (a > b).tolist() == ([False, True] if exchanged else [True, False])


# The loss.


def batch_of(X):
    return HistoryBatches(X, 1, cloze=True).pad(np.arange(len(X)))


def make_module(recommender):
    recommender.item_ids_ = np.arange(N_ITEMS)
    with seeded(0, CPU):
        return recommender._build_pretraining(recommender._attributes()).eval()


@pytest.mark.parametrize("weight", [0.0, 0.5])
@pytest.mark.parametrize("name", WEIGHTS)
def test_the_loss_is_the_weighted_sum_of_the_objectives(name, weight):
    weights = dict(zip(WEIGHTS, (0.3, 0.7, 1.1, 1.3), strict=True)) | {name: weight}
    recommender = tiny(item_attributes=PARITY, **weights)
    module = make_module(recommender)
    items, lengths, is_target = batch_of(Sequences.from_iterable(CIRCLE))
    with seeded(3, CPU):
        actual = recommender._pretraining_loss(module, items, lengths, is_target)
    with seeded(3, CPU):
        expected = weights["attribute_weight"] * module.attribute_loss(items[is_target])
        is_masked = draw_mask(is_target, 0.2)
        hidden = module.encode(items, lengths, is_masked)[is_masked]
        masked = items[is_masked]
        expected = expected + (
            weights["masked_item_weight"]
            * module.masked_item_loss(hidden, masked, full_cross_entropy)
            + weights["masked_attribute_weight"]
            * module.masked_attribute_loss(hidden, masked)
            + weights["segment_weight"] * module.segment_loss(items, lengths, is_target)
        )
    torch.testing.assert_close(actual, expected)


@sampled_losses
def test_masked_items_take_the_loss_of_training(
    loss, n_negatives, expected_loss, expected_n
):
    recommender = tiny(
        loss=loss, n_negatives=n_negatives, **only(masked_item_weight=1.0)
    )
    module = make_module(recommender)
    items, lengths, is_target = batch_of(Sequences.from_iterable(CIRCLE))
    with seeded(3, CPU):
        actual = recommender._pretraining_loss(module, items, lengths, is_target)
    with seeded(3, CPU):
        is_masked = draw_mask(is_target, 0.2)
        states = module.state_to_item(
            module.encode(items, lengths, is_masked)[is_masked]
        )
        catalogue = module.network.item_embedding.weight
        expected = expected_loss(states, catalogue, items[is_masked], expected_n)
    torch.testing.assert_close(actual, expected)


# What pre-training sees.


def test_pseudo_items_are_context_and_never_asked_for(monkeypatch):
    X = Sequences.from_iterable(CIRCLE).prepend([[100, 101, 102]] * N_ITEMS)
    recommender = tiny(max_epochs=1, mask_probability=1.0, item_attributes=None)
    asked, read = [], []
    masked_item_loss = S3RecPretraining.masked_item_loss
    encode = S3RecPretraining.encode

    def spy_on_masked(self, hidden, items, item_loss):
        asked.extend(items.tolist())
        return masked_item_loss(self, hidden, items, item_loss)

    def spy_on_encode(self, items, lengths, is_masked, is_wanted):
        read.extend(self.network.codes(items)[~is_masked].tolist())
        return encode(self, items, lengths, is_masked, is_wanted)

    monkeypatch.setattr(S3RecPretraining, "masked_item_loss", spy_on_masked)
    monkeypatch.setattr(S3RecPretraining, "encode", spy_on_encode)
    recommender.fit(X)
    assert set(asked) == set(range(N_ITEMS))  # the codes of 100 to 102 are 8 to 10
    assert {8, 9, 10} <= set(read)


def test_no_attribute_of_a_pseudo_item_is_asked_for(monkeypatch):
    X = Sequences.from_iterable(CIRCLE).prepend([[100]] * N_ITEMS)
    asked = []
    attribute_loss = S3RecPretraining.attribute_loss

    def spy(self, items):
        asked.extend(items.tolist())
        return attribute_loss(self, items)

    monkeypatch.setattr(S3RecPretraining, "attribute_loss", spy)
    tiny(max_epochs=1, item_attributes={**PARITY, 100: ["pseudo"]}).fit(X)
    assert set(asked) == set(range(N_ITEMS))


def test_what_is_held_out_is_not_in_pretraining(monkeypatch):
    X = Sequences.from_iterable([[*row, 8 + n] for n, row in enumerate(CIRCLE)])
    recommender = tiny(
        max_epochs=1,
        pretraining_epochs=1,
        early_stopping=True,
        validation_fraction=0.5,
    )
    batches = spy_on_pretraining(recommender, monkeypatch)
    recommender.fit(X)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    training, held_out = hold_out(X, 0.5, seed)
    assert len(held_out) == 4
    assert rows_in(batches) == sorted(map(tuple, training.to_lists()))


def test_given_validation_is_not_in_pretraining(monkeypatch):
    recommender = tiny(max_epochs=1, pretraining_epochs=1, early_stopping=True)
    batches = spy_on_pretraining(recommender, monkeypatch)
    recommender.fit(CIRCLE, X_val=[[7, 1, 1]], y_val=[5])
    assert rows_in(batches) == sorted(map(tuple, CIRCLE))


def test_the_most_recent_items_are_read(monkeypatch):
    recommender = tiny(max_epochs=1, pretraining_epochs=1, max_length=3)
    batches = spy_on_pretraining(recommender, monkeypatch)
    recommender.fit(CIRCLE)
    assert rows_in(batches) == sorted(tuple(row[-3:]) for row in CIRCLE)


def test_variants_are_drawn(monkeypatch):
    X = Sequences.from_iterable(CIRCLE)
    variants = [X.prepend([[item]] * N_ITEMS) for item in (8, 9)]
    recommender = tiny(max_epochs=1, pretraining_epochs=4)
    batches = spy_on_pretraining(recommender, monkeypatch)
    recommender.fit(SequenceVariants(variants))
    # The tokens of pseudo items in a catalogue of ten.
    assert {row[0] for row in rows_in(batches)} == {18, 19}


@pytest.mark.parametrize(
    "X",
    [[[1, 2]], [[1, 2], [3, 1]], [[1, 2, 3, 4]]],
    ids=["one pair", "two pairs", "one row"],
)
@pytest.mark.parametrize("name", WEIGHTS)
def test_the_smallest_histories_are_enough(X, name):
    attributes = {1: ["a"], 2: [], 3: ["a", "b"], 4: []}
    recommender = tiny(item_attributes=attributes, max_epochs=1, max_length=1)
    recommender.set_params(**only(**{name: 1.0})).fit(X)
    assert np.isfinite(recommender.pretraining_loss_curve_).all()
    assert len(recommender.pretraining_loss_curve_) == 5
    assert recommender.set_params(max_length=8).fit(X).n_iter_ == 1


def test_what_is_asked_for_is_what_training_learns(monkeypatch):
    roles = make_roles(is_target=[True, False, True, False])
    X = Sequences([1, 2, 3, 4], [0, 4], roles)
    recommender = tiny(max_epochs=1, pretraining_epochs=1, max_length=2)
    batches = spy_on_pretraining(recommender, monkeypatch)
    recommender.fit(X)
    (batch,) = batches
    assert batch[0].tolist() == [[2, 3]]
    assert batch[2].tolist() == [[True, False]]


# What is kept.


@pytest.mark.parametrize("attributes", [None, PARITY])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_without_pretraining_it_is_sasrec_bit_for_bit(attributes, early_stopping):
    settings = {"max_epochs": 3, "dropout": 0.3, "early_stopping": early_stopping}
    sasrec = tiny(SASRecEstimator, **settings).fit(CIRCLE)
    s3rec = tiny(pretraining_epochs=0, item_attributes=attributes, **settings)
    s3rec.fit(CIRCLE)
    assert s3rec.pretraining_loss_curve_ == []
    assert s3rec.loss_curve_ == sasrec.loss_curve_
    assert joblib.hash(s3rec.weights_) == joblib.hash(sasrec.weights_)


def test_the_same_weights_begin_with_and_without_pretraining():
    recommender = tiny()
    recommender.item_ids_ = np.arange(N_ITEMS)
    X = Sequences.from_iterable(CIRCLE)
    fresh, _ = recommender.set_params(pretraining_epochs=0)._initial_module(X, 7)
    recommender.set_params(pretraining_epochs=1, learning_rate=1e-12)
    module, is_interrupted = recommender._initial_module(X, 7)
    assert not is_interrupted
    pretrained = module.state_dict()
    for name, tensor in fresh.state_dict().items():
        torch.testing.assert_close(pretrained[name], tensor, atol=1e-6, rtol=0)


def test_pretraining_is_what_training_begins_with():
    recommender = tiny(max_epochs=1, pretraining_epochs=60).fit(CIRCLE)
    cold = tiny(SASRecEstimator, max_epochs=1).fit(CIRCLE)
    assert recommender.loss_curve_[0] < 0.8 * cold.loss_curve_[0]


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True, "ema_decay": 0.9}])
def test_an_interrupt_in_pretraining_ends_the_fit(settings):
    n_epochs, modules = 3, []
    recommender = tiny(
        pretraining_epochs=9, batch_size=N_ITEMS, keep_interrupted=True, **settings
    )
    loss = recommender._pretraining_loss

    def interrupted(module, *batch):
        if len(modules) == n_epochs:
            raise KeyboardInterrupt
        modules.append(module)
        return loss(module, *batch)

    recommender._pretraining_loss = interrupted
    with pytest.warns(ConvergenceWarning, match="interrupted") as warned:
        recommender.fit(CIRCLE)
    assert ["no training follows" in str(warning.message) for warning in warned] == [
        False,
        True,
    ]
    assert len(recommender.pretraining_loss_curve_) == n_epochs
    assert recommender.loss_curve_ == recommender.validation_scores_ == []
    assert recommender.n_iter_ == recommender.best_epoch_ == 0
    reached = modules[0].network.state_dict()
    assert list(recommender.weights_) == list(reached)
    for name, array in recommender.weights_.items():
        np.testing.assert_array_equal(array, reached[name])
    assert len(recommender.predict(CIRCLE)) == N_ITEMS
    with pytest.raises(KeyboardInterrupt):
        recommender.set_params(keep_interrupted=False).fit(CIRCLE)
    assert not any(name.endswith("_") for name in vars(recommender))


def test_only_the_weights_of_sasrec_are_kept():
    recommender = tiny(max_epochs=1, item_attributes=PARITY).fit(CIRCLE)
    sasrec = tiny(SASRecEstimator, max_epochs=1).fit(CIRCLE)
    assert list(recommender.weights_) == list(sasrec.weights_)
    for name, array in recommender.weights_.items():
        assert array.shape == sasrec.weights_[name].shape
    assert type(recommender.to_module()) is SASRec


@pytest.mark.parametrize("convert", [np.array, sparse.csr_matrix, sparse.csc_array])
def test_a_matrix_is_a_mapping(convert):
    matrix = convert([[1 - item % 2, item % 2] for item in range(N_ITEMS)])
    given = tiny(max_epochs=2, item_attributes=matrix).fit(CIRCLE)
    mapped = tiny(max_epochs=2, item_attributes=PARITY).fit(CIRCLE)
    assert joblib.hash(given.weights_) == joblib.hash(mapped.weights_)


def test_a_frame_is_a_mapping_whatever_the_order_of_its_rows():
    pandas = pytest.importorskip("pandas")
    items = [99, *range(N_ITEMS)][::-1]
    columns = {
        name: [name in PARITY.get(i, []) for i in items] for name in ("even", "odd")
    }
    given = tiny(max_epochs=2, item_attributes=pandas.DataFrame(columns, index=items))
    mapped = tiny(max_epochs=2, item_attributes=PARITY).fit(CIRCLE)
    weights = clone(given).fit(CIRCLE).weights_
    assert joblib.hash(weights) == joblib.hash(mapped.weights_)


def test_attributes_change_what_is_learned():
    given = tiny(max_epochs=2, item_attributes=PARITY).fit(CIRCLE)
    without = tiny(max_epochs=2).fit(CIRCLE)
    assert joblib.hash(given.weights_) != joblib.hash(without.weights_)


def test_copies_learn_the_same():
    recommender = tiny(max_epochs=1, item_attributes=PARITY)
    expected = joblib.hash(clone(recommender).fit(CIRCLE).weights_)
    unpickled = pickle.loads(pickle.dumps(recommender))
    assert joblib.hash(unpickled.fit(CIRCLE).weights_) == expected
    assert recommender.item_attributes is PARITY


def test_a_mapping_fits_every_fold():
    rows = [[2 * row, 2 * row + 1, 90] for row in range(6)]
    mapping = {item: [item % 3] for item in range(100)}
    recommender = tiny(max_epochs=1, pretraining_epochs=1, item_attributes=mapping)
    scores = cross_val_score(recommender, rows, [90] * 6, cv=3, error_score="raise")
    assert np.isfinite(scores).all()


def test_verbose_prints_both_trainings(capsys):
    tiny(pretraining_epochs=2, max_epochs=3, verbose=1).fit(CIRCLE)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *3 * ["S3RecEstimator, pre-training"],
        *4 * ["S3RecEstimator"],
    ]


# Bad input.


@pytest.mark.parametrize("attributes", [None, PARITY])
def test_there_must_be_an_objective(attributes):
    recommender = tiny(item_attributes=attributes, **only())
    if attributes is None:
        recommender.set_params(attribute_weight=1.0)
    with pytest.raises(ValueError, match="are all 0, which leaves no pre-training"):
        recommender.fit(CIRCLE)
    assert recommender.set_params(pretraining_epochs=0, max_epochs=1).fit(CIRCLE)


@pytest.mark.parametrize(
    ("attributes", "error", "message"),
    [
        ({0: [1]}, ValueError, r"no entry for 7 items of X.*\[1, 2, 3\]"),
        ({"0": [1]}, ValueError, "has none of the 8 items of X"),
        ({**PARITY, 3: "odd"}, TypeError, "got 'odd' for item 3"),
        (np.ones((7, 2)), ValueError, r"each of the 8 items .* got shape \(7, 2\)"),
        (np.full((8, 2), np.nan), ValueError, "got nan in row 0, item 0"),
        (np.zeros((8, 2)), ValueError, "none of the 8 items of X an attribute"),
    ],
)
@pytest.mark.parametrize("pretraining_epochs", [0, 1])
def test_bad_attributes_are_refused(attributes, error, message, pretraining_epochs):
    recommender = tiny(
        item_attributes=attributes, pretraining_epochs=pretraining_epochs
    )
    with pytest.raises(error, match=message):
        recommender.fit(CIRCLE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("item_attributes", "categories"),
        ("item_attributes", 3),
        ("pretraining_epochs", -1),
        ("mask_probability", 1.1),
        *((name, -0.1) for name in WEIGHTS),
    ],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of S3RecEstimator"):
        tiny(**{name: value}).fit(CIRCLE)


# The common checks, with attributes; tests/test_common.py has them without.


class AnyItem(dict):
    """Attributes of the checks' items; any other that they make up has none."""

    def __contains__(self, item):
        return True

    def __missing__(self, item):
        return []


def checks_with_attributes():
    attributes = AnyItem()
    for item in np.unique(make_histories().values).tolist():
        attributes[item] = attributes[f"item {item:06d}"] = [item % 3, "any"]
    estimator = tiny(
        embedding_dim=4,
        item_attributes=attributes,
        pretraining_epochs=1,
        max_length=10,
        batch_size=16,
        max_epochs=1,
        early_stopping=True,
    )
    for copy, check in estimator_checks_generator(estimator):
        yield pytest.param(copy, check, id=check.__name__)


@pytest.mark.parametrize(("estimator", "check"), [*checks_with_attributes()])
def test_estimator(estimator, check):
    check(estimator)
