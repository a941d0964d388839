import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skdiffuasr.augmentation import RandomAugmenter
from skdiffuasr.cli.catalogue import RECOMMENDERS, make_estimator
from skdiffuasr.persistence import load, save
from skdiffuasr.recommenders import (
    BERT4RecEstimator,
    CL4SRecEstimator,
    DistilledRecommender,
    EnsembleRecommender,
    GRU4RecEstimator,
    MarkovRecommender,
    PopularityRecommender,
    S3RecEstimator,
    SASRecEstimator,
    blocks,
    soft_labels,
)
from skdiffuasr.recommenders.soft_labels import soft_labels as label
from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.training import seeded_build
from skdiffuasr.training.early_stopping import takes_validation
from skdiffuasr.training.histories import HistoryBatches
from skdiffuasr.utils.known_parameters import set_known
from tests.recommenders.circle import CIRCLE, N_ITEMS, TINY, histories, quick
from tests.training.test_histories import histories_with_roles, naive_rows

BEGINNINGS = [row[:length] for row in CIRCLE for length in range(2, 6)]
STUDENTS = [
    SASRecEstimator(**TINY),
    GRU4RecEstimator(**TINY),
    CL4SRecEstimator(**TINY),
    CL4SRecEstimator(**TINY, views="same_target"),
    S3RecEstimator(**TINY, pretraining_epochs=1),
    BERT4RecEstimator(**TINY, n_heads=1, n_next_items=4),
]


class Skipping(BaseEstimator):
    """A teacher of the circle who leaves out one item: after 3 comes 5."""

    def fit(self, X, y=None):
        self.item_ids_ = np.arange(N_ITEMS)
        return self

    def predict_log_proba(self, X):
        last = X.last()
        scores = np.zeros((len(X), N_ITEMS), dtype=np.float32)
        scores[np.arange(len(X)), (last + 2) % N_ITEMS] = 5
        scores[np.arange(len(X)), (last + 3) % N_ITEMS] = 3
        return torch.from_numpy(scores).log_softmax(dim=1).numpy()


class Spy(MarkovRecommender):
    """A teacher that remembers what it has seen."""

    def fit(self, X, y=None, X_val=None, y_val=None):
        super().fit(X)
        self.seen_, self.validation_, self.labelled_ = X, (X_val, y_val), []
        return self

    def _scorer(self, codes):
        self.labelled_ += [self.item_ids_[row].tolist() for row in codes]
        return super()._scorer(codes)


def tiny(student=None, teacher=None, **parameters):
    student = SASRecEstimator(**TINY) if student is None else student
    teacher = MarkovRecommender() if teacher is None else teacher
    return DistilledRecommender(student, teacher, **{"n_labels": 3, **parameters})


def log(n=60, seed=0):
    """Rows of 3 to 8 items whose ids are not codes."""
    rng = np.random.default_rng(seed)
    rows = [10 * rng.integers(20, size=rng.integers(3, 9)) + 5 for _ in range(n)]
    return Sequences.from_iterable(rows)


# Labels.


@quick
@given(
    st.lists(histories_with_roles(), min_size=1, max_size=1),
    st.integers(1, 4),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.booleans(),
    st.sampled_from([[], [0, 4, 5]]),
)
def test_labels_are_what_a_naive_loop_asks_after_each_item(
    given_histories, n_labels, temperature, small_blocks, cannot_be_labels
):
    (X,) = given_histories
    teacher = SASRecEstimator(4, max_length=3, max_epochs=1, random_state=0)
    teacher.fit([list(range(10))] * 2)
    code_of_column = np.arange(9, -1, -1)
    code_of_column[cannot_be_labels] = -1
    with pytest.MonkeyPatch.context() as patch:
        if small_blocks:
            patch.setattr(soft_labels, "N_READ", 4)
            patch.setattr(blocks, "BLOCK_BYTES", 80)
            patch.setattr(blocks, "MIN_BLOCK_ROWS", 1)
        codes, probabilities = label(
            teacher,
            SequenceVariants([X, X]),
            code_of_column,
            n_labels=n_labels,
            temperature=temperature,
            teacher_weight=0.25,
        )
    assert codes.shape == probabilities.shape == (2 * len(X.values), n_labels)
    assert (codes.dtype, probabilities.dtype) == (np.int32, np.float32)
    positions = Sequences(np.arange(len(X.values)), X.offsets, X.roles)
    unread = set(range(len(X.values)))
    for read, _, _ in naive_rows(positions):
        for place, position in enumerate(read):
            unread.remove(position)
            prefix = X.values[read[: place + 1]]
            (scores,) = teacher.decision_function([prefix])
            scores[cannot_be_labels] = -np.inf
            best = np.argsort(-scores)[:n_labels]
            shares = torch.tensor(scores[best] / temperature).softmax(dim=0)
            for copy in (0, len(X.values)):
                assert codes[copy + position].tolist() == (9 - best).tolist()
                np.testing.assert_allclose(
                    probabilities[copy + position], 0.25 * shares, rtol=1e-4
                )
    assert not probabilities[list(unread)].any()


def test_labels_that_are_not_numbers_are_an_error():
    class Broken(Skipping):
        def predict_log_proba(self, X):
            return np.full((len(X), N_ITEMS), np.nan, dtype=np.float32)

    with pytest.raises(ValueError, match=r"log-probabilities must be finite.* nan"):
        tiny(teacher=Broken()).fit(CIRCLE)


# The loss.


@quick
@given(histories(longest=8), st.sampled_from([0.3, 1.0]), st.integers(0, 1000))
def test_loss_is_the_mean_over_the_items_of_true_and_soft_cross_entropy(
    X, weight, seed
):
    rng = np.random.default_rng(seed)
    codes = rng.integers(N_ITEMS, size=(len(X.values), 2)).astype(np.int32)
    shares = rng.dirichlet([1, 1], len(X.values)).astype(np.float32)
    student = SASRecEstimator(**TINY)
    module = seeded_build(lambda: student._build_module(N_ITEMS), 0).eval()
    batches = HistoryBatches(X, 1, max_length=8, soft_labels=(codes, weight * shares))
    loss = student._loss(module, *batches.pad(np.arange(len(X))))
    losses = []
    for start, (row, n) in zip(
        X.offsets, zip(X, X.n_pseudo, strict=True), strict=False
    ):
        hidden = module(torch.tensor(row)[None], torch.tensor([len(row)]))[0]
        log_probabilities = (hidden @ module.item_embedding.weight.T).log_softmax(1)
        for place, after in enumerate(log_probabilities):
            soft = codes[start + place].astype(int)
            expected = after[soft] @ torch.from_numpy(shares[start + place])
            total = -weight * expected
            if place + 1 in range(max(n, 1), len(row)):
                total = total - (1 - weight) * after[row[place + 1]]
            losses.append(total)
    torch.testing.assert_close(loss, torch.stack(losses).mean(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("student", STUDENTS, ids=lambda each: type(each).__name__)
def test_a_student_learns_what_the_teacher_expects(student):
    recommender = tiny(student, Skipping(), teacher_weight=0.9).fit(BEGINNINGS)
    last = np.array([row[-1] for row in BEGINNINGS])
    items, _ = recommender.recommend(BEGINNINGS, 2, filter_seen=False)
    assert (items[:, 0] == (last + 2) % N_ITEMS).mean() > 0.9
    if not student._is_cloze:  # the masks inside a history learn true items
        assert (items[:, 1] == (last + 3) % N_ITEMS).mean() > 0.7


@pytest.mark.parametrize("student", [STUDENTS[1], STUDENTS[-1]])
def test_true_items_are_learned_beside_the_labels(student):
    """By networks to which the place in a history means little."""
    recommender = tiny(student, Skipping(), teacher_weight=0.2).fit(BEGINNINGS)
    rows = [row[:length] for row in CIRCLE for length in range(1, 5)]
    following = [(row[-1] + 1) % N_ITEMS for row in rows]
    assert (recommender.predict(rows) == following).mean() > 0.9


@pytest.mark.parametrize("early_stopping", [False, True])
def test_without_a_teacher_it_is_the_student_alone(early_stopping):
    X = log()
    student = SASRecEstimator(
        **TINY | {"early_stopping": early_stopping, "max_epochs": 3}
    )
    plain = clone(student).fit(X)
    recommender = tiny(student, teacher_weight=0, keep_teacher=True, n_labels=99)
    recommender.fit(X)
    np.testing.assert_array_equal(
        recommender.decision_function(X), plain.decision_function(X)
    )
    for name in ("loss_curve_", "validation_scores_", "best_epoch_", "n_iter_"):
        assert getattr(recommender, name) == getattr(plain, name)
    assert not hasattr(recommender, "teacher_")


# What the teacher sees.


def stopping(**parameters):
    return SASRecEstimator(
        **TINY | {"early_stopping": True, "max_epochs": 2} | parameters
    )


def test_what_is_held_out_reaches_neither_the_teacher_nor_its_labels():
    X = log()
    student = stopping(validation_fraction=0.5)
    recommender = tiny(student, Spy(), keep_teacher=True).fit(X)
    teacher = recommender.teacher_
    codes = clone(student)._fit_catalogue(X)
    seed = student._draw_seed()
    training, (before, next_codes) = student._hold_out(codes, None, seed)
    ids = recommender.item_ids_
    rows = [ids[row].tolist() for row in training]
    assert teacher.seen_.to_lists() == rows
    assert teacher.labelled_ == [
        row[:length] for row in rows for length in range(1, len(row) + 1)
    ]
    # A held-out item that this user has is a validation item, and nothing else.
    histories, targets = teacher.validation_
    assert histories.to_lists() == [ids[row].tolist() for row in before]
    assert targets.tolist() == ids[next_codes].tolist()
    assert len(targets) == 30
    whole = [[*row, item] for row, item in zip(histories, targets, strict=True)]
    assert all(row in X.to_lists() for row in whole)


def test_the_student_stops_by_what_it_would_alone():
    X = log()
    student = stopping(max_epochs=1, learning_rate=1e-9)
    alone = clone(student).fit(X)
    recommender = tiny(student).fit(X)
    assert recommender.validation_scores_ == alone.validation_scores_


def test_given_validation_goes_to_student_and_teacher():
    X = log()
    X_val, y_val = X.drop_last(2), X.drop_last().last()
    recommender = tiny(stopping(), Spy(), keep_teacher=True).fit(
        X.drop_last(2), X_val=X_val, y_val=y_val
    )
    assert recommender.teacher_.seen_ == X.drop_last(2)
    assert recommender.teacher_.validation_ == (X_val, y_val)
    assert len(recommender.validation_scores_) == 2


@pytest.mark.parametrize(
    "teacher",
    [
        SASRecEstimator(**TINY),  # does not stop early
        make_pipeline(RandomAugmenter(2, random_state=0), stopping()),
        PopularityRecommender(),
    ],
)
def test_a_teacher_need_not_take_validation(teacher):
    recommender = tiny(stopping(), teacher).fit(log())
    assert np.isfinite(recommender.decision_function(log())).all()


def test_a_frozen_teacher_is_used_as_it_is():
    X = log()
    teacher = Spy().fit(X)
    recommender = tiny(stopping(), FrozenEstimator(teacher)).fit(X)
    assert teacher.seen_ is X
    assert len(teacher.labelled_) > 100
    assert not hasattr(recommender, "teacher_")


def test_pseudo_items_are_labelled_and_not_learned_as_true_items():
    X = Sequences.from_iterable(CIRCLE).prepend([[1, 6]] * len(CIRCLE))
    recommender = tiny(teacher=Spy(), keep_teacher=True).fit(X)
    assert recommender.teacher_.labelled_[:3] == [[1], [1, 6], [1, 6, 0]]


@pytest.mark.parametrize("is_frozen", [False, True])
@pytest.mark.parametrize("n_cold", [(0, 3), (3, 0), (3, 3)])
def test_student_and_teacher_may_differ_in_cold_items(n_cold, is_frozen):
    """Only items of the histories are labels."""
    student, teacher = (
        stopping(
            item_attributes={item: [item % 2] for item in range(N_ITEMS + n)},
            include_cold_items=True,
        )
        if n
        else stopping()
        for n in n_cold
    )
    if is_frozen:
        teacher = FrozenEstimator(teacher.fit(CIRCLE))
    recommender = tiny(student, teacher, n_labels=8, keep_teacher=True)
    recommender.fit(CIRCLE * 4)
    assert len(recommender.item_ids_) == N_ITEMS + n_cold[0]
    assert len(recommender.teacher_.item_ids_) == N_ITEMS + n_cold[1]
    scores = recommender.decision_function(CIRCLE)
    np.testing.assert_array_equal(
        scores, recommender.student_.decision_function(CIRCLE)
    )
    assert scores.shape == (len(CIRCLE), N_ITEMS + n_cold[0])
    assert np.isfinite(scores).all()


def test_a_small_catalogue_has_as_many_labels_as_items():
    by_default, all_items = (
        tiny(n_labels=n_labels).fit(CIRCLE * 4).student_.weights_
        for n_labels in (None, N_ITEMS)
    )
    for name, weight in all_items.items():
        np.testing.assert_array_equal(by_default[name], weight)


# Variants.


def test_variants_of_an_augmenter_are_labelled_and_learned(monkeypatch):
    X = log()
    calls = []
    fit_network = SASRecEstimator._fit_network

    def watch(student, codes, *others, **settings):
        calls.append((codes, settings["soft_labels"]))
        fit_network(student, codes, *others, **settings)

    monkeypatch.setattr(SASRecEstimator, "_fit_network", watch)
    augmenter = RandomAugmenter(2, n_variants=3, augment_at="fit", random_state=0)
    recommender = tiny(stopping(), Spy(), augmenter=augmenter, keep_teacher=True).fit(X)
    ((codes, (label_codes, probabilities)),) = calls
    teacher = recommender.teacher_
    real, *augmented = codes.variants
    ids = recommender.item_ids_
    # The teacher and the augmenter learn from real histories alone.
    assert [ids[row].tolist() for row in real] == teacher.seen_.to_lists()
    expected = clone(augmenter).fit_transform(teacher.seen_).variants
    assert len(expected) == 3
    for variant, wanted in zip(augmented, expected, strict=True):
        assert [ids[row].tolist() for row in variant] == wanted.to_lists()
        np.testing.assert_array_equal(variant.is_pseudo, wanted.is_pseudo)
    n_items = sum(len(variant.values) for variant in codes.variants)
    assert label_codes.shape == probabilities.shape == (n_items, 3)
    assert len(teacher.labelled_) == n_items
    np.testing.assert_allclose(probabilities.sum(axis=1), 0.5, rtol=1e-5)


def test_variants_are_learned_without_a_teacher_too():
    X = log()
    augmenter = RandomAugmenter(2, n_variants=1, random_state=0)
    recommender = tiny(stopping(), teacher_weight=0, augmenter=augmenter).fit(X)
    assert recommender.loss_curve_ != clone(stopping()).fit(X).loss_curve_


def test_augmented_histories_of_a_pipeline_are_labelled():
    X = log()
    augmenter = RandomAugmenter(2, n_variants=2, random_state=0)
    recommender = tiny(stopping(), Spy(), keep_teacher=True)
    pipeline = make_pipeline(augmenter, recommender).fit(X)
    assert len(recommender.teacher_.seen_.variants) == 2
    assert np.isfinite(pipeline.decision_function(X)).all()


# As an estimator.


def test_the_random_state_is_handed_down():
    X = log()
    parts = {
        "student": stopping(random_state=None),
        "teacher": stopping(random_state=None),
        "augmenter": RandomAugmenter(1, random_state=None),
    }
    first, second = (
        DistilledRecommender(
            **parts, n_labels=3, random_state=seed, keep_teacher=True
        ).fit(X)
        for seed in (3, 3)
    )
    np.testing.assert_array_equal(
        first.decision_function(X), second.decision_function(X)
    )
    assert first.student_.random_state == 3
    assert isinstance(first.teacher_.random_state, int)
    assert first.teacher_.random_state != 3
    assert parts["student"].random_state is None


def test_parameters_of_the_parts_are_searched():
    X = log()
    search = GridSearchCV(
        tiny(stopping()),
        {"student__dropout": [0.1, 0.2], "teacher__smoothing": [1, 2]},
        cv=2,
        refit=False,
    )
    search.fit(X.drop_last(), X.last())
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_copy_and_a_file_recommend_the_same(tmp_path):
    pytest.importorskip("safetensors")
    X = log()
    frozen = FrozenEstimator(MarkovRecommender().fit(X))
    for recommender in (tiny(stopping()), tiny(stopping(), frozen, keep_teacher=True)):
        expected = recommender.fit(X).decision_function(X)
        save(recommender, tmp_path / "model", overwrite=True)
        for copy in (
            pickle.loads(pickle.dumps(recommender)),
            load(tmp_path / "model", device="cpu"),
        ):
            np.testing.assert_array_equal(copy.decision_function(X), expected)
            assert copy.validation_scores_ == recommender.validation_scores_
        assert not vars(clone(recommender)).keys() - recommender.get_params().keys()


def test_the_student_costs_what_it_costs_alone():
    """It is the same recommender, and no teacher is kept."""
    X = log()
    recommender = tiny(stopping()).fit(X)
    np.testing.assert_array_equal(
        recommender.student_.decision_function(X), recommender.decision_function(X)
    )
    assert set(vars(recommender)) - set(recommender.get_params()) == {
        "item_ids_",
        "item_counts_",
        "student_",
    }


def test_parameters_of_the_command_line_reach_the_student():
    parameters = {"embedding_dim": 7, "max_epochs": 3, "random_state": 1}
    parameters |= {"n_estimators": 2}
    recommender = make_estimator("distilled", RECOMMENDERS, parameters)
    assert isinstance(recommender.teacher, EnsembleRecommender)
    assert recommender.teacher.n_estimators == 2
    networks = dict(recommender.teacher.estimator)["networks"]
    assert networks.estimator.embedding_dim == 7
    assert recommender.student.embedding_dim == 7
    assert recommender.student.max_epochs == 3
    assert recommender.random_state == 1


def test_the_default_teacher_is_an_ensemble_of_the_student():
    X = log()
    recommender = DistilledRecommender(stopping(), n_labels=3, keep_teacher=True).fit(X)
    members = recommender.teacher_.named_estimators_.networks.estimators_
    assert len(members) == 4
    assert {type(member) for member in members} == {SASRecEstimator}
    assert {member.embedding_dim for member in members} == {16}
    assert len({member.random_state for member in members}) == 4


def test_by_default_the_student_is_larger_than_its_teachers():
    X = Sequences.from_iterable([[1, 2, 3, 4]] * 20)
    recommender = set_known(DistilledRecommender(n_labels=2), {"max_epochs": 1})
    assert (
        recommender.set_params(keep_teacher=True).fit(X).student_.embedding_dim == 128
    )
    members = recommender.teacher_.named_estimators_.networks.estimators_
    assert [member.embedding_dim for member in members] == [64] * 4
    assert {member.n_iter_ for member in members} == {1}


def test_items_that_are_held_out_are_not_unknown_to_the_default_teacher():
    """Of a history of two items, nothing is left to train on."""
    X = Sequences.from_iterable([*log().to_lists(), [1, 2], [3, 4], [7, 8]] * 2)
    student = stopping(unknown_items="error", validation_fraction=0.9)
    recommender = DistilledRecommender(student, n_labels=3, keep_teacher=True).fit(X)
    assert len(recommender.teacher_.item_ids_) < len(recommender.item_ids_)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_study_knows_whether_it_stops_early(early_stopping):
    student = stopping(early_stopping=early_stopping)
    assert takes_validation(tiny(student)) == early_stopping
    assert takes_validation(DistilledRecommender())


def test_an_interrupt_passes_through():
    class Interrupted(Skipping):
        def predict_log_proba(self, X):
            raise KeyboardInterrupt

    recommender = tiny(teacher=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        recommender.fit(CIRCLE)
    with pytest.raises(NotFittedError):
        recommender.predict(CIRCLE)
    assert not hasattr(recommender, "loss_curve_")


# Bad input.


def frozen(rows):
    return FrozenEstimator(MarkovRecommender().fit(rows))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"teacher": frozen([[0, 1, 2, 3, 4, 5, 6]])}, r"has 0 .* lacks 1 .* 7;"),
        ({"teacher": frozen([[*range(8), 9]])}, r"has 1 .* lacks 0 .* 9;"),
        (
            {"teacher": FrozenEstimator(SASRecEstimator())},
            "teacher is a FrozenEstimator around an unfitted SASRecEstimator",
        ),
        ({"n_labels": 9}, "n_labels=9, but X has 8 items"),
        ({"n_labels": 0}, "'n_labels' parameter of DistilledRecommender"),
        ({"temperature": 0}, "'temperature' parameter of DistilledRecommender"),
        ({"teacher_weight": 1.1}, "'teacher_weight' parameter of Distilled"),
        ({"teacher_weight": -0.1}, "'teacher_weight' parameter of Distilled"),
        ({"teacher": "sasrec"}, "'teacher' parameter of DistilledRecommender"),
        ({"student": MarkovRecommender()}, "'student' parameter of DistilledRec"),
        ({"student": SASRecEstimator(loss="bce")}, "loss='bce' cannot learn soft"),
        ({"student": SASRecEstimator(dropout=2)}, "'dropout' parameter of SASRec"),
        ({"student": SASRecEstimator(n_heads=3)}, "n_heads=3 does not divide"),
        ({"augmenter": MarkovRecommender()}, "'augmenter' parameter of Distilled"),
    ],
)
def test_what_does_not_fit_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        tiny(**parameters).fit(CIRCLE)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (frozen([list("abcdefgh")]), "teacher's items are of type str"),
        (RandomAugmenter(), "teacher must be a recommender, .* got RandomAugmenter"),
        (MarkovRecommender, "teacher is the class MarkovRecommender"),
    ],
)
def test_a_teacher_of_another_type_is_an_error(teacher, message):
    with pytest.raises(TypeError, match=message):
        tiny(teacher=teacher).fit(CIRCLE)


def test_a_teacher_must_say_what_its_columns_are():
    class Nameless(Skipping):
        def fit(self, X, y=None):
            self.fitted_ = True
            return self

    with pytest.raises(AttributeError, match="Nameless has no attribute 'item_ids_'"):
        tiny(teacher=Nameless()).fit(CIRCLE)


def test_nothing_to_train_on_is_an_error_before_the_teacher():
    with pytest.raises(ValueError, match="there is nothing to train on"):
        tiny(teacher=Spy()).fit([[1], [2], [3]])
    with pytest.raises(ValueError, match="early_stopping=False"):
        tiny().fit(CIRCLE, X_val=CIRCLE, y_val=[0] * 8)


def test_the_dense_loss_is_that_of_torch():
    """The soft part of one position, written as torch has it."""
    hidden, catalogue = torch.randn(1, 16), torch.randn(N_ITEMS, 16)
    student = SASRecEstimator(**TINY)
    codes = torch.tensor([[2, 5]], dtype=torch.int32)
    probabilities = torch.tensor([[0.3, 0.1]])
    loss = student._item_loss(
        hidden, catalogue, torch.tensor([4]), codes, probabilities
    )
    dense = torch.zeros(1, N_ITEMS)
    dense[0, [2, 5, 4]] = torch.tensor([0.3, 0.1, 0.6])
    torch.testing.assert_close(loss, F.cross_entropy(hidden @ catalogue.T, dense))


# Callbacks.


class Recorder:
    """Writes down what it is told, and what the copy that it gets predicts."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []
        self.predictions = []

    def setup(self, estimator, context):
        self.events.append(("setup", type(estimator).__name__))

    def teardown(self, estimator, context):
        self.events.append(("teardown", type(estimator).__name__))

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.events.append((context.task_name, y))
        self.predictions.append(fitted_estimator.decision_function(X))
        return len(self.predictions) == self.stop_after


@pytest.mark.parametrize("teacher", [None, MarkovRecommender()])
def test_callbacks_of_the_student_and_of_the_whole(teacher):
    """Those of the student are not told of the teacher, who may be made from it."""
    pytest.importorskip("sklearn.callback")
    of_student, of_whole = Recorder(), Recorder()
    student = SASRecEstimator(**{**TINY, "max_epochs": 2})
    student.set_callbacks(of_student)
    recommender = DistilledRecommender(student, teacher).set_callbacks(of_whole)
    recommender.fit(CIRCLE, "y")
    for recorder, name in (
        (of_student, "SASRecEstimator"),
        (of_whole, "DistilledRecommender"),
    ):
        assert recorder.events == [
            ("setup", name),
            *2 * [("epoch", "y")],
            ("fit", "y"),
            ("teardown", name),
        ]
        last = recommender.decision_function(CIRCLE)
        np.testing.assert_array_equal(recorder.predictions[-1], last)
    np.testing.assert_array_equal(of_student.predictions, of_whole.predictions)
    first, second, _ = of_whole.predictions
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("is_students", [True, False])
def test_a_callback_may_stop_the_student(is_students):
    pytest.importorskip("sklearn.callback")
    student = SASRecEstimator(**{**TINY, "max_epochs": 5})
    recommender = DistilledRecommender(student, MarkovRecommender())
    (student if is_students else recommender).set_callbacks(Recorder(stop_after=2))
    assert recommender.fit(CIRCLE).n_iter_ == 2
