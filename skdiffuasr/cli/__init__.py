"""The command line: ``python -m skdiffuasr`` or ``skdiffuasr``."""

from skdiffuasr.cli.main import main, make_parser

__all__ = ["main", "make_parser"]
