"""Libraries that not everyone has installed."""

from importlib import import_module
from typing import Any


def import_extra(name: str, extra: str) -> Any:
    """Import a module of an optional library, or say how to get it.

    Parameters
    ----------
    name : str
        The module, such as ``"pyarrow.parquet"``.
    extra : str
        The extra of this package that brings the library.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the library is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise ImportError(
            f'This needs {library}: pip install "skdiffuasr[{extra}]".'
        ) from error
