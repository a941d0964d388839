"""What decides an item does not depend on batch, order, threads or processes."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skdiffuasr.augmentation.diffusion import (
    DDIM,
    DDPM,
    ClassifierFreeGuidance,
    ClassifierGuidance,
)
from skdiffuasr.datasets import make_sequences
from tests.test_common import TINY

X = make_sequences(90, 60, n_hidden_items=0, min_length=4, random_state=0).X
DIFFUSION = clone(TINY["diffusion"]).set_params(
    n_pseudo_items=3, guidance_scale=3.0, max_epochs=2
)
SAMPLERS = {"ddim": DDIM(n_steps=3, eta=0.5), "ddpm": DDPM(n_steps=3)}
#: How each augmenter of the diffusion is trained; one training serves both samplers.
GUIDANCES = {
    "unguided": None,
    "classifier-free": ClassifierFreeGuidance(),
    "classifier-noisy": ClassifierGuidance(classifier_input="noisy"),
    "classifier-x0": ClassifierGuidance(classifier_input="x0"),
    "recommender-x0": ClassifierGuidance(classifier_input="x0"),
    "recommender-noisy": ClassifierGuidance(classifier_input="noisy"),
}
RECOMMENDERS = [name for name in TINY if hasattr(TINY[name], "decision_function")]
AUGMENTERS = [
    *(name for name in TINY if name not in RECOMMENDERS and "diffusion" not in name),
    *(f"{guidance}-{sampler}" for guidance in GUIDANCES for sampler in SAMPLERS),
    "unguided-ddim-unique",
]


@cache
def fitted(name):
    return clone(TINY[name]).fit(X)


@cache
def fitted_diffusion(guidance):
    augmenter = clone(DIFFUSION).set_params(guidance=GUIDANCES[guidance])
    if "recommender" in guidance:
        frozen = FrozenEstimator(fitted("sasrec"))
        augmenter.set_params(guidance__classifier=frozen)
    return clone(augmenter).fit(X)


def augmenter(name):
    """Return an augmenter that augments whatever it is given."""
    if name in TINY:
        fitted_one = fitted(name)
    else:
        guidance = next(guidance for guidance in GUIDANCES if guidance in name)
        sampler = next(sampler for sampler in SAMPLERS if sampler in name)
        fitted_one = fitted_diffusion(guidance).set_params(
            sampler=SAMPLERS[sampler], unique="unique" in name
        )
    if "augment_at" in fitted_one.get_params():
        fitted_one.set_params(augment_at="always")
    return fitted_one


@cache
def whole(name):
    """All rows in one batch, by products in float32."""
    return augmenter(name).transform(X)


def assert_rows(name, rows):
    """Rows that are augmented by themselves come out as from the whole."""
    rows = np.asarray(rows)
    assert augmenter(name).transform(X[rows]) == whole(name)[rows], name


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=str)
def hardware(request):
    """As on a processor that multiplies this dtype fastest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "skdiffuasr.nn.precision.fast_dtype", lambda device: request.param
        )
        yield request.param


def transform(fitted_one, histories):
    return fitted_one.transform(histories)


@pytest.mark.parametrize("name", AUGMENTERS)
def test_rows_alone_and_in_blocks(hardware, name):
    for size in (1, 7, 40):
        for start in range(0, min(2 * size, len(X)), size):
            assert_rows(name, range(start, min(start + size, len(X))))


@pytest.mark.parametrize("name", AUGMENTERS)
@given(order=st.permutations(range(len(X))), cut=st.integers(1, len(X) - 1))
@settings(max_examples=3)
def test_rows_in_any_order(name, order, cut):
    for rows in (order[:cut], order[cut:]):
        assert_rows(name, rows)


def test_rows_in_threads_while_another_one_trains(hardware):
    for name in AUGMENTERS:
        whole(name)
    is_done = False

    def train():
        while not is_done:
            clone(TINY["sasrec"]).fit(X[:30])

    with ThreadPoolExecutor(3) as pool:
        training = pool.submit(train)
        try:
            halves = np.array_split(np.arange(len(X)), 2)
            # Both threads use one augmenter at a time: its sampler is set before.
            for name in AUGMENTERS:
                augmenter(name)
                assert list(pool.map(assert_rows, [name] * 2, halves)) == [None] * 2
        finally:
            is_done = True
        training.result()


def test_rows_in_other_processes():
    names = [name for name in AUGMENTERS if "ddpm" not in name]
    parts = slice(0, 1), slice(1, len(X))
    tasks = [
        delayed(transform)(copy(augmenter(name)), X[rows])
        for name in names
        for rows in parts
    ]
    results = iter(Parallel(n_jobs=2)(tasks))
    for name in names:
        for rows in parts:
            assert next(results) == whole(name)[rows], name


@pytest.mark.parametrize("name", RECOMMENDERS)
@given(
    order=st.permutations(range(len(X))),
    cuts=st.lists(st.integers(1, len(X) - 1), max_size=4, unique=True),
)
@settings(max_examples=5)
def test_scores_in_blocks_of_any_order(name, order, cuts):
    recommender = fitted(name)
    order = np.array(order)
    blocks = [order[a:b] for a, b in pairwise([0, *sorted(cuts), len(X)])]
    scores = np.concatenate([recommender.decision_function(X[rows]) for rows in blocks])
    expected = recommender.decision_function(X)[order]
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    items = np.concatenate([recommender.predict(X[rows]) for rows in blocks])
    assert items.tolist() == recommender.predict(X)[order].tolist()


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_scores_in_threads_on_any_hardware(hardware, name):
    recommender = fitted(name)
    expected = recommender.decision_function(X)
    blocks = np.array_split(np.arange(len(X)), 4)
    with ThreadPoolExecutor(3) as pool:
        training = pool.submit(clone(TINY["sasrec"]).fit, X)
        scores = list(
            pool.map(recommender.decision_function, map(X.__getitem__, blocks))
        )
        training.result()
    np.testing.assert_allclose(np.concatenate(scores), expected, rtol=1e-5, atol=1e-5)
