"""Diffusion augmentation of interaction sequences, in plain scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdiffuasr.augmentation import (
        ASRePAugmenter,
        CropAugmenter,
        DiffusionSequenceAugmenter,
        InsertAugmenter,
        RandomAugmenter,
        RandomSequenceAugmenter,
        ReorderAugmenter,
        RepeatedPaddingAugmenter,
        SlidingWindowAugmenter,
        SubstituteAugmenter,
    )
    from skdiffuasr.recommenders import (
        BERT4RecEstimator,
        CL4SRecEstimator,
        GRU4RecEstimator,
        MarkovRecommender,
        PopularityRecommender,
        S3RecEstimator,
        SASRecEstimator,
    )
    from skdiffuasr.sequences import Sequences, check_sequences

__version__ = "0.1.0.dev0"

__all__ = [
    "ASRePAugmenter",
    "BERT4RecEstimator",
    "CL4SRecEstimator",
    "CropAugmenter",
    "DiffusionSequenceAugmenter",
    "GRU4RecEstimator",
    "InsertAugmenter",
    "MarkovRecommender",
    "PopularityRecommender",
    "RandomAugmenter",
    "RandomSequenceAugmenter",
    "ReorderAugmenter",
    "RepeatedPaddingAugmenter",
    "S3RecEstimator",
    "SASRecEstimator",
    "Sequences",
    "SlidingWindowAugmenter",
    "SubstituteAugmenter",
    "check_sequences",
]

#: Where the names come from, the lightest first.
_ROOMS = ("sequences", "augmentation", "recommenders")


def __getattr__(name: str) -> Any:
    """Import a name when it is first used (PEP 562): torch takes seconds."""
    if name in __all__:
        for room in _ROOMS:
            module = import_module(f"skdiffuasr.{room}")
            if hasattr(module, name):
                value = globals()[name] = getattr(module, name)
                return value
    if name in _ROOMS:
        return import_module(f"skdiffuasr.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what can be imported."""
    return sorted({*globals(), *__all__, *_ROOMS})
