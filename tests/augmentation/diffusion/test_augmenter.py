from unittest.mock import patch

import numpy as np
import pytest
from joblib import Memory
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr._sklearn_compat import CallbackSupportMixin
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    ClassifierGuidance,
    DenoiserTraining,
    GivenEmbeddings,
    LinearSchedule,
    SUNet,
    TransformerDenoiser,
    training,
)
from skdiffuasr.augmentation.diffusion.training_pairs import TrainingPairs
from skdiffuasr.augmentation.item_embeddings import normalise_embeddings
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import draw_uniform, pseudo_item_quality
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import encode_sequences

TINY = {"denoiser": SUNet(n_res_blocks=1), "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def log():
    return make_sequences(n_users=300, n_items=60, random_state=0)


@pytest.fixture(scope="module")
def fitted(log):
    return DiffusionSequenceAugmenter(4, **TINY).fit(log.X)


def test_pseudo_items_come_before_the_history(log, fitted):
    augmented = fitted.transform(log.X)
    assert (augmented.n_pseudo == 4).all()
    assert augmented.strip_pseudo() == log.X
    generated = fitted.generate(log.X)
    np.testing.assert_array_equal(augmented[7][:4], generated[7])
    assert np.isin(generated, fitted.item_ids_).all()


def test_two_fits_with_one_seed_are_equal(log, fitted):
    again = DiffusionSequenceAugmenter(4, **TINY).fit(log.X)
    for name, weight in fitted.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], weight)


def test_pseudo_items_of_a_row_do_not_depend_on_other_rows(log, fitted):
    whole = fitted.transform(log.X)
    assert fitted.transform(log.X[50:60]) == whole[50:60]
    order = np.random.default_rng(0).permutation(len(log.X))
    assert fitted.transform(log.X[order]) == whole[order]


@pytest.mark.parametrize(
    "parameters",
    [
        {"guidance": None},
        {"guidance": "classifier", "guidance_scale": 3.0},
        {"guidance_scale": 5.0},
        {"sampler": "ddpm"},
        {"sampler": DDIM(eta=1.0)},
        {"sampler": DDIM(n_steps=2)},
    ],
    ids=str,
)
def test_sampling_parameters_change_the_pseudo_items_alone(log, fitted, parameters):
    other = DiffusionSequenceAugmenter(4, **TINY, **parameters).fit(log.X)
    np.testing.assert_array_equal(
        other.weights_["network.stem.weight"],
        fitted.weights_["network.stem.weight"],
    )
    assert (other.generate(log.X) != fitted.generate(log.X)).any()


def test_guidance_none_is_guidance_of_scale_zero(log, fitted):
    without = DiffusionSequenceAugmenter(4, **TINY, guidance=None).fit(log.X)
    zero = DiffusionSequenceAugmenter(4, **TINY, guidance_scale=0.0).fit(log.X)
    np.testing.assert_array_equal(without.generate(log.X), zero.generate(log.X))


@pytest.mark.parametrize("classifier_input", ["x0", "noisy"])
def test_a_fitted_recommender_guides(log, classifier_input):
    recommender = SASRecEstimator(8, max_epochs=1, random_state=0).fit(log.X)
    to_module = SASRecEstimator.to_module
    augmenter = DiffusionSequenceAugmenter(
        4,
        guidance=ClassifierGuidance(
            classifier=FrozenEstimator(recommender), classifier_input=classifier_input
        ),
        item_embeddings=FrozenEstimator(recommender),
        **TINY,
    ).fit(log.X)
    assert augmenter.item_embeddings_.shape == (60, 8)
    assert augmenter.guidance_weights_ == {}
    with patch.object(
        SASRecEstimator, "to_module", autospec=True, side_effect=to_module
    ) as built:
        guided = augmenter.set_params(guidance_scale=20.0).generate(log.X)
    built.assert_called_once()
    plain = augmenter.set_params(guidance_scale=0.0).generate(log.X)
    assert (guided != plain).any()


def test_frozen_embeddings_stay_and_tuned_ones_move(log):
    table = np.random.default_rng(0).normal(size=(60, 9))
    frozen = DiffusionSequenceAugmenter(4, item_embeddings=table, **TINY).fit(log.X)
    np.testing.assert_array_equal(frozen.item_embeddings_, normalise_embeddings(table))
    tuned = DiffusionSequenceAugmenter(
        4, item_embeddings=GivenEmbeddings(table, freeze=False), **TINY
    ).fit(log.X)
    assert not np.allclose(tuned.item_embeddings_, frozen.item_embeddings_)
    norms = np.linalg.norm(tuned.item_embeddings_, axis=1)
    np.testing.assert_allclose(norms, 3.0, rtol=1e-6)


def test_learned_embeddings_do_not_collapse(log):
    augmenter = DiffusionSequenceAugmenter(
        4, item_embeddings="learned", **{**TINY, "max_epochs": 10}
    ).fit(log.X)
    table = augmenter.item_embeddings_
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    off_diagonal = (unit @ unit.T)[~np.eye(60, dtype=bool)]
    assert off_diagonal.mean() < 0.5


def test_unique_pseudo_items_repeat_nothing(log):
    augmenter = DiffusionSequenceAugmenter(4, unique=True, **TINY)
    for row in augmenter.fit_transform(log.X).to_lists():
        assert len(set(row[:4])) == 4
        assert not set(row[:4]) & set(row[4:])


def test_unique_needs_a_large_catalogue():
    rows = [[0, 1, 2], [2, 1, 0]] * 60
    augmenter = DiffusionSequenceAugmenter(2, unique=True, **TINY).fit(rows)
    with pytest.raises(ValueError, match="history 1 leaves 0 of the 3 items"):
        augmenter.generate([[0], *rows])
    augmenter.set_params(max_history_length=3)
    with pytest.raises(ValueError, match="history 2 leaves 1 of the 3 items"):
        augmenter.transform([[0, 0, 0, 0], [0], [0, 1, 0]])
    augmenter = DiffusionSequenceAugmenter(1, unique=True, **TINY).fit(rows)
    with pytest.raises(ValueError, match="history 1 leaves 0 of the 3 items"):
        augmenter.score([[0], [1, 0, 1, 2]])


def test_only_short_histories_are_augmented(log):
    augmenter = DiffusionSequenceAugmenter(4, max_history_length=5, **TINY)
    augmented = augmenter.fit_transform(log.X)
    np.testing.assert_array_equal(augmented.n_pseudo > 0, log.X.lengths <= 5)
    assert augmented.strip_pseudo() == log.X
    none = augmenter.set_params(max_history_length=0).transform(log.X)
    assert none == log.X


def test_augment_at_fit_leaves_transform_alone(log):
    augmenter = DiffusionSequenceAugmenter(4, augment_at="fit", **TINY)
    assert (augmenter.fit_transform(log.X).n_pseudo == 4).all()
    assert augmenter.transform(log.X) is log.X


def test_batch_size_does_not_change_the_pseudo_items(log, fitted):
    expected = fitted.generate(log.X[:20])
    one_by_one = [fitted.generate(log.X[row : row + 1])[0] for row in range(20)]
    np.testing.assert_array_equal(np.stack(one_by_one), expected)


def test_one_pseudo_item_and_one_row(log):
    augmenter = DiffusionSequenceAugmenter(1, **TINY).fit(log.X)
    assert augmenter.generate([[3]]).shape == (1, 1)


@pytest.mark.parametrize(
    "denoiser",
    [SUNet(n_res_blocks=1), TransformerDenoiser(n_layers=2)],
    ids=["sunet", "transformer"],
)
def test_training_brings_the_pseudo_items_nearer_to_the_hidden_ones(denoiser):
    log = make_sequences(n_users=500, n_items=300, random_state=0)
    augmenter = DiffusionSequenceAugmenter(
        5,
        denoiser=denoiser,
        learning_rate=2e-3,
        batch_size=64,
        max_epochs=10,
        random_state=0,
    ).fit(log.X)
    n_items = len(log.item_ids)
    drawn = draw_uniform(len(log.X), 5, n_items, random_state=0)
    quality = [
        pseudo_item_quality(
            codes, log.hidden, n_items, item_embeddings=log.item_factors
        )["similarity"]
        for codes in (augmenter.generate(log.X), drawn)
    ]
    assert quality[0] > quality[1] + 0.1


def test_score_hides_the_first_items(log, fitted):
    long = log.X[log.X.lengths > 4]
    hidden = long.to_padded(side="right")[:, :4]
    visible = Sequences.from_iterable(
        [row[4:] for row in long.to_lists()], user_ids=long.user_ids
    )
    codes = np.searchsorted(fitted.item_ids_, fitted.generate(visible))
    expected = pseudo_item_quality(
        codes,
        np.searchsorted(fitted.item_ids_, hidden),
        len(fitted.item_ids_),
        item_embeddings=fitted.item_embeddings_,
    )["similarity"]
    assert fitted.score(log.X) == pytest.approx(expected)


def test_memory_trains_once_for_all_sampling_parameters(log, tmp_path, monkeypatch):
    calls = []
    train = training.train
    monkeypatch.setattr(
        training,
        "train",
        lambda *args, **kwargs: calls.append(1) or train(*args, **kwargs),
    )
    memory = Memory(tmp_path, verbose=0)
    generated = []
    for scale in (0.0, 1.0, 4.0):
        augmenter = DiffusionSequenceAugmenter(
            4, guidance_scale=scale, memory=memory, **TINY
        )
        generated.append(augmenter.fit(log.X).generate(log.X))
    assert len(calls) == 1
    assert (generated[0] != generated[2]).any()
    assert augmenter.n_iter_ == 2


@pytest.mark.parametrize(
    ("guidance", "n_trainings"), [("classifier_free", 1), ("classifier", 2)]
)
def test_memory_keeps_no_interrupted_training(
    log, tmp_path, monkeypatch, guidance, n_trainings
):
    memory = Memory(tmp_path, verbose=0)
    augmenter = DiffusionSequenceAugmenter(4, guidance=guidance, memory=memory, **TINY)
    batches = TrainingPairs.batches

    def interrupted(self, batch_size, random_state, follow, epoch):
        yield from batches(self, batch_size, random_state, follow, epoch)
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingPairs, "batches", interrupted)
    half = clone(augmenter)
    with pytest.raises(KeyboardInterrupt):
        half.fit(log.X)
    with pytest.warns(ConvergenceWarning):
        half.set_params(keep_interrupted=True).fit(log.X)
    assert half.n_iter_ == 1
    assert not list(tmp_path.glob("**/output.pkl"))
    monkeypatch.undo()
    whole = augmenter.fit(log.X)
    assert whole.n_iter_ == 2
    assert len(list(tmp_path.glob("**/output.pkl"))) == n_trainings
    for name, weight in half.guidance_weights_.items():
        assert (whole.guidance_weights_[name] != weight).any()


class StopsAtOnce:
    """A callback that ends the training after one epoch."""

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        return True

    def teardown(self, estimator, context):
        pass


def test_memory_keeps_no_training_that_a_callback_ended(log, tmp_path):
    pytest.importorskip("sklearn.callback")
    augmenter = DiffusionSequenceAugmenter(4, memory=str(tmp_path), **TINY)
    assert augmenter.set_callbacks(StopsAtOnce()).fit(log.X).n_iter_ == 1
    assert not list(tmp_path.glob("**/output.pkl"))
    assert clone(augmenter).set_callbacks().fit(log.X).n_iter_ == 2


def test_pseudo_items_are_not_learned_from(log, fitted):
    augmented = fitted.transform(log.X)
    again = DiffusionSequenceAugmenter(4, **TINY).fit(augmented)
    assert again.n_training_pairs_ == fitted.n_training_pairs_
    np.testing.assert_array_equal(again.generate(log.X), fitted.generate(log.X))


def test_unknown_items_stay_in_the_row_and_are_not_read(log, fitted):
    augmented = fitted.transform([[1, 999, 2], [999], []])
    assert [row[4:] for row in augmented.to_lists()] == [[1, 999, 2], [999], []]
    strict = DiffusionSequenceAugmenter(4, unknown_items="error", **TINY).fit(log.X)
    with pytest.raises(ValueError, match="999"):
        strict.transform([[1, 999]])


def test_number_of_training_pairs(log, fitted):
    assert fitted.n_training_pairs_ == np.maximum(log.X.lengths - 4, 0).sum()
    on_heads = DenoiserTraining(pairs="heads")
    heads = DiffusionSequenceAugmenter(4, training=on_heads, **TINY).fit(log.X)
    assert heads.n_training_pairs_ == (log.X.lengths > 4).sum()


def test_history_shorter_than_m_everywhere_is_an_error(log):
    with pytest.raises(ValueError, match=r"n_pseudo_items=9 .* longest has 3"):
        DiffusionSequenceAugmenter(9).fit([[1, 2, 3], [2, 3]])


def test_few_training_pairs_are_warned_of():
    message = r"only 2 training pairs .* Lower n_pseudo_items\.$"
    with pytest.warns(UserWarning, match=message):
        DiffusionSequenceAugmenter(2, **TINY).fit([[1, 2, 3], [2, 3, 4]])
    on_heads = DenoiserTraining(pairs="heads")
    heads = DiffusionSequenceAugmenter(2, training=on_heads, **TINY)
    with pytest.warns(UserWarning, match=r"use DenoiserTraining\(pairs='windows'\)\.$"):
        heads.fit([[1, 2, 3, 4], [2, 3, 4]])


@pytest.mark.parametrize("X", [[[5, 5, 5]], [[]]], ids=["one item", "no item"])
def test_catalogue_of_less_than_two_items_is_an_error(X):
    with pytest.raises(ValueError, match=r"at least 2|Every history"):
        DiffusionSequenceAugmenter(1).fit(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("guidance", "free"),
        ("n_pseudo_items", 0),
        ("guidance_scale", "strong"),
        ("augment_at", "predict"),
        ("schedule", "exponential"),
        ("training", "tails"),
        ("denoiser", "unet"),
        ("item_embeddings", "word2vec"),
        ("sampler", "euler"),
    ],
)
def test_bad_parameters_are_named(log, name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        DiffusionSequenceAugmenter(**{name: value}).fit(log.X)


def test_more_sampling_steps_than_timesteps_are_refused_before_training(log):
    augmenter = DiffusionSequenceAugmenter(
        4, sampler=DDIM(n_steps=9), schedule=LinearSchedule(n_timesteps=8)
    )
    with pytest.raises(ValueError, match="n_timesteps=8, got 9"):
        augmenter.fit(log.X)


def test_classifier_guidance_needs_a_fit_with_it(log, fitted):
    other = clone(fitted).fit(log.X).set_params(guidance="classifier")
    with pytest.raises(NotFittedError, match="guidance='classifier'"):
        other.transform(log.X)


def test_classifier_must_know_the_catalogue(log):
    recommender = SASRecEstimator(8, max_epochs=1, random_state=0).fit([[1, 2], [2, 1]])
    augmenter = DiffusionSequenceAugmenter(
        4, guidance=ClassifierGuidance(classifier=FrozenEstimator(recommender))
    )
    with pytest.raises(ValueError, match="classifier does not know 58 items"):
        augmenter.fit(log.X)


def test_a_classifier_set_after_fit_must_know_the_catalogue(log, fitted):
    recommender = SASRecEstimator(8, max_epochs=1, random_state=0).fit([[1, 2], [2, 1]])
    other = clone(fitted).fit(log.X)
    frozen = FrozenEstimator(recommender)
    other.set_params(guidance=ClassifierGuidance(classifier=frozen))
    with pytest.raises(ValueError, match="classifier does not know 58 items"):
        other.transform(log.X)


def test_embeddings_of_the_wrong_shape_are_an_error(log):
    with pytest.raises(ValueError, match="one row for each of the 60 items"):
        DiffusionSequenceAugmenter(4, item_embeddings=np.zeros((59, 16))).fit(log.X)


def test_similar_histories_are_encoded_the_same_for_ids_of_any_type(log, fitted):
    width = len(str(log.item_ids.max()))
    names = np.array([f"item{code:0{width}d}" for code in log.item_ids])
    X = Sequences(
        names[encode_sequences(log.X, log.item_ids).values],
        log.X.offsets,
        None,
        log.X.user_ids,
    )
    renamed = DiffusionSequenceAugmenter(4, **TINY).fit(X)
    np.testing.assert_array_equal(
        renamed.generate(X),
        names[np.searchsorted(log.item_ids, fitted.generate(log.X))],
    )


class Watcher:
    """Scores the fitted estimator after each epoch, as ScoringMonitor does."""

    def __init__(self):
        self.scores = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        self.scores.append(fitted_estimator.score(X))


@pytest.mark.skipif(
    CallbackSupportMixin.__module__.startswith("skdiffuasr"),
    reason="scikit-learn before 1.9 has no callbacks",
)
def test_callbacks_may_use_a_model_whose_classifier_is_still_to_come(log):
    """At a first fit and at one for another number of pseudo items."""
    plain, guided = (
        DiffusionSequenceAugmenter(4, guidance=guidance, **TINY)
        for guidance in (None, "classifier")
    )
    unwatched = clone(guided).fit(log.X)
    for n_pseudo_items in (4, 3):
        watchers = Watcher(), Watcher()
        for augmenter, watcher in zip((plain, guided), watchers, strict=True):
            augmenter.set_params(n_pseudo_items=n_pseudo_items)
            augmenter.set_callbacks(watcher).fit(log.X)
        *epochs, end = watchers[1].scores
        assert epochs == watchers[0].scores[:-1]
        assert len(epochs) == 2
        assert end == guided.score(log.X)
        assert guided.guidance == "classifier"
        if n_pseudo_items == 4:
            np.testing.assert_array_equal(
                guided.generate(log.X), unwatched.generate(log.X)
            )
