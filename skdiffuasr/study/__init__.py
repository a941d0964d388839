"""Comparisons of augmenters and recommenders on a log."""

from skdiffuasr.study.augmentation_study import AugmentationStudy
from skdiffuasr.study.demo import run_demo
from skdiffuasr.study.records import RunRecord, StudyResults

__all__ = ["AugmentationStudy", "RunRecord", "StudyResults", "run_demo"]
