"""What the networks behind the diffusion augmenter are trained on."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from joblib import Memory

from skdiffuasr.augmentation.diffusion import DenoiserTraining, LinearSchedule, SUNet
from skdiffuasr.augmentation.diffusion import training as fitting
from skdiffuasr.augmentation.diffusion.guidance import classifier as classifiers
from skdiffuasr.augmentation.diffusion.guidance.classifier import (
    fit_first_item_classifier,
)
from skdiffuasr.augmentation.diffusion.suffixes import first_items
from skdiffuasr.augmentation.diffusion.training import TrainingRun, fit_denoiser
from skdiffuasr.augmentation.diffusion.training_pairs import find_training_pairs
from skdiffuasr.nn.denoiser import denoising_loss
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import from_weights

N_ITEMS, M = 12, 2
NOBODY = N_ITEMS - 1  # ends every history
TABLE = np.random.default_rng(0).normal(size=(N_ITEMS, 16)).astype(np.float32)
SCHEDULE = LinearSchedule(n_timesteps=10)


def run_on(pairs, validation, max_epochs, **settings):
    return TrainingRun(
        pairs,
        validation,
        SCHEDULE,
        learning_rate=1e-2,
        batch_size=32,
        max_epochs=max_epochs,
        patience=100,
        device=torch.device("cpu"),
        random_state=0,
        **{"dtype": torch.float32, "memory": Memory(None), **settings},
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
    """Batches and loss that `train` is given, and its keyword arguments."""
    found = {}
    train = fitting.train

    def spy(module, batches, loss, **kwargs):
        found.update(module=module, batches=list(batches(0)), loss=loss)
        found["n_runs"] = found.get("n_runs", 0) + 1
        found.update(kwargs)
        return train(module, batches, loss, **kwargs)

    monkeypatch.setattr(fitting, "train", spy)
    return found


def denoise(pairs, validation, rounding_weight=None, settings=None, **training):
    return fit_denoiser(
        run_on(pairs, validation, 2, **(settings or {})),
        TABLE,
        denoiser=SUNet(base_channels=8, n_res_blocks=1, dropout=0.0),
        training=DenoiserTraining(ema_decay=0.9, **training),
        rounding_weight=rounding_weight,
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


@pytest.mark.parametrize("classifier_input", ["x0", "noisy"])
def test_the_classifier_reads_embeddings_as_noisy_as_it_is_told(
    pairs, trained_on, classifier_input
):
    fit_first_item_classifier(
        run_on(pairs, None, 1), TABLE, classifier_input=classifier_input
    )
    classifier = trained_on["module"].eval()
    windows, following = trained_on["batches"][0]
    table = torch.from_numpy(TABLE)
    x, t = table[windows], torch.zeros(len(windows), dtype=torch.int64)
    torch.manual_seed(1)
    if classifier_input == "noisy":
        t, noise = torch.randint(10, (len(x),)), torch.randn(x.shape)
        abar = SCHEDULE.diffusion().alphas_cumprod[t, None, None].float()
        x = abar.sqrt() * x + (1 - abar).sqrt() * noise
    expected = F.cross_entropy(classifier(x, t) @ table.T, following)
    torch.manual_seed(1)
    loss = trained_on["loss"](classifier, windows, following)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("rounding_weight", [None, 0.7])
def test_the_denoiser_minimises_the_loss_of_its_parameters(
    pairs, trained_on, rounding_weight
):
    denoise(pairs, None, rounding_weight, condition_dropout=0.5)
    denoiser = trained_on["module"].eval()
    windows, *following = trained_on["batches"][0]
    condition = following[0]
    if rounding_weight is not None:
        condition = denoiser.suffix_condition(*following)
    torch.manual_seed(1)
    expected = denoising_loss(
        denoiser,
        windows,
        condition,
        diffusion=SCHEDULE.diffusion(),
        condition_dropout=0.5,
        rounding_weight=rounding_weight or 0.0,
    )
    torch.manual_seed(1)
    loss = trained_on["loss"](denoiser, windows, *following)
    torch.testing.assert_close(loss, expected)


def test_the_settings_reach_the_training_loop(pairs, trained_on):
    watch = {
        "keep_interrupted": True,
        "verbose": 3,
        "on_epoch_end": lambda module: False,
    }
    denoise(pairs, None, settings=watch)
    expected = {
        **watch,
        "max_epochs": 2,
        "learning_rate": 1e-2,
        "patience": 100,
        "device": torch.device("cpu"),
        "random_state": 0,
        "ema_decay": 0.9,
        "validate": None,
    }
    assert {name: trained_on[name] for name in expected} == expected
    assert [len(batch[0]) for batch in trained_on["batches"]] == [32, 32, 24]


def test_the_dtype_reaches_the_losses_and_the_loop(pairs, trained_on, monkeypatch):
    def denoiser_loss(*args, dtype, **kwargs):
        dtypes.append(dtype)
        return denoising_loss(*args, **kwargs)

    def classifier_loss(query, table, following, dtype):
        dtypes.append(dtype)
        return F.cross_entropy(query @ table.T, following)

    dtypes = []
    monkeypatch.setattr(fitting, "denoising_loss", denoiser_loss)
    monkeypatch.setattr(classifiers, "full_cross_entropy", classifier_loss)
    settings = {"dtype": torch.bfloat16}
    denoise(pairs, None, settings=settings)
    assert {*dtypes, trained_on["dtype"]} == {torch.bfloat16}
    dtypes.clear()
    run = run_on(pairs, None, 1, **settings)
    fit_first_item_classifier(run, TABLE, classifier_input="noisy")
    assert {*dtypes, trained_on["dtype"]} == {torch.bfloat16}


def test_the_validation_score_is_the_mean_loss_with_the_same_noise(pairs):
    """Of all pairs, each counting once, whatever the size of its batch."""

    def loss(module, windows, firsts):
        noises.append(torch.rand(1).item())
        return (windows.sum(dim=1) + 100.0 * firsts).mean()

    noises = []
    follow = partial(first_items, pairs.values)
    score = partial(run_on(pairs, None, 1)._negative_loss, pairs, loss, follow, None)
    windows = pairs.values[pairs.starts[:, None] + np.arange(M)]
    expected = windows.sum(axis=1) + 100 * pairs.values[pairs.starts + M]
    assert score() == pytest.approx(-expected.mean())
    assert score() == pytest.approx(-expected.mean())
    assert noises[:3] == noises[3:]
    assert len(set(noises)) == 3


def test_a_cache_looks_at_what_changes_the_result(pairs, trained_on, tmp_path):
    def run(classifier_input="noisy", **without_effect):
        memory = Memory(tmp_path, verbose=0)
        return run_on(pairs, None, 1, memory=memory, **without_effect).fit(
            fit_first_item_classifier, TABLE, classifier_input=classifier_input
        )

    first = run()
    again = [run(verbose=1), run(keep_interrupted=True)]
    assert trained_on["n_runs"] == 1
    assert [result.loss_curve for result in again] == [first.loss_curve] * 2
    assert run(classifier_input="x0").loss_curve != first.loss_curve
    assert trained_on["n_runs"] == 2
