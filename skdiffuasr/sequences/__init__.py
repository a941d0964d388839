"""Histories: the ragged batch that everything here reads and writes."""

from skdiffuasr.sequences.container import Sequences, check_sequences
from skdiffuasr.sequences.roles import Role, make_roles
from skdiffuasr.sequences.variants import SequenceVariants

__all__ = ["Role", "SequenceVariants", "Sequences", "check_sequences", "make_roles"]
