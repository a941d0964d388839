"""Text files, perhaps compressed, in blocks of whole lines."""

import lzma
import zlib
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import TextIO

from skdiffuasr._files import COMPRESSIONS, open_text

#: Characters of a block, but for the rest of its last line.
BLOCK_SIZE = 2**19


def read_blocks(path: Path) -> Iterator[str]:
    """Yield the blocks of a file without its byte order mark.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is cut short, not compressed as its ending says, or not UTF-8; the message
        names the first line that is not.
    """
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            yield from blocks_of(file)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}, line {_first_bad_line(path)}, cannot be read as UTF-8: "
            f"{error.reason}; save the file as UTF-8."
        ) from error
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # The content is not compressed as the ending says.
        raise ValueError(f"{path} cannot be read: {error}.") from error


def blocks_of(file: TextIO) -> Iterator[str]:
    """Yield the blocks of a file that was opened with ``newline=""``."""
    while block := file.read(BLOCK_SIZE):
        yield block + file.readline()


def lines_of(blocks: Iterable[str]) -> Iterator[str]:
    r"""Yield the lines, which end with ``\n``, ``\r`` or both."""
    for block in blocks:
        yield from StringIO(block, newline="")


def _first_bad_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    opener = COMPRESSIONS.get(path.suffix, open)
    with opener(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{path} has changed while it was read.")
