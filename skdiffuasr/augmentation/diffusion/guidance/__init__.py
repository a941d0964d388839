"""Guidance: how generation is drawn towards the history."""

from skdiffuasr.augmentation.diffusion.guidance.base import BaseGuidance
from skdiffuasr.augmentation.diffusion.guidance.classifier import ClassifierGuidance
from skdiffuasr.augmentation.diffusion.guidance.classifier_free import (
    ClassifierFreeGuidance,
)

__all__ = ["BaseGuidance", "ClassifierFreeGuidance", "ClassifierGuidance"]
