"""Diffusion augmentation of interaction sequences, in plain scikit-learn."""

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
