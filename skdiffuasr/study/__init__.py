"""Comparisons of augmenters and recommenders on a log."""

from skdiffuasr.study.demo import run_demo
from skdiffuasr.study.quality import nearness_to_hidden
from skdiffuasr.study.results import RunRecord, StudyResults
from skdiffuasr.study.study import AugmentationStudy

__all__ = [
    "AugmentationStudy",
    "RunRecord",
    "StudyResults",
    "nearness_to_hidden",
    "run_demo",
]
