"""Histories: the ragged batch that everything here reads and writes."""

from skdiffuasr.sequences.container import Sequences, check_sequences
from skdiffuasr.sequences.keys import keyed_normal, keyed_uniform, row_keys
from skdiffuasr.sequences.roles import Role, make_roles
from skdiffuasr.sequences.variants import SequenceVariants

__all__ = [
    "Role",
    "SequenceVariants",
    "Sequences",
    "check_sequences",
    "keyed_normal",
    "keyed_uniform",
    "make_roles",
    "row_keys",
]
