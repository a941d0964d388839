"""The step of a pipeline that a display is about."""

from collections.abc import Callable
from typing import Any

from skdiffuasr.augmentation.diffusion import DiffusionSequenceAugmenter


def only_step(
    estimator: Any,
    is_meant: Callable[[Any], bool],
    what: str,
    *,
    step: str | None = None,
) -> tuple[str, Any]:
    """Find the name and estimator of the one step that is meant.

    Of a search, the best estimator is looked at. An estimator alone is a step with the
    name of its class. It is a ValueError, which calls such a step `what`, if none or
    several of the steps (of this name, if `step` is given) are meant.
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


def only_diffusion(estimator: Any) -> DiffusionSequenceAugmenter:
    """Find the one diffusion augmenter of an estimator, a pipeline or a search."""
    _, model = only_step(
        estimator,
        lambda each: isinstance(each, DiffusionSequenceAugmenter),
        "DiffusionSequenceAugmenter",
    )
    return model
