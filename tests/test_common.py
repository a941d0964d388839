"""What every public estimator and every public docstring must keep to."""

import ast
import inspect
import pkgutil
import re
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import estimator_checks as sklearn_checks
from torch.optim.optimizer import register_optimizer_step_post_hook

import skdiffuasr
from skdiffuasr import (
    ASRePAugmenter,
    BERT4RecEstimator,
    CL4SRecEstimator,
    CropAugmenter,
    DiffusionSequenceAugmenter,
    GRU4RecEstimator,
    InsertAugmenter,
    MarkovRecommender,
    PopularityRecommender,
    RandomAugmenter,
    RandomSequenceAugmenter,
    ReorderAugmenter,
    RepeatedPaddingAugmenter,
    S3RecEstimator,
    SASRecEstimator,
    SlidingWindowAugmenter,
    SubstituteAugmenter,
)
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    CooccurrenceEmbeddings,
    LinearSchedule,
    SUNet,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.utils._check_helpers import make_histories
from skdiffuasr.utils.estimator_checks import estimator_checks_generator

TINY_AUGMENTER = DiffusionSequenceAugmenter(
    n_pseudo_items=2,
    denoiser=SUNet(base_channels=8, n_res_blocks=1),
    schedule=LinearSchedule(n_timesteps=5),
    sampler=DDIM(n_steps=2),
    item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
    batch_size=64,
    max_epochs=1,
    device="cpu",
    random_state=0,
)
TINY_SETTINGS = {
    "embedding_dim": 4,
    "n_layers": 1,
    "max_length": 10,
    "batch_size": 16,
    "max_epochs": 1,
    "early_stopping": True,
    "device": "cpu",
    "random_state": 0,
}
TINY_SASREC = SASRecEstimator(**TINY_SETTINGS)
TINY_ASREP = ASRePAugmenter(
    2,
    embedding_dim=4,
    n_layers=1,
    max_length=10,
    batch_size=16,
    max_epochs=1,
    device="cpu",
    random_state=0,
)
#: Fast estimators of every public class; a new one must be added here.
TINY = {
    "random": RandomAugmenter(2, random_state=0),
    "random-popular": RandomAugmenter(2, distribution="popularity", random_state=0),
    "random-sequence": RandomSequenceAugmenter(2, random_state=0),
    "repeated-padding": RepeatedPaddingAugmenter(40, random_state=0),
    "repeated-padding-always": RepeatedPaddingAugmenter(
        40, n_variants=1, augment_at="always", separator=False, random_state=0
    ),
    "crop": CropAugmenter(random_state=0),
    "reorder": ReorderAugmenter(random_state=0),
    "insert": InsertAugmenter(random_state=0),
    "insert-random": InsertAugmenter(new_items="random", random_state=0),
    "substitute": SubstituteAugmenter(random_state=0),
    "sliding-window": SlidingWindowAugmenter(5, random_state=0),
    "asrep": TINY_ASREP,
    "asrep-drawn": clone(TINY_ASREP).set_params(
        temperature=1.0, unique=True, validation_fraction=0
    ),
    "popularity": PopularityRecommender(),
    "markov": MarkovRecommender(),
    "sasrec": TINY_SASREC,
    "bert4rec": BERT4RecEstimator(n_heads=1, **TINY_SETTINGS),
    "cl4srec": CL4SRecEstimator(**TINY_SETTINGS),
    "cl4srec-dropout": CL4SRecEstimator(views="dropout", **TINY_SETTINGS),
    "gru4rec": GRU4RecEstimator(**TINY_SETTINGS),
    "s3rec": S3RecEstimator(pretraining_epochs=1, **TINY_SETTINGS),
    "sasrec-last-epoch": clone(TINY_SASREC).set_params(
        early_stopping=False, loss="bce"
    ),
    "diffusion-unguided": clone(TINY_AUGMENTER).set_params(guidance=None),
    "diffusion-classifier-free": clone(TINY_AUGMENTER).set_params(
        guidance="classifier_free"
    ),
    "diffusion-classifier": clone(TINY_AUGMENTER).set_params(guidance="classifier"),
}


def public_objects():
    """Everything that a module of the package exports, by its name."""
    names = [
        module.name
        for module in pkgutil.walk_packages(skdiffuasr.__path__, prefix="skdiffuasr.")
    ]
    modules = [skdiffuasr] + [
        import_module(name) for name in names if not name.endswith("__main__")
    ]
    return {
        name: getattr(module, name)
        for module in modules
        for name in getattr(module, "__all__", ())
        if not name.startswith("_")
    }


PUBLIC = public_objects()
ESTIMATORS = [
    cls
    for cls in PUBLIC.values()
    if inspect.isclass(cls) and issubclass(cls, BaseEstimator) and hasattr(cls, "fit")
]


def test_every_public_estimator_is_checked():
    assert {type(estimator) for estimator in TINY.values()} == set(ESTIMATORS)


@contextmanager
def interrupted_in_step(number):
    """Raise KeyboardInterrupt in this step of the optimisers."""
    n_steps = 0

    def interrupt(*_):
        nonlocal n_steps
        n_steps += 1
        if n_steps == number:
            raise KeyboardInterrupt

    hook = register_optimizer_step_post_hook(interrupt)
    try:
        yield
    finally:
        hook.remove()


TRAINED = [name for name, tiny in TINY.items() if "max_epochs" in tiny.get_params()]


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("is_refit", [False, True])
def test_an_interrupted_fit_leaves_the_estimator_unfitted(name, is_refit):
    estimator = clone(TINY[name]).set_params(max_epochs=2, batch_size=1000)
    X = make_sequences(60, 400, n_hidden_items=0, min_length=4, random_state=0).X
    new = dict(vars(estimator))
    if is_refit:
        estimator.fit(X)
    with interrupted_in_step(2), pytest.raises(KeyboardInterrupt):
        estimator.fit(X)
    assert vars(estimator).keys() == new.keys()
    method = "transform" if hasattr(estimator, "transform") else "predict"
    with pytest.raises(NotFittedError):
        getattr(estimator, method)(X)


@pytest.mark.parametrize("name", TRAINED)
def test_an_interrupted_training_keeps_what_it_reached_if_asked_to(name):
    estimator = clone(TINY[name]).set_params(
        max_epochs=4, batch_size=1000, keep_interrupted=True
    )
    X = make_sequences(60, 400, n_hidden_items=0, min_length=4, random_state=0).X
    # One epoch of the training itself has passed; an epoch is one step.
    n_steps_before = estimator.get_params().get("pretraining_epochs", 0)
    with (
        interrupted_in_step(n_steps_before + 2),
        pytest.warns(ConvergenceWarning, match="interrupted by the user after 1"),
    ):
        fitted = estimator.fit(X)
    assert fitted is estimator
    assert len(estimator.loss_curve_) == 1
    if hasattr(estimator, "generate"):
        assert np.isin(estimator.generate(X), estimator.item_ids_).all()
    else:
        assert np.isfinite(estimator.decision_function(X)).all()


# Scikit-learn's checks that need no data; the others feed rectangular arrays.

SKLEARN_CHECKS = [
    getattr(sklearn_checks, name)
    for name in (
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_get_tags_default_keys",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    )
    if hasattr(sklearn_checks, name)  # some came or went with a version
]
CONSTRUCTED = [
    *(pytest.param(cls(), id=cls.__name__) for cls in ESTIMATORS),
    *(pytest.param(estimator, id=name) for name, estimator in TINY.items()),
]


@pytest.mark.parametrize("check", SKLEARN_CHECKS)
@pytest.mark.parametrize("estimator", CONSTRUCTED)
def test_sklearn_check(estimator, check):
    check(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize("estimator", CONSTRUCTED)
def test_sklearn_check_of_parameter_validation(estimator, monkeypatch):
    # Its X has two dimensions, which fit_transform tells before it comes to fit.
    monkeypatch.delattr("sklearn.base.TransformerMixin.fit_transform")
    monkeypatch.delattr(
        "skdiffuasr.augmentation.base.BaseSequenceAugmenter.fit_transform"
    )
    sklearn_checks.check_param_validation(type(estimator).__name__, clone(estimator))


# The checks of this library.


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(copy, check, id=f"{name}-{check.__name__}")
        for name, estimator in TINY.items()
        for copy, check in estimator_checks_generator(estimator)
    ],
)
def test_estimator(estimator, check):
    check(estimator)


# Docstrings.

SIGNATURES = {
    name: value
    for name, value in PUBLIC.items()
    if inspect.isfunction(value) or inspect.isclass(value)
}


def section(documented, title):
    """Return the entries (names, type) of a section of a numpydoc docstring."""
    lines = (inspect.getdoc(documented) or "").splitlines()
    if title not in lines:
        return []
    start = lines.index(title) + 2
    entries = []
    for line, following in zip(lines[start:], [*lines[start + 1 :], ""], strict=True):
        if re.fullmatch("-{3,}", following):
            break
        if line and not line.startswith(" "):
            names, _, kind = line.partition(" : ")
            entries.append((names.split(", "), kind))
    return entries


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_are_documented(name):
    value = SIGNATURES[name]
    # Result classes have their fields under Attributes.
    entries = section(value, "Parameters") or section(value, "Attributes")
    documented = [name for names, _ in entries for name in names]
    parameters = list(inspect.signature(value).parameters)
    if not inspect.isclass(value):  # one entry of a function may stand for several
        documented, parameters = sorted(documented), sorted(parameters)
    assert documented == parameters


@pytest.mark.parametrize("name", SIGNATURES)
def test_documented_defaults_are_right(name):
    parameters = inspect.signature(SIGNATURES[name]).parameters
    for names, kind in section(SIGNATURES[name], "Parameters"):
        if not kind or len(names) > 1:
            continue
        default = re.search("default=(.+)$", kind)
        expected = parameters[names[0]].default
        if expected is inspect.Parameter.empty:
            assert default is None, f"{names[0]} has no default"
        else:
            assert default, f"{names[0]} has the default {expected!r}"
            assert ast.literal_eval(default.group(1)) == expected, names[0]


@pytest.mark.parametrize("estimator", TINY.values(), ids=TINY)
def test_fitted_attributes_are_documented(estimator):
    documented = [
        name for names, _ in section(estimator, "Attributes") for name in names
    ]
    fitted = clone(estimator).fit(make_histories())
    found = [name for name in dir(fitted) if name[-1] == "_" and name[0] != "_"]
    assert set(found) <= set(documented)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_documented_attributes_exist(cls):
    documented = [name for names, _ in section(cls, "Attributes") for name in names]
    found = set()
    for estimator in TINY.values():
        if type(estimator) is cls:
            found |= set(dir(clone(estimator).fit(make_histories())))
    assert set(documented) <= found


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_methods_are_documented(cls):
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("_") or not method.__module__.startswith("skdiffuasr."):
            continue
        entries = section(method, "Parameters")
        documented = [name for names, _ in entries for name in names]
        assert ["self", *documented] == list(inspect.signature(method).parameters), name
