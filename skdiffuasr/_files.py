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
    """Yield a temporary path that takes the place of `path` when all went well.

    It is in the same folder with the same ending, and removed if anything goes wrong.
    What `path` holds stays until the new file is whole. A link stays a link; the file
    that it leads to is written.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file, so it cannot be replaced.")
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # its content must be on disk before its name
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file as UTF-8 so that it is never seen half-written."""
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def refuse_existing(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise an OSError if `path` is in the way, or its folder does not exist."""
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
    """Open a text that is compressed if `path` ends in ``.gz``, ``.bz2`` or ``.xz``.

    `mode` is "rt" or "wt"; `newline` is that of `open`.
    """
    opener = COMPRESSIONS.get(Path(path).suffix, open)
    file: TextIO = opener(path, mode, encoding=encoding, newline=newline)
    return file
