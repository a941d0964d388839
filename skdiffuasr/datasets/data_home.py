"""The folder where fetched datasets are kept."""

import os
import shutil
from pathlib import Path

ENVIRONMENT_VARIABLE = "SKDIFFUASR_DATA"


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the downloads, and make it if need be.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None takes the environment variable ``SKDIFFUASR_DATA``, or
        ``skdiffuasr_data`` in the home folder if that is not set or empty.

    Returns
    -------
    data_home : Path

    Raises
    ------
    ValueError
        If `data_home` is empty.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr.datasets import get_data_home
    >>> with TemporaryDirectory() as folder:
    ...     get_data_home(f"{folder}/logs").name
    'logs'
    """
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE) or "~/skdiffuasr_data"
    if data_home == "":
        raise ValueError("data_home is ''; give a folder, or None for the usual one.")
    folder = Path(data_home).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_data_home(data_home: str | os.PathLike[str] | None = None) -> None:
    """Remove the folder of the downloads and all that is in it.

    Parameters
    ----------
    data_home : str or path-like, default=None
        See `get_data_home`.
    """
    shutil.rmtree(get_data_home(data_home))
