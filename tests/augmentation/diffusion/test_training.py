"""What the networks behind the diffusion augmenter are trained on."""

import numpy as np
import pytest
import torch
from joblib import Memory

from skdiffuasr.augmentation.diffusion import DenoiserTraining, LinearSchedule, SUNet
from skdiffuasr.augmentation.diffusion import training as fitting
from skdiffuasr.augmentation.diffusion.guidance.classifier import (
    fit_first_item_classifier,
)
from skdiffuasr.augmentation.diffusion.training import TrainingRun, fit_denoiser
from skdiffuasr.augmentation.diffusion.training_pairs import find_training_pairs
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import from_weights

N_ITEMS, M = 12, 2
NOBODY = N_ITEMS - 1  # ends every history
TABLE = np.random.default_rng(0).normal(size=(N_ITEMS, 16)).astype(np.float32)
SCHEDULE = LinearSchedule(n_timesteps=10)


def run_on(pairs, validation, max_epochs):
    return TrainingRun(
        pairs,
        validation,
        SCHEDULE,
        learning_rate=1e-2,
        batch_size=32,
        max_epochs=max_epochs,
        patience=100,
        device=torch.device("cpu"),
        dtype=torch.float32,
        random_state=0,
        memory=Memory(None),
    )


@pytest.fixture
def pairs():
    """Heads of histories that count upwards in a circle and end in one item."""
    circle = NOBODY
    rows = [[(start + step) % circle for step in range(6)] for start in range(circle)]
    histories = Sequences.from_iterable([[*row, NOBODY] for row in rows * 8])
    return find_training_pairs(histories, M, "heads")


@pytest.mark.parametrize("classifier_input", ["x0", "noisy"])
def test_the_classifier_learns_the_first_item_behind_the_window(
    pairs, classifier_input
):
    """The published code trained on the first item and guided towards the last."""
    result = fit_first_item_classifier(
        run_on(pairs, None, 30), TABLE, classifier_input=classifier_input
    )
    classifier = from_weights(
        lambda: FirstItemClassifier(M, TABLE.shape[1]),
        result.weights,
        torch.device("cpu"),
    )
    windows = pairs.values[pairs.starts[:, None] + np.arange(M)]
    x = torch.from_numpy(TABLE[windows])
    with torch.no_grad():
        query = classifier(x, torch.zeros(len(x), dtype=torch.int64))
        logits = query @ torch.from_numpy(TABLE).T
    found = logits.argmax(dim=1).numpy()
    assert (found == pairs.values[pairs.starts + M]).mean() > 0.9
    assert not (found == NOBODY).any()


@pytest.fixture
def trained_on(monkeypatch):
    """Batches that `train` is given, and its keyword arguments."""
    found = {}
    train = fitting.train

    def spy(module, batches, loss, **kwargs):
        found["batches"] = list(batches(0))
        found.update(kwargs)
        return train(module, batches, loss, **kwargs)

    monkeypatch.setattr(fitting, "train", spy)
    return found


def denoise(pairs, validation):
    return fit_denoiser(
        run_on(pairs, validation, 2),
        TABLE,
        denoiser=SUNet(base_channels=8, n_res_blocks=1, dropout=0.0),
        training=DenoiserTraining(ema_decay=0.9),
        rounding_weight=None,
    )


def test_the_denoiser_is_conditioned_on_the_mean_of_what_follows(pairs, trained_on):
    denoise(pairs, None)
    on_sphere = TABLE / np.linalg.norm(TABLE, axis=1, keepdims=True) * 4
    n_pairs = 0
    for windows, condition in trained_on["batches"]:
        for window, mean in zip(windows.numpy(), condition.numpy(), strict=True):
            start = window[0]
            rest = [(start + step) % NOBODY for step in range(M, 6)] + [NOBODY]
            np.testing.assert_allclose(mean, on_sphere[rest].mean(axis=0), atol=1e-6)
            n_pairs += 1
    assert n_pairs == len(pairs)


def test_only_histories_set_aside_choose_the_epoch(pairs, trained_on):
    training, validation = pairs.split(0.25, random_state=0)
    assert not set(training.ends) & set(validation.ends)
    result = denoise(training, validation)
    assert sum(len(batch[0]) for batch in trained_on["batches"]) == len(training)
    assert len(result.validation_curve) == 2
    assert result.best_epoch == 1 + int(np.argmax(result.validation_curve))
