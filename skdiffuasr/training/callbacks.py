"""The bridge from the training loop to scikit-learn's callbacks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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

    The estimator's fitted attributes must be set when the context is left.

    Parameters
    ----------
    estimator : estimator with scikit-learn's ``CallbackSupportMixin``
        The estimator being fitted.
    X, y : object
        What `fit` was given, handed on to the callbacks as they are.
    max_epochs : int
        Number of subtasks of the fit.
    fitted_attributes : callable(module) -> dict
        Attributes that let a copy of `estimator` predict with the weights of a module;
        only called if a callback asks for a fitted estimator.

    Yields
    ------
    on_epoch_end : callable(module) -> bool
        To be called after each epoch; True if a callback asks to stop.
    """
    context = estimator._init_callback_context(max_subtasks=max_epochs)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

    def on_epoch_end(module: nn.Module) -> bool:
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
        return bool(
            epoch.call_on_fit_task_end(
                estimator=estimator,
                X=X,
                y=y,
                reconstruction_attributes=lambda: fitted_attributes(module),
            )
        )

    yield on_epoch_end
    context.call_on_fit_task_end(
        estimator=estimator, X=X, y=y, reconstruction_attributes={}
    )
