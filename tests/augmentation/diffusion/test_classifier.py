"""The log-probabilities behind classifier guidance."""

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator

from skdiffuasr.augmentation.diffusion.guidance.classifier import (
    classifier_log_probability,
    network_of,
    recommender_log_probability,
)
from skdiffuasr.augmentation.item_embeddings import normalise_embeddings
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.recommenders import (
    BERT4RecEstimator,
    GRU4RecEstimator,
    SASRecEstimator,
)


@pytest.fixture(scope="module")
def recommender():
    rng = np.random.default_rng(0)
    starts = rng.integers(10, size=60)
    rows = [[(start + step) % 10 for step in range(6)] for start in starts]
    return SASRecEstimator(8, max_epochs=2, dropout=0.0, random_state=0).fit(rows)


def read_off(recommender, catalogue):
    network, codes = network_of(recommender, recommender.item_ids_, 3)
    return recommender_log_probability(network, codes, catalogue)


def test_recommender_reads_its_own_embeddings_exactly(recommender):
    catalogue = torch.from_numpy(normalise_embeddings(recommender.item_embeddings_))
    # Centring and scaling each row is not linear; scaling all rows alike is.
    catalogue = torch.from_numpy(
        5 * (recommender.item_embeddings_ - recommender.item_embeddings_.mean(axis=0))
    )
    log_probability = read_off(recommender, catalogue)
    histories = torch.tensor([[1, 2, 3], [7, 8, 9]])
    first_items = torch.tensor([4, 0])
    with torch.no_grad():
        found = log_probability(catalogue[histories], torch.zeros(2), first_items)
    scores = torch.from_numpy(recommender.decision_function(histories.tolist()))
    expected = scores.log_softmax(dim=1)[torch.arange(2), first_items]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_embeddings_that_do_not_span_their_space_are_mapped(recommender):
    categories = torch.eye(2)[torch.arange(10) % 2]  # of rank 2 with the bias, of 3
    log_probability = read_off(recommender, categories)
    off_the_table = torch.full((1, 3, 2), 5.0)  # both categories at once
    table = torch.from_numpy(recommender.item_embeddings_)
    with torch.no_grad():
        found = log_probability(off_the_table, torch.zeros(1), torch.tensor([4]))
        means = torch.stack([table[::2].mean(dim=0), table[1::2].mean(dim=0)])
        # Among the maps that fit equally well, the smallest.
        with_bias = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
        embedded = torch.tensor([5.0, 5.0, 1.0]) @ torch.linalg.pinv(with_bias) @ means
        hidden = recommender.to_module().encode(
            embedded.expand(1, 3, -1), torch.tensor([3])
        )[:, -1]
    expected = (hidden @ table.T).log_softmax(dim=1)[:, 4]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_rows_without_a_first_item_are_not_guided(recommender):
    catalogue = torch.from_numpy(normalise_embeddings(recommender.item_embeddings_))
    log_probability = read_off(recommender, catalogue)
    x = catalogue[torch.tensor([[1, 2], [3, 4]])].requires_grad_()
    log_probability(x, torch.zeros(2), torch.tensor([3, -1])).sum().backward()
    assert x.grad[0].abs().sum() > 0
    assert x.grad[1].abs().sum() == 0


def test_a_recommender_must_know_the_catalogue(recommender):
    network_of(recommender, np.array([3, 4]), 5)
    with pytest.raises(ValueError, match=r"does not know 1 items .*\[99\]"):
        network_of(recommender, np.array([3, 99]), 5)


def test_a_recommender_must_be_able_to_read_the_pseudo_items():
    rows = [[1, 2, 3, 4]] * 5
    short = SASRecEstimator(4, max_length=2, max_epochs=1).fit(rows)
    network_of(short, np.arange(1, 5), 2)
    with pytest.raises(ValueError, match=r"max_length=2 .* n_pseudo_items=3"):
        network_of(short, np.arange(1, 5), 3)
    for estimator in (GRU4RecEstimator, BERT4RecEstimator):
        other = FrozenEstimator(estimator(4, max_epochs=1).fit(rows))
        name = estimator.__name__.removesuffix("Estimator")
        with pytest.raises(ValueError, match=f"reads embedded items, .* {name}"):
            network_of(other, np.arange(1, 5), 3)


def test_classifier_gives_log_probabilities():
    torch.manual_seed(0)
    classifier = FirstItemClassifier(3, 4).eval()
    catalogue = torch.randn(6, 4)
    log_probability = classifier_log_probability(classifier, catalogue)
    x, t = torch.randn(1, 3, 4), torch.zeros(1, dtype=torch.int64)
    total = sum(log_probability(x, t, torch.tensor([item])).exp() for item in range(6))
    torch.testing.assert_close(total, torch.ones(1))
