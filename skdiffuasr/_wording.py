"""How messages call a parameter: as in Python, or as on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_IS_COMMAND_LINE = ContextVar("is_command_line", default=False)


@contextmanager
def on_command_line() -> Iterator[None]:
    """Let messages name options instead of parameters."""
    token = _IS_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _IS_COMMAND_LINE.reset(token)


def spelled(name: str, value: Any = None) -> str:
    """Return how a parameter is given: ``time='when'``, or ``--time when``."""
    if not _IS_COMMAND_LINE.get():
        return f"{name}=" if value is None else f"{name}={value!r}"
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    shown = repr(value) if " " in str(value) else value
    return f"--{option}" if value is None else f"--{option} {shown}"
