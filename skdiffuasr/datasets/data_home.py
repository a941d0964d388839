"""The folder where fetched logs are kept."""

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
        ``skdiffuasr_data`` in the home folder.

    Returns
    -------
    data_home : Path
    """
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE, "~/skdiffuasr_data")
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
