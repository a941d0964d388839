"""The step of a pipeline that a display is about."""

from collections.abc import Callable
from typing import Any


def only_step(
    estimator: Any,
    is_meant: Callable[[Any], bool],
    what: str,
    *,
    step: str | None = None,
) -> tuple[str, Any]:
    """Find the one step that is meant.

    Parameters
    ----------
    estimator : estimator, pipeline or search
        Of a search, the best estimator is looked at. An estimator alone is a step of
        the name of its class.
    is_meant : callable(estimator) -> bool
        Whether a step will do.
    what : str
        What such a step is called in the message.
    step : str, default=None
        Name of the step; None takes the only one that will do.

    Returns
    -------
    name : str
        Of the step.
    model : estimator

    Raises
    ------
    ValueError
        If none will do, or several do and `step` is None.

    Examples
    --------
    >>> only_step([1], lambda each: True, "list")
    ('list', [1])
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    steps = getattr(estimator, "steps", [(type(estimator).__name__, estimator)])
    found = [
        (name, model)
        for name, model in steps
        if is_meant(model) and step in (None, name)
    ]
    if len(found) != 1:
        raise ValueError(
            f"There must be one {what}; got {[name for name, _ in found]} of the "
            f"steps {[name for name, _ in steps]}."
        )
    return found[0]
