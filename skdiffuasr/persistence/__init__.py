"""Fitted estimators in one plain file, which runs no code when it is read."""

from skdiffuasr.persistence.export import export
from skdiffuasr.persistence.model_file import load, save

__all__ = ["export", "load", "save"]
