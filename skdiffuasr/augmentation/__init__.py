"""Sequence augmenters with one contract."""

from skdiffuasr.augmentation.diffusion import DiffusionSequenceAugmenter

__all__ = ["DiffusionSequenceAugmenter"]
