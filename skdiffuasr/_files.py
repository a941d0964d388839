"""Files that are whole or not there, and texts that may be compressed."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

#: How to open what ends like this.
COMPRESSIONS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}


@contextmanager
def replaced(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when all went well.

    Parameters
    ----------
    path : str or path-like
        The file to write. What it holds stays until the new one is whole. A link stays
        a link; the file that it leads to is written.

    Yields
    ------
    temporary : Path
        In the same folder; removed if anything goes wrong. Its ending is that of
        `path`.

    Raises
    ------
    OSError
        If `path` is there and no file, such as a folder or ``/dev/null``.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file, so it cannot be replaced.")
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file so that it is never seen half-written.

    Parameters
    ----------
    path : str or path-like
        The file.
    text : str
        Its content, written as UTF-8.
    """
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def refuse_existing(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise if a file is in the way.

    Parameters
    ----------
    path : str or path-like
        The file to be written.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    FileExistsError
        If it exists and `overwrite` is False.
    FileNotFoundError
        If its folder does not exist.
    IsADirectoryError
        If it is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder.")
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} exists; overwrite=True, or --force, replaces it."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}.")


def open_text(
    path: str | os.PathLike[str],
    mode: str = "rt",
    *,
    encoding: str = "utf-8",
    newline: str | None = None,
) -> TextIO:
    """Open a text that is compressed if its ending says so.

    Parameters
    ----------
    path : str or path-like
        The file; ``.gz``, ``.bz2`` and ``.xz`` are compressed.
    mode : {"rt", "wt"}, default="rt"
        To read or to write.
    encoding : str, default="utf-8"
        Of the text.
    newline : str or None, default=None
        As `open` takes it.

    Returns
    -------
    file : TextIO
    """
    opener = COMPRESSIONS.get(Path(path).suffix, open)
    file: TextIO = opener(path, mode, encoding=encoding, newline=newline)
    return file
