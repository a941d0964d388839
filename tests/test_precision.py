"""`precision` of the estimators: bfloat16 only where it is asked for."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from skdiffuasr.datasets import make_sequences
from tests.test_common import TINY

X = make_sequences(60, 60, n_hidden_items=0, min_length=4, random_state=0).X.tail(15)
TRAINED = [name for name, tiny in TINY.items() if "device" in tiny.get_params()]
#: Its losses have no products with the whole catalogue.
SAMPLED = {"sasrec-last-epoch"}


class Dtypes(TorchDispatchMode):
    """The dtypes of all tensors that operations make."""

    def __init__(self):
        super().__init__()
        self.made = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.made |= {
            leaf.dtype for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)
        }
        return result


@pytest.fixture
def bfloat16_hardware(monkeypatch):
    """As on a processor that multiplies bfloat16 fastest."""
    monkeypatch.setattr(
        "skdiffuasr.nn.precision.fast_dtype", lambda device: torch.bfloat16
    )


def dtypes_of(estimator):
    """Dtypes that training makes, and then those of use."""
    with Dtypes() as training:
        estimator.fit(X)
    with Dtypes() as use:
        if hasattr(estimator, "generate"):
            estimator.generate(X)
        else:
            estimator.recommend(X, k=3)
    return training.made, use.made


@pytest.mark.parametrize("name", TRAINED)
def test_float32_never_makes_bfloat16(bfloat16_hardware, name):
    training, use = dtypes_of(clone(TINY[name]).set_params(precision="float32"))
    assert torch.float32 in training & use
    assert torch.bfloat16 not in training | use


@pytest.mark.parametrize("name", TRAINED)
def test_auto_takes_what_the_hardware_has(bfloat16_hardware, name):
    training, use = dtypes_of(clone(TINY[name]))
    is_diffusion = "diffusion" in name
    has_softmax = name not in SAMPLED and (
        not is_diffusion or name == "diffusion-classifier"
    )
    assert (torch.bfloat16 in training) == has_softmax
    assert (torch.bfloat16 in use) == is_diffusion  # candidates of rounding


def test_learned_item_embeddings_are_trained_by_bfloat16_products(bfloat16_hardware):
    augmenter = clone(TINY["diffusion-unguided"]).set_params(item_embeddings="learned")
    training, _ = dtypes_of(augmenter)
    assert torch.bfloat16 in training
    training, use = dtypes_of(augmenter.set_params(precision="float32"))
    assert torch.bfloat16 not in training | use


def test_without_the_hardware_both_are_the_same(monkeypatch):
    monkeypatch.setattr(
        "skdiffuasr.nn.precision.fast_dtype", lambda device: torch.float32
    )
    auto, exact = (
        clone(TINY["sasrec"]).set_params(precision=precision).fit(X)
        for precision in ("auto", "float32")
    )
    for name, weight in auto.weights_.items():
        np.testing.assert_array_equal(exact.weights_[name], weight)


def test_a_cached_training_is_not_taken_for_one_of_another_precision(
    bfloat16_hardware, tmp_path
):
    augmenter = clone(TINY["diffusion-classifier"]).set_params(memory=str(tmp_path))
    auto = augmenter.fit(X).guidance_weights_
    exact = augmenter.set_params(precision="float32").fit(X).guidance_weights_
    assert any((auto[name] != exact[name]).any() for name in auto)
    again = augmenter.set_params(precision="auto").fit(X).guidance_weights_
    assert all((auto[name] == again[name]).all() for name in auto)
