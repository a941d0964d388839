"""Comparisons of augmenters and recommenders on a log."""

from skdiffuasr.study.demo import run_demo
from skdiffuasr.study.results import RunRecord, StudyResults
from skdiffuasr.study.study import AugmentationStudy

__all__ = ["AugmentationStudy", "RunRecord", "StudyResults", "run_demo"]
