import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from skdiffuasr.training import seeded_build, train

FEATURES = torch.randn(32, 3, generator=torch.Generator().manual_seed(0))
TARGETS = FEATURES @ torch.tensor([[1.0], [-2.0], [0.5]]) + 3.0
SETTINGS = {
    "max_epochs": 4,
    "learning_rate": 0.05,
    "device": torch.device("cpu"),
    "random_state": 0,
}


def build():
    return nn.Sequential(nn.Dropout(0.2), nn.Linear(3, 1))


def linear_model():
    return seeded_build(lambda: nn.Linear(3, 1), 0)


def batches(epoch):
    """Two batches, in an order that changes with the epoch."""
    for rows in torch.tensor_split(torch.arange(32).roll(epoch), 2):
        yield FEATURES[rows], TARGETS[rows]


def squared_error(module, features, targets):
    return F.mse_loss(module(features), targets)


def fit(module, **settings):
    return train(module, batches, squared_error, **{**SETTINGS, **settings})


def weights_by_hand(n_epochs):
    """Weights after each AdamW step of a plain loop."""
    module = linear_model()
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.05, weight_decay=0.1)
    steps = []
    for epoch in range(n_epochs):
        for batch in batches(epoch):
            optimizer.zero_grad()
            squared_error(module, *batch).backward()
            optimizer.step()
            steps.append(module.weight.detach().numpy().copy())
    return steps


def epoch_scores(scores):
    """A validation that returns the scores one after the other."""
    remaining = iter(scores)
    return lambda module: next(remaining)


def test_training_equals_a_plain_loop():
    result = fit(linear_model(), weight_decay=0.1)
    # The fused AdamW rounds a little differently.
    expected = weights_by_hand(4)[-1]
    np.testing.assert_allclose(result.weights["weight"], expected, rtol=1e-5)


def test_training_finds_the_least_squares_solution():
    result = fit(linear_model(), max_epochs=200)
    np.testing.assert_allclose(result.weights["weight"], [[1, -2, 0.5]], atol=1e-2)
    np.testing.assert_allclose(result.weights["bias"], [3], atol=1e-2)
    assert result.loss_curve[-1] < 1e-3 * result.loss_curve[0]
    assert len(result.loss_curve) == result.best_epoch == 200
    assert result.validation_curve == []


def test_the_loss_curve_is_the_mean_over_the_batches():
    module = linear_model()
    with torch.no_grad():
        expected = np.mean([squared_error(module, *batch) for batch in batches(0)])
    result = fit(module, max_epochs=1, learning_rate=1e-12)
    np.testing.assert_allclose(result.loss_curve, [expected], rtol=1e-5)


def test_a_seed_fixes_weights_and_losses():
    first, same, other = (
        fit(seeded_build(build, 0), random_state=seed) for seed in (0, 0, 1)
    )
    assert first.loss_curve == same.loss_curve != other.loss_curve
    for name, array in first.weights.items():
        np.testing.assert_array_equal(array, same.weights[name])


def test_the_global_generator_is_left_alone():
    module = build()
    before = torch.get_rng_state()
    fit(module)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_loss_that_is_not_finite_is_an_error(bad):
    def loss(module, features, targets):
        return squared_error(module, features, targets) * losses.pop()

    losses = [bad, 1.0, 1.0, 1.0]
    message = rf"loss became {bad} in epoch 2; try a lower learning_rate \(now 0.05\)"
    with pytest.raises(ValueError, match=message):
        train(linear_model(), batches, loss, **SETTINGS)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_an_error_before_validation(bad):
    """The loss of the last step is from before it."""

    def spoil(epoch):
        yield from batches(epoch)
        if epoch == 2:
            module.weight.data[0, 1] = bad

    def validate(module):
        validated.append(module)
        return 0.0

    module, validated = linear_model(), []
    message = (
        r"weights became NaN or infinite in epoch 3; try a lower learning_rate \(now 0"
    )
    settings = {**SETTINGS, "max_epochs": 3, "validate": validate}
    with pytest.raises(ValueError, match=message):
        train(module, spoil, squared_error, **settings)
    assert len(validated) == 2


@pytest.mark.parametrize("bad", [torch.nan, -torch.inf])
def test_a_validation_score_that_is_not_finite_is_an_error(bad):
    message = rf"score became {bad} in epoch 2; try a lower learning_rate \(now 0.05\)"
    with pytest.raises(ValueError, match=message):
        fit(linear_model(), validate=epoch_scores([0.5, bad]))


def test_the_best_weights_are_kept():
    seen = []

    def validate(module):
        assert not module.training
        assert not torch.is_grad_enabled()
        seen.append(module.weight.numpy().copy())
        return [0.1, 0.3, 0.9, 0.2][len(seen) - 1]

    result = fit(linear_model(), validate=validate)
    assert result.best_epoch == 3
    assert result.validation_curve == [0.1, 0.3, 0.9, 0.2]
    np.testing.assert_array_equal(result.weights["weight"], seen[2])
    assert not np.array_equal(seen[2], seen[3])


def test_patience_ends_the_training():
    validate = epoch_scores([0.5, 0.7, 0.6, 0.7, 0.1, 0.9])
    result = fit(linear_model(), max_epochs=6, validate=validate, patience=3)
    assert len(result.loss_curve) == 5
    assert result.best_epoch == 2


def test_every_epoch_trains_in_training_mode():
    def loss(module, *batch):
        assert module.training
        return squared_error(module, *batch)

    settings = {**SETTINGS, "validate": lambda module: 0.0}
    train(build(), batches, loss, **settings)


def test_weights_without_a_gradient_stand_still():
    """Those that a batch does not read, such as a head of its own."""

    def loss(module, features, targets):
        losses.append(module[len(losses) > 0](features).square().mean())
        return losses[-1]

    losses = []
    module = nn.ModuleList([linear_model(), linear_model()])
    result = train(module, batches, loss, **SETTINGS, weight_decay=0.1)
    first = linear_model()
    optimizer = torch.optim.AdamW(first.parameters(), lr=0.05, weight_decay=0.1)
    first(next(batches(0))[0]).square().mean().backward()
    optimizer.step()
    np.testing.assert_allclose(
        result.weights["0.weight"], first.weight.detach().numpy(), rtol=1e-6
    )


def test_on_the_cpu_the_loss_is_computed_in_single_precision():
    def loss(module, *batch):
        assert not torch.is_autocast_enabled("cpu")
        return squared_error(module, *batch)

    train(linear_model(), batches, loss, **SETTINGS, dtype=torch.bfloat16)


def test_averaged_weights_are_returned_and_validated():
    validated = []

    def validate(module):
        validated.append(module.weight.numpy().copy())
        return float(len(validated))

    settings = {"weight_decay": 0.1, "ema_decay": 0.15, "validate": validate}
    result = fit(linear_model(), **settings)
    steps = weights_by_hand(4)
    average = steps[0]
    for step in steps[1:]:
        average = 0.15 * average + 0.85 * step
    np.testing.assert_allclose(result.weights["weight"], average, rtol=1e-5)
    np.testing.assert_array_equal(result.weights["weight"], validated[-1])
    assert not np.allclose(average, steps[-1])
    without_validation = fit(linear_model(), weight_decay=0.1, ema_decay=0.15)
    np.testing.assert_array_equal(without_validation.weights["weight"], validated[-1])


def test_an_average_without_memory_is_the_last_step():
    averaged = fit(linear_model(), ema_decay=0.0)
    plain = fit(linear_model())
    np.testing.assert_array_equal(averaged.weights["weight"], plain.weights["weight"])


@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_an_interrupt_keeps_the_weights_reached(ema_decay):
    def interrupted(epoch):
        yield from batches(epoch)
        if epoch == 2:
            raise KeyboardInterrupt

    settings = {**SETTINGS, "ema_decay": ema_decay}
    with pytest.raises(KeyboardInterrupt):
        train(linear_model(), interrupted, squared_error, **settings)
    settings["keep_interrupted"] = True
    with pytest.warns(ConvergenceWarning, match="by the user after 2 epochs"):
        result = train(linear_model(), interrupted, squared_error, **settings)
    assert len(result.loss_curve) == result.best_epoch == 2
    assert result.is_interrupted
    whole = fit(linear_model(), max_epochs=3, ema_decay=ema_decay)
    assert not whole.is_interrupted
    np.testing.assert_array_equal(result.weights["weight"], whole.weights["weight"])


def test_an_interrupt_keeps_the_best_weights():
    scores = iter([0.2, 0.1])

    def validate(module):
        score = next(scores, None)
        if score is None:
            raise KeyboardInterrupt
        return score

    with pytest.warns(ConvergenceWarning):
        result = fit(linear_model(), validate=validate, keep_interrupted=True)
    assert result.best_epoch == 1
    first_epoch = fit(linear_model(), max_epochs=1)
    np.testing.assert_array_equal(
        result.weights["weight"], first_epoch.weights["weight"]
    )


def test_a_callback_sees_each_epoch_and_may_stop():
    modules = []

    def on_epoch_end(module):
        assert not module.training
        modules.append(module)
        return len(modules) == 2

    trained = linear_model()
    result = fit(trained, on_epoch_end=on_epoch_end)
    assert len(result.loss_curve) == 2
    assert result.is_interrupted
    assert modules == [trained, trained]


@pytest.mark.parametrize(
    ("verbose", "epochs"), [(0, []), (1, [1, 2, 3, 4, 5]), (2, [2, 4, 5])]
)
def test_verbose_prints_some_epochs(capsys, verbose, epochs):
    fit(linear_model(), max_epochs=5, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    pattern = r"training: epoch (\d)/5, loss \d+\.\d+, (\d+\.\d) s(?:, about .* left)?"
    found = [re.fullmatch(pattern, line).groups() for line in lines[:-1]]
    assert [int(epoch) for epoch, _ in found] == epochs
    assert all(float(seconds) < 30 for _, seconds in found)


def test_verbose_prints_what_the_curves_end_in(capsys):
    scores = [0.25, 0.5, 0.125]
    result = fit(linear_model(), max_epochs=3, verbose=1, validate=epoch_scores(scores))
    *lines, summary = capsys.readouterr().out.splitlines()
    for line, loss, score in zip(lines, result.loss_curve, scores, strict=True):
        assert f", loss {loss:#.4g}, validation score {score:.4f} (best " in line
    assert "training: 3 epochs, best epoch 2, validation score 0.5000, " in summary
    assert len(set(result.loss_curve)) == 3


def test_nothing_is_printed_unasked(capsys):
    fit(linear_model())
    assert capsys.readouterr().out == ""
