"""Comparisons of augmenters and recommenders on a log."""

from skdiffuasr.study.demo import run_demo

__all__ = ["run_demo"]
