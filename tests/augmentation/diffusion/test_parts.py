"""Parts as parameters: names, objects, objects of one's own."""

import inspect
import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from torch import nn

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr._estimator_class import estimator_class
from skdiffuasr.augmentation import diffusion
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    BaseDenoiser,
    BaseGuidance,
    BaseItemEmbeddings,
    BaseSampler,
    BaseSchedule,
    ClassifierFreeGuidance,
    ClassifierGuidance,
    CooccurrenceEmbeddings,
    CosineSchedule,
    DenoiserTraining,
    GivenEmbeddings,
    LearnedEmbeddings,
    LinearSchedule,
    SUNet,
    TransformerDenoiser,
    training,
)
from skdiffuasr.augmentation.diffusion.denoisers.sunet import SequentialUNet
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.augmentation.diffusion.parts import NAMED
from skdiffuasr.datasets import make_sequences
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.training import to_weights

X = make_sequences(60, 30, n_hidden_items=0, min_length=4, random_state=0).X
EXPORTED = [getattr(diffusion, name) for name in diffusion.__all__]
PARTS = [
    GivenEmbeddings(np.eye(3)) if part is GivenEmbeddings else part()
    for part in EXPORTED
    if inspect.isclass(part) and issubclass(part, Part) and not inspect.isabstract(part)
]
NAMES = [(parameter, name) for parameter, named in NAMED.items() for name in named]


def tiny(**parameters):
    settings = {
        "denoiser": SUNet(base_channels=8, n_res_blocks=1),
        "schedule": LinearSchedule(n_timesteps=10),
        "sampler": DDIM(n_steps=2),
        "max_epochs": 1,
        "device": "cpu",
        "random_state": 0,
    }
    return clone(DiffusionSequenceAugmenter(2, **(settings | parameters)))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_a_part_is_a_parameter_object(part):
    parameters = part.get_params()
    assert part._parameter_constraints.keys() == parameters.keys()
    part.check()
    for copy in (clone(part), pickle.loads(pickle.dumps(part))):
        assert joblib.hash(copy.get_params()) == joblib.hash(parameters)
    assert type(part).__name__ in repr(part)


def test_names_are_found_by_what_the_rooms_export():
    assert {
        "ddim",
        "ddpm",
        "sunet",
        "transformer",
        "linear",
        "quadratic",
        "sigmoid",
        "cosine",
        "classifier_free",
        "classifier",
        "cooccurrence",
        "learned",
    } == {name for _, name in NAMES}


@pytest.mark.parametrize(("parameter", "name"), NAMES)
def test_a_name_stands_for_the_part_with_its_defaults(parameter, name):
    others = {"schedule": "linear", "sampler": "ddim"}
    by_name = tiny(**(others | {parameter: name})).fit(X)
    part = tiny(**(others | {parameter: NAMED[parameter][name]()})).fit(X)
    np.testing.assert_array_equal(by_name.generate(X), part.generate(X))
    assert by_name.fixed_parameters_ == part.fixed_parameters_


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"sampler": DDIM(n_steps=0)}, "'n_steps' parameter of DDIM"),
        ({"sampler": DDIM(eta=-1)}, "'eta' parameter of DDIM"),
        ({"denoiser": SUNet(base_channels=12)}, "multiple of 8, got 12"),
        ({"schedule": CosineSchedule(n_timesteps=0)}, "'n_timesteps' parameter"),
        ({"training": DenoiserTraining(pairs="tails")}, "'pairs' parameter"),
        ({"item_embeddings": LearnedEmbeddings(embedding_dim=0)}, "'embedding_dim'"),
        ({"item_embeddings": GivenEmbeddings("word2vec")}, "'vectors' parameter"),
        ({"guidance": ClassifierGuidance(classifier=3)}, "'classifier' parameter"),
        ({"denoiser": nn.Linear(2, 2)}, "'denoiser' parameter"),
        ({"guidance": DDIM()}, "'guidance' parameter"),
    ],
)
def test_parameters_of_parts_are_checked_with_those_of_the_augmenter(parts, message):
    with pytest.raises(ValueError, match=message):
        DiffusionSequenceAugmenter(2, **parts).fit(X)


@pytest.mark.parametrize("parameter", NAMED)
def test_a_name_that_no_part_has_is_rejected_without_validation_too(parameter):
    augmenter = tiny(**{parameter: "nameless"})
    message = rf"{parameter}='nameless' is not .* use one of \['"
    with config_context(skip_parameter_validation=True):
        with pytest.raises(ValueError, match=message):
            augmenter.fit(X)


# The null condition


@pytest.mark.parametrize(
    "parameters",
    [
        {"guidance": "classifier_free"},
        {"guidance": ClassifierFreeGuidance(), "guidance_scale": -0.5},
    ],
)
def test_a_null_condition_that_was_not_trained_does_not_guide(parameters):
    untrained = DenoiserTraining(condition_dropout=0.0)
    with pytest.raises(ValueError, match="condition_dropout=0"):
        tiny(training=untrained, **parameters).fit(X)
    fitted = tiny(training=untrained, guidance=None).fit(X)
    with pytest.raises(ValueError, match="condition_dropout=0"):
        fitted.set_params(**parameters).generate(X)
    with pytest.raises(ValueError, match=r"condition_dropout=0\.1, but"):
        fitted.set_params(training=None).generate(X)


@pytest.mark.parametrize("parameters", [{"guidance": None}, {"guidance_scale": 0.0}])
def test_without_a_null_condition_the_conditional_model_remains(parameters):
    untrained = DenoiserTraining(condition_dropout=0.0)
    assert tiny(training=untrained, **parameters).fit(X).generate(X).shape == (60, 2)


# The cache of training runs


@pytest.fixture
def n_runs(monkeypatch):
    runs = []
    train = training.train

    def counting(*args, **kwargs):
        runs.append(1)
        return train(*args, **kwargs)

    monkeypatch.setattr(training, "train", counting)
    return lambda: len(runs)


@pytest.mark.parametrize(
    ("parameters", "n_expected"),
    [
        ({"denoiser": SUNet(base_channels=8, n_res_blocks=1)}, 1),
        ({"sampler": DDIM(n_steps=4, eta=0.5), "guidance": None, "unique": True}, 1),
        ({"training": DenoiserTraining()}, 1),
        ({"item_embeddings": CooccurrenceEmbeddings(rounding_weight=2.0)}, 1),
        ({"denoiser": SUNet(base_channels=8, n_res_blocks=1, dropout=0.2)}, 2),
        ({"schedule": CosineSchedule(n_timesteps=10)}, 2),
        ({"training": DenoiserTraining(ema_decay=0.9)}, 2),
        ({"item_embeddings": CooccurrenceEmbeddings(freeze=False)}, 2),
    ],
    ids=str,
)
def test_memory_knows_parts_by_their_values(tmp_path, n_runs, parameters, n_expected):
    for changed in ({}, parameters):
        tiny(memory=str(tmp_path), **changed).fit(X)
    assert n_runs() == n_expected


# Parts of one's own


@estimator_class
class Euler(BaseSampler):
    """DDIM as it is for eta=0, with a factor of the noise."""

    damping: float = 1.0

    def step(self, x_t, x_0, abar_t, abar_s):
        eps = (x_t - abar_t**0.5 * x_0) / (1 - abar_t) ** 0.5
        return abar_s**0.5 * x_0 + self.damping * (1 - abar_s) ** 0.5 * eps, 0.0


class Linear(nn.Module):
    """Tells the noise by one linear map of each position."""

    def __init__(self, embedding_dim):
        super().__init__()
        self.null_condition = nn.Parameter(torch.zeros(embedding_dim))
        self.weights = nn.Linear(2 * embedding_dim, embedding_dim)

    def forward(self, x_t, t, condition):
        both = torch.cat([x_t, condition[:, None].expand_as(x_t)], dim=2)
        return self.weights(both)


class LinearDenoiser(BaseDenoiser):
    def build(self, n_pseudo_items, embedding_dim):
        return Linear(embedding_dim)


class ByThreeMethods:
    """Takes the place of a denoiser without deriving from a class of the library."""

    def build(self, n_pseudo_items, embedding_dim):
        return Linear(embedding_dim)

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self


class Halves(BaseSchedule):
    def betas(self):
        return torch.full((self.n_timesteps,), 0.5, dtype=torch.float64)


class OneHot(BaseItemEmbeddings):
    def table(self, histories, item_ids, random_state):
        return np.eye(len(item_ids))


@estimator_class
class TowardsAnItem(BaseGuidance):
    """Pulls the estimate of x_0 towards a vector that it has learned: a mean."""

    power: int = 1

    trains = True

    def train(self, run, item_embeddings):
        module = nn.Embedding(1, item_embeddings.shape[1])
        first = run.pairs.values[run.pairs.starts]
        mean = item_embeddings[first].mean(axis=0)
        module.weight.data.copy_(torch.from_numpy(mean))
        return to_weights(module)

    def guide(self, model, guidance_scale):
        d = model.denoiser.catalogue().shape[1]
        network = model.guidance_network(lambda: nn.Embedding(1, d))

        def guided(x_t, t, condition, first_items):
            eps = model.predict_noise(x_t, t, condition)
            return eps - guidance_scale**self.power * network.weight

        return guided


class TowardsAnother(TowardsAnItem):
    pass


OWN = {
    "sampler": Euler(n_steps=2, damping=0.5),
    "denoiser": LinearDenoiser(),
    "schedule": Halves(n_timesteps=6),
    "item_embeddings": OneHot(),
    "guidance": TowardsAnItem(power=2),
}


@pytest.mark.parametrize("parameter", OWN)
def test_own_parts_work(parameter, tmp_path):
    augmenter = tiny(memory=str(tmp_path), **{parameter: OWN[parameter]})
    generated = augmenter.fit(X).generate(X)
    assert np.isin(generated, augmenter.item_ids_).all()
    np.testing.assert_array_equal(clone(augmenter).fit(X).generate(X), generated)
    copy = pickle.loads(pickle.dumps(augmenter))
    np.testing.assert_array_equal(copy.generate(X), generated)


def test_an_own_sampler_is_searched_and_followed():
    augmenter = tiny().fit(X)
    as_ddim = augmenter.generate(X)
    augmenter.set_params(sampler=Euler(n_steps=2))
    np.testing.assert_array_equal(augmenter.generate(X), as_ddim)
    augmenter.set_params(sampler__damping=0.0)
    assert (augmenter.generate(X) != as_ddim).any()


def test_a_denoiser_needs_three_methods_alone():
    generated = tiny(denoiser=ByThreeMethods()).fit(X).generate(X)
    expected = tiny(denoiser=LinearDenoiser()).fit(X).generate(X)
    np.testing.assert_array_equal(generated, expected)


def test_what_a_guidance_trained_is_bound_to_it():
    augmenter = tiny(guidance=TowardsAnItem()).fit(X)
    assert augmenter.guidance_weights_["weight"].shape == (1, 16)
    with pytest.raises(ValueError, match="guidance__power=2, but"):
        augmenter.set_params(guidance__power=2).generate(X)
    with pytest.raises(ValueError, match="TowardsAnother"):
        augmenter.set_params(guidance=TowardsAnother()).generate(X)
    assert augmenter.set_params(guidance="classifier_free").generate(X).shape == (60, 2)


def test_frozen_own_embeddings_stay():
    augmenter = tiny(item_embeddings=OneHot()).fit(X)
    n_items = len(augmenter.item_ids_)
    expected = np.eye(n_items) - 1 / n_items
    cosines = augmenter.item_embeddings_ @ expected.T
    assert (cosines.argmax(axis=1) == np.arange(n_items)).all()


def test_the_shape_of_a_transformer_is_fixed_by_fit():
    denoiser = TransformerDenoiser(n_layers=1, n_heads=2, hidden_dim=8)
    augmenter = tiny(denoiser=denoiser).fit(X)
    assert np.isin(augmenter.generate(X), augmenter.item_ids_).all()
    with pytest.raises(ValueError, match="denoiser__hidden_dim=16, but"):
        augmenter.set_params(denoiser__hidden_dim=16).generate(X)


# Networks


def test_networks_are_built_once(monkeypatch):
    augmenter = tiny(guidance=ClassifierGuidance()).fit(X)
    builds = []
    for network in (SequentialUNet, FirstItemClassifier):
        make = network.__init__

        def counting(self, *args, make=make, **kwargs):
            builds.append(type(self))
            make(self, *args, **kwargs)

        monkeypatch.setattr(network, "__init__", counting)
    first = augmenter.generate(X)
    np.testing.assert_array_equal(augmenter.generate(X), first)
    augmenter.transform(X)
    augmenter.score(X)
    assert builds == [SequentialUNet, FirstItemClassifier]


def test_a_frame_with_any_column_is_vectors():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        np.random.default_rng(0).normal(size=(30, 2)),
        index=np.unique(X.values),
        columns=["table", "freeze"],
    )
    assert tiny(item_embeddings=frame).fit(X).item_embeddings_.shape == (30, 2)


def test_few_pairs_are_warned_of_where_fit_is_called():
    with pytest.warns(UserWarning, match="only 2 training pairs") as warned:
        tiny().fit([[1, 2, 3], [2, 3, 4]])
    assert warned[0].filename == __file__


def test_given_vectors_and_a_recommender_are_read_as_given_embeddings():
    table = np.random.default_rng(0).normal(size=(30, 8))
    recommender = SASRecEstimator(8, max_epochs=1, random_state=0).fit(X)
    for vectors in (table, FrozenEstimator(recommender)):
        plain = tiny(item_embeddings=vectors).fit(X)
        part = tiny(item_embeddings=GivenEmbeddings(vectors)).fit(X)
        np.testing.assert_array_equal(plain.item_embeddings_, part.item_embeddings_)
