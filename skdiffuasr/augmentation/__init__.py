"""Sequence augmenters with one contract."""

from skdiffuasr.augmentation.asrep import ASRePAugmenter
from skdiffuasr.augmentation.diffusion import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.new_item_operators import (
    InsertAugmenter,
    SubstituteAugmenter,
)
from skdiffuasr.augmentation.operators import CropAugmenter, ReorderAugmenter
from skdiffuasr.augmentation.random_items import RandomAugmenter
from skdiffuasr.augmentation.random_sequence import RandomSequenceAugmenter
from skdiffuasr.augmentation.repeated_padding import RepeatedPaddingAugmenter
from skdiffuasr.augmentation.sliding_window import SlidingWindowAugmenter

__all__ = [
    "ASRePAugmenter",
    "CropAugmenter",
    "DiffusionSequenceAugmenter",
    "InsertAugmenter",
    "RandomAugmenter",
    "RandomSequenceAugmenter",
    "ReorderAugmenter",
    "RepeatedPaddingAugmenter",
    "SlidingWindowAugmenter",
    "SubstituteAugmenter",
]
