"""Files that are downloaded once, the folder for them, and what has changed."""

import hashlib
import os
import shutil
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from numbers import Integral, Real
from pathlib import Path

from sklearn.utils import check_scalar

from skdiffuasr._files import replaced, write_text

ENVIRONMENT_VARIABLE = "SKDIFFUASR_DATA"
TIMEOUT_SECONDS = 60


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


def fetch_file(
    url: str,
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    md5: str | None = None,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Path:
    """Return the path of a file, downloaded if it is not there yet.

    `md5` is the checksum that its publisher gives. Without one, the SHA-256 is written
    beside the file at the first download, and later reads must find it again. A wrong
    file that was there before stays; one that was downloaded does not.
    """
    check_scalar(n_retries, "n_retries", Integral, min_val=0)
    check_scalar(delay, "delay", Real, min_val=0)
    path = get_data_home(data_home) / url.rpartition("/")[2]
    is_new = not path.exists()
    if is_new:
        by_hand = f"download {url} by hand and put it at {path}."
        if not download_if_missing:
            raise OSError(f"{path} is not there; allow downloading it, or {by_hand}")
        with replaced(path) as temporary:
            try:
                _download_patiently(url, temporary, n_retries, delay)
            except (OSError, EOFError, HTTPException) as error:
                raise OSError(f"{url} cannot be read ({error}); {by_hand}") from error
            _check(temporary, url, md5)
    _check(path, url, md5)
    record = path.with_name(f"{path.name}.sha256")
    if md5 is None and (is_new or not record.exists()):
        write_text(record, _digest(path, "sha256"))
    elif md5 is None and _digest(path, "sha256") != record.read_text(encoding="utf-8"):
        raise ValueError(
            f"{path} has changed since it was downloaded: its SHA-256 is not that of "
            f"{record.name}. Remove both to download it again."
        )
    return path


def _download_patiently(url: str, path: Path, n_retries: int, delay: float) -> None:
    """Try again until it works or the tries are used up.

    A file that the server does not have is not asked for again.
    """
    for _ in range(n_retries):
        try:
            return _download(url, path)
        except (OSError, EOFError, HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
                if error.code < 500:
                    raise
        time.sleep(delay)
    _download(url, path)


def _download(url: str, path: Path) -> None:
    """Copy a file from the network, all of it."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
        with path.open("wb") as file:
            shutil.copyfileobj(response, file)
        expected = response.headers.get("Content-Length")
        if expected is not None and path.stat().st_size != int(expected):
            raise EOFError(
                f"{path.stat().st_size} of {expected} bytes came before the connection "
                "broke"
            )


def _check(path: Path, url: str, md5: str | None) -> None:
    """Compare a file with the checksum of its publisher."""
    if md5 is not None and (found := _digest(path, "md5")) != md5:
        raise ValueError(
            f"{path.name} is not the file of {url}: its MD5 is {found}, and {md5} is "
            "published. Remove it if it is there, and download it again."
        )


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
