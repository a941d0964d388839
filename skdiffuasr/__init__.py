"""Diffusion augmentation of interaction sequences, in plain scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdiffuasr.augmentation import *  # noqa: F403
    from skdiffuasr.recommenders import *  # noqa: F403
    from skdiffuasr.sequences import Sequences as Sequences
    from skdiffuasr.sequences import check_sequences as check_sequences

__version__ = "0.1.0"

#: Rooms that are attributes from the beginning, the lightest first.
_ROOMS = ("sequences", "augmentation", "recommenders")


def __getattr__(name: str) -> Any:
    """Import what the rooms of estimators export when it is first used (PEP 562).

    Nothing is imported before that: torch takes seconds.
    """
    if name in _ROOMS:
        return import_module(f"skdiffuasr.{name}")
    if name == "__all__":
        return sorted(export for room in _ROOMS for export in _exports(room))
    if not name.startswith("_"):
        for room in _ROOMS:
            if name in _exports(room):
                value = globals()[name] = getattr(__getattr__(room), name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _exports(room: str) -> list[str]:
    """Names that a room shows here: all that it exports, but only two histories."""
    if room == "sequences":
        return ["Sequences", "check_sequences"]
    names: list[str] = __getattr__(room).__all__
    return names


def __dir__() -> list[str]:
    """List what can be imported."""
    return sorted({*globals(), *__getattr__("__all__"), *_ROOMS})
