"""Histories: the ragged batch that everything here reads and writes."""

from skdiffuasr.sequences.container import Sequences, check_sequences
from skdiffuasr.sequences.variants import SequenceVariants

__all__ = ["SequenceVariants", "Sequences", "check_sequences"]
