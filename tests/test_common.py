"""What every public estimator and every public docstring must keep to."""

import ast
import inspect
import re
from contextlib import contextmanager

import numpy as np
import pytest
from public_names import public_objects
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import estimator_checks as sklearn_checks
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from skdiffuasr import augmentation, recommenders
from skdiffuasr.datasets import make_sequences
from skdiffuasr.utils._check_helpers import make_histories
from skdiffuasr.utils.discovery import all_estimators, short_name
from skdiffuasr.utils.estimator_checks import estimator_checks_generator
from tests.tiny_estimators import tiny_instance

#: The other ways of an estimator that the checks look at, too.
VARIANTS = {
    "random-popular": ("random", {"distribution": "popularity"}),
    "reppad-always": (
        "reppad",
        {"n_variants": 1, "augment_at": "always", "separator": False},
    ),
    "insert-random": ("insert", {"new_items": "random"}),
    "asrep-drawn": (
        "asrep",
        {"temperature": 1.0, "unique": True, "validation_fraction": 0},
    ),
    "cl4srec-dropout": ("cl4srec", {"views": "dropout"}),
    "distilled-kept": (
        "distilled",
        {"teacher": recommenders.MarkovRecommender(), "keep_teacher": True},
    ),
    "sasrec-last-epoch": ("sasrec", {"early_stopping": False, "loss": "bce"}),
    "ensemble-named": (
        "ensemble",
        {
            "estimator": [
                ("markov", recommenders.MarkovRecommender()),
                ("gru4rec", tiny_instance(recommenders.GRU4RecEstimator)),
            ],
            "weights": [2, 1],
        },
    ),
    "diffusion-unguided": ("diffusion", {"guidance": None}),
    "diffusion-classifier": ("diffusion", {"guidance": "classifier"}),
}
CLASSES = {short_name(cls): cls for _, cls in all_estimators()}
#: Fast estimators of every public class, and variants of them.
TINY = {name: tiny_instance(cls) for name, cls in CLASSES.items()} | {
    name: tiny_instance(CLASSES[base], **parameters)
    for name, (base, parameters) in VARIANTS.items()
}


PUBLIC = {
    name: value for room in public_objects().values() for name, value in room.items()
}
ESTIMATORS = list(CLASSES.values())


def test_every_estimator_is_found_under_a_name_of_its_own():
    exported = {
        name: value
        for room in (augmentation, recommenders)
        for name in room.__all__
        if inspect.isclass(value := getattr(room, name)) and hasattr(value, "fit")
    }
    assert dict(all_estimators()) == exported
    assert len(CLASSES) == len(exported)


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


def is_base_class(value):
    """Whether subclasses have the parameters; a base class documents what it likes."""
    return inspect.isabstract(value) or value.__init__ is nn.Module.__init__


SIGNATURES = {
    name: value
    for name, value in PUBLIC.items()
    if inspect.isfunction(value)
    or (inspect.isclass(value) and not is_base_class(value))
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
            entries.append((names.replace("*", "").split(", "), kind))
    return entries


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_are_documented(name):
    value = SIGNATURES[name]
    parameters = list(inspect.signature(value).parameters)
    entries = section(value, "Parameters")
    if parameters and not entries:  # a result class has its fields under Attributes
        entries = section(value, "Attributes")
    documented = [name for names, _ in entries for name in names]
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
