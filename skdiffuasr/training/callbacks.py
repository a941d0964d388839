"""The bridge from the training loop to scikit-learn's callbacks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn


@contextmanager
def epoch_callbacks(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    max_epochs: int,
    fitted_attributes: Callable[[nn.Module], Mapping[str, Any]],
) -> Iterator[Callable[[nn.Module], bool]]:
    """Tell an estimator's callbacks about the start, the epochs and the end of a fit.

    Yields a function to be called with the module after each epoch, which returns
    whether a callback asks to stop. `fitted_attributes` let a copy of the estimator
    predict with the weights of a module; they are made only for a callback that wants
    one. The estimator's own must be set when the context is left.
    """
    task = {"estimator": estimator, "X": X, "y": y}
    context = estimator._init_callback_context(max_subtasks=max_epochs)
    context.call_on_fit_task_begin(**task)

    def on_epoch_end(module: nn.Module) -> bool:
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**task)
        attributes = partial(fitted_attributes, module)
        stop = epoch.call_on_fit_task_end(**task, reconstruction_attributes=attributes)
        return bool(stop)

    yield on_epoch_end
    context.call_on_fit_task_end(**task, reconstruction_attributes={})
