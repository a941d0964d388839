"""Parameters that are set after a fit."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skdiffuasr import DiffusionSequenceAugmenter, MarkovRecommender
from skdiffuasr.augmentation import ASRePAugmenter
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    ClassifierGuidance,
    CooccurrenceEmbeddings,
    DenoiserTraining,
    GivenEmbeddings,
    LinearSchedule,
    SUNet,
    denoising_trajectory,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.recommenders import (
    CL4SRecEstimator,
    GRU4RecEstimator,
    SASRecEstimator,
)

X = make_sequences(60, 25, n_hidden_items=0, min_length=5, random_state=0).X
SMALL = {"embedding_dim": 4, "max_epochs": 1, "device": "cpu", "random_state": 0}
NETWORK = {**SMALL, "max_length": 10, "early_stopping": False}
FEW = X[:5]


def make_augmenter(**parameters):
    settings = {
        "n_pseudo_items": 2,
        "denoiser": SUNet(base_channels=8, n_res_blocks=1),
        "schedule": LinearSchedule(n_timesteps=6),
        "sampler": DDIM(n_steps=2),
        "item_embeddings": CooccurrenceEmbeddings(embedding_dim=4),
        "guidance": ClassifierGuidance(),
        "training": DenoiserTraining(),
        "max_epochs": 1,
        "device": "cpu",
        "random_state": 0,
    }
    return clone(DiffusionSequenceAugmenter(**(settings | parameters)))


def use(estimator):
    if hasattr(estimator, "generate"):
        return estimator.generate(FEW)
    return estimator.decision_function(FEW)


AUGMENTER = make_augmenter().fit(X)
SASREC = SASRecEstimator(**NETWORK).fit(X)
GRU4REC = GRU4RecEstimator(**NETWORK).fit(X)
CL4SREC = CL4SRecEstimator(**NETWORK).fit(X)
ASREP = ASRePAugmenter(2, max_length=10, **SMALL).fit(X)
BY_NAME = {
    "augmenter": AUGMENTER,
    "sasrec": SASREC,
    "gru4rec": GRU4REC,
    "cl4srec": CL4SREC,
    "asrep": ASREP,
}


def changed(fitted, **parameters):
    return pickle.loads(pickle.dumps(fitted)).set_params(**parameters)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("guidance_scale", np.inf),
        ("guidance_scale", np.nan),
        ("sampler__n_steps", 0),
        ("sampler__n_steps", 7),
        ("sampler__eta", -1),
        ("sampler__eta", np.nan),
        ("max_history_length", "x"),
        ("sampler", "euler"),
        ("n_variants", 0),
        ("unique", "yes"),
        ("unknown_items", "drop"),
        ("device", "cuda:99"),
    ],
)
def test_what_sampling_may_change_is_checked(name, value):
    augmenter = changed(AUGMENTER, **{name: value})
    for method in (augmenter.generate, augmenter.transform, augmenter.score):
        with pytest.raises(ValueError, match=name.rpartition("__")[2]):
            method(X)
    with pytest.raises(ValueError, match=name.rpartition("__")[2]):
        denoising_trajectory(augmenter, X[:1])


FIXED = [
    ("augmenter", "n_pseudo_items", 3),
    ("augmenter", "denoiser", "transformer"),
    ("augmenter", "denoiser__base_channels", 16),
    ("augmenter", "denoiser__n_res_blocks", 2),
    ("augmenter", "schedule", "cosine"),
    ("augmenter", "schedule__n_timesteps", 12),
    ("augmenter", "item_embeddings", "learned"),
    ("augmenter", "item_embeddings", np.eye(25)),
    ("augmenter", "item_embeddings__embedding_dim", 9),
    ("augmenter", "guidance__classifier_input", "x0"),
    ("augmenter", "training__condition_dropout", 0.2),
    *[
        (estimator, name, value)
        for estimator in ("sasrec", "cl4srec", "asrep")
        for name, value in [
            ("embedding_dim", 8),
            ("n_layers", 1),
            ("n_heads", 2),
            ("max_length", 5),
            ("max_length", 20),
        ]
    ],
    ("cl4srec", "views", "dropout"),
    ("gru4rec", "embedding_dim", 8),
    ("gru4rec", "hidden_dim", 8),
    ("gru4rec", "n_layers", 2),
]


@pytest.mark.parametrize(("estimator", "name", "value"), FIXED)
def test_what_the_weights_fix_cannot_change(estimator, name, value):
    fitted = changed(BY_NAME[estimator])
    before = use(fitted)
    original = fitted.get_params()[name]
    fitted.set_params(**{name: value})
    for method in ("generate", "transform", "score", "to_module", "recommend"):
        if hasattr(fitted, method):
            given = {"to_module": [], "score": [FEW, FEW.last()]}.get(method, [FEW])
            with pytest.raises(ValueError, match=f"^{name}=.* fit it again, or set"):
                getattr(fitted, method)(*given)
    with (
        config_context(skip_parameter_validation=True),
        pytest.raises(ValueError, match=f"^{name}="),
    ):
        use(fitted)
    np.testing.assert_array_equal(use(fitted.set_params(**{name: original})), before)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_acts_in_training_alone_may_change(name):
    fitted = changed(BY_NAME[name])
    before = use(fitted)
    paths = {name.rpartition("__")[2]: name for name in fitted.get_params()}
    other = {
        "learning_rate": 0.5,
        "max_epochs": 7,
        "dropout": 0.3,
        "patience": 2,
        "validation_fraction": 0.3,
        "random_state": 9,
        "verbose": 3,
    }
    fitted.set_params(**{paths[name]: value for name, value in other.items()})
    np.testing.assert_array_equal(use(fitted), before)


def test_a_gru_may_read_fewer_items():
    shorter = changed(GRU4REC, max_length=2)
    np.testing.assert_array_equal(use(shorter), GRU4REC.decision_function(FEW.tail(2)))


def test_parameters_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="n_variants=2 are all the same"):
        changed(ASREP, n_variants=2).transform(FEW)
    with pytest.raises(ValueError, match="sparse_gradients=True takes"):
        changed(SASREC, sparse_gradients=True).predict(FEW)


def test_the_classifier_may_change_but_not_what_the_own_one_reads():
    given = FrozenEstimator(SASREC)
    guidance = ClassifierGuidance(classifier=given, classifier_input="x0")
    augmenter = changed(AUGMENTER, guidance=guidance)
    assert use(augmenter).shape == (5, 2)
    augmenter.set_params(guidance__classifier=None)
    with pytest.raises(ValueError, match="guidance__classifier_input='x0', but"):
        use(augmenter)
    assert use(augmenter.set_params(guidance=None)).shape == (5, 2)


def test_an_unfitted_classifier_is_refused():
    with pytest.raises(NotFittedError, match="classifier is an unfitted"):
        use(changed(AUGMENTER, guidance__classifier=SASRecEstimator()))


def test_no_classifier_comes_from_a_parameter():
    unguided = make_augmenter(guidance=None).fit(X)
    with pytest.raises(NotFittedError, match="guidance='classifier'"):
        use(changed(unguided, guidance="classifier"))


def test_given_embeddings_have_their_own_width():
    table = np.random.default_rng(0).normal(size=(25, 4))
    augmenter = make_augmenter(item_embeddings=table, guidance=None).fit(X)
    before = use(augmenter)
    augmenter.set_params(item_embeddings=GivenEmbeddings(2 * table))
    np.testing.assert_array_equal(use(augmenter), before)
    with pytest.raises(ValueError, match="item_embeddings='learned', but"):
        use(augmenter.set_params(item_embeddings="learned"))


@pytest.mark.parametrize("guidance", ["classifier_free", "classifier"])
@pytest.mark.parametrize("scale", [1e30, -1e38, 1e300])
def test_a_huge_guidance_scale_gives_items_or_is_named(guidance, scale):
    augmenter = changed(AUGMENTER, guidance=guidance, guidance_scale=scale)
    try:
        items = use(augmenter)
    except ValueError as error:
        if "guidance_scale" not in str(error):
            raise
    else:
        assert np.isin(items, AUGMENTER.item_ids_).all()


def test_a_huge_share_of_noise_gives_items():
    assert np.isin(
        use(changed(AUGMENTER, sampler__eta=1e300)), AUGMENTER.item_ids_
    ).all()


def test_weights_that_are_not_finite_give_no_items():
    broken = changed(AUGMENTER, guidance=None)
    for weight in broken.weights_.values():
        if weight.dtype.kind == "f":
            weight.fill(np.nan)
    with pytest.raises(ValueError, match="not finite"):
        use(broken)


@pytest.mark.parametrize("temperature", [1e-320, 1e-40, 1e300])
@pytest.mark.parametrize("unique", [False, True])
def test_any_temperature_gives_items_of_the_catalogue(temperature, unique):
    drawn = changed(ASREP, temperature=temperature, unique=unique).generate(X)
    assert np.isin(drawn, ASREP.item_ids_).all()
    if temperature < 1:  # as cold as it gets
        best = changed(ASREP, unique=unique).generate(X)
        np.testing.assert_array_equal(drawn, best)


def test_a_frozen_estimator_is_checked():
    with pytest.raises(ValueError, match="max_length=5"):
        FrozenEstimator(changed(SASREC, max_length=5)).predict(FEW)
    with pytest.raises(ValueError, match="smoothing"):
        FrozenEstimator(MarkovRecommender().fit(X).set_params(smoothing=-1)).predict(X)


def test_a_clone_and_another_fit_start_anew():
    assert not hasattr(clone(SASREC), "fixed_parameters_")
    again = changed(SASREC, embedding_dim=8, max_length=5).fit(X)
    assert again.fixed_parameters_["embedding_dim"] == 8
    assert again.decision_function(FEW).shape == (5, 25)


def test_a_model_file_has_the_parameters_of_the_fit(tmp_path):
    pytest.importorskip("safetensors")
    from skdiffuasr.persistence import load, save

    for name, parameter in (
        ("sasrec", "embedding_dim"),
        ("augmenter", "item_embeddings__embedding_dim"),
    ):
        fitted, path = BY_NAME[name], tmp_path / f"{name}.safetensors"
        save(fitted, path)
        loaded = load(path)
        assert loaded.fixed_parameters_ == fitted.fixed_parameters_
        with pytest.raises(ValueError, match=f"^{parameter}=5"):
            use(loaded.set_params(**{parameter: 5}))
