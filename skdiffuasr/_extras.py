"""Libraries that not everyone has installed."""

from importlib import import_module
from typing import Any


def import_extra(name: str, extra: str) -> Any:
    """Import a module, or raise an ImportError that names the extra which brings it."""
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise ImportError(
            f'This needs {library}: pip install "skdiffuasr[{extra}]".'
        ) from error
