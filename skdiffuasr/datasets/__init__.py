"""Interaction logs: read them, filter them, or draw synthetic ones."""

from skdiffuasr.datasets.filtering import k_core
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.readers import read_interactions
from skdiffuasr.datasets.synthetic import make_sequences

__all__ = ["Interactions", "k_core", "make_sequences", "read_interactions"]
