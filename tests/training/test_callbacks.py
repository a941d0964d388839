import runpy
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from sklearn.base import BaseEstimator
from torch import nn

import skdiffuasr
from skdiffuasr._sklearn_compat import CallbackSupportMixin, fit_context
from skdiffuasr.training import epoch_callbacks, to_weights

needs_callbacks = pytest.mark.skipif(
    CallbackSupportMixin.__module__.startswith("skdiffuasr"),
    reason="scikit-learn before 1.9 has no callbacks",
)


class Counter:
    """Fits a module whose only weight is the number of epochs so far."""

    _parameter_constraints: ClassVar = {"max_epochs": [int]}

    def __init__(self, max_epochs=3):
        self.max_epochs = max_epochs

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        module = nn.Linear(1, 1, bias=False).requires_grad_(False)
        self.n_calls_ = self.n_iter_ = 0
        with epoch_callbacks(
            self,
            X,
            y,
            max_epochs=self.max_epochs,
            fitted_attributes=self._fitted_attributes,
        ) as on_epoch_end:
            for epoch in range(1, self.max_epochs + 1):
                module.weight.fill_(epoch)
                self.n_iter_ = epoch
                if on_epoch_end(module):
                    break
            self.weights_ = to_weights(module)
        return self

    def _fitted_attributes(self, module):
        self.n_calls_ += 1
        return {"weights_": to_weights(module)}

    def predict(self, X):
        return self.weights_["weight"].item()


class CounterEstimator(CallbackSupportMixin, Counter, BaseEstimator):
    pass


class Recorder:
    """Writes down what it is told; stops after an epoch if asked to."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.events.append(("begin", context.task_name, context.task_id, X, y))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        prediction = fitted_estimator.predict(X)
        self.events.append(
            ("end", context.task_name, context.task_id, X, y, prediction)
        )
        return context.task_name == "epoch" and prediction == self.stop_after


class SilentRecorder(Recorder):
    """Asks for no fitted estimator."""

    def on_fit_task_end(self, estimator, context):
        self.events.append(("end", context.task_name))


@needs_callbacks
def test_callbacks_are_told_of_the_fit_and_of_each_epoch():
    recorder = Recorder()
    CounterEstimator(max_epochs=2).set_callbacks(recorder).fit("X", "y")
    assert recorder.events == [
        "setup",
        ("begin", "fit", 0, "X", "y"),
        ("begin", "epoch", 0, "X", "y"),
        ("end", "epoch", 0, "X", "y", 1),
        ("begin", "epoch", 1, "X", "y"),
        ("end", "epoch", 1, "X", "y", 2),
        ("end", "fit", 0, "X", "y", 2),
        "teardown",
    ]


@needs_callbacks
def test_a_callback_may_stop_the_training():
    estimator = CounterEstimator(max_epochs=9).set_callbacks(Recorder(stop_after=4))
    assert estimator.fit("X").n_iter_ == 4


@needs_callbacks
def test_one_of_several_callbacks_is_enough_to_stop():
    recorders = [Recorder(), Recorder(stop_after=2), Recorder()]
    estimator = CounterEstimator(max_epochs=9).set_callbacks(*recorders)
    assert estimator.fit("X").n_iter_ == 2
    assert len({len(recorder.events) for recorder in recorders}) == 1


@needs_callbacks
def test_weights_are_copied_only_for_callbacks_that_ask():
    estimator = CounterEstimator().set_callbacks(SilentRecorder())
    assert estimator.fit("X").n_calls_ == 0


@needs_callbacks
def test_callbacks_are_torn_down_after_an_error():
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("enough")

    recorder = Failing()
    with pytest.raises(RuntimeError, match="enough"):
        CounterEstimator().set_callbacks(recorder).fit("X")
    assert recorder.events[-1] == "teardown"


def test_there_need_not_be_callbacks():
    estimator = CounterEstimator().fit("X")
    assert estimator.n_iter_ == 3
    assert estimator.n_calls_ == 0


def test_there_need_not_be_a_scikit_learn_with_callbacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    path = Path(skdiffuasr.__file__).with_name("_sklearn_compat.py")
    mixin = runpy.run_path(str(path))["CallbackSupportMixin"]
    estimator = type("Estimator", (mixin, Counter), {})()
    # Not through `fit_context`, which wants an estimator.
    Counter.fit.__wrapped__(estimator, "X")
    assert estimator.n_iter_ == 3
    assert estimator.predict("X") == 3
