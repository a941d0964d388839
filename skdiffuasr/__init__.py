"""Diffusion augmentation of interaction sequences, in plain scikit-learn."""

from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences, check_sequences

__version__ = "0.1.0.dev0"

__all__ = [
    "DiffusionSequenceAugmenter",
    "MarkovRecommender",
    "PopularityRecommender",
    "SASRecEstimator",
    "Sequences",
    "check_sequences",
]
