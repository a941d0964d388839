"""Text files, perhaps compressed, in blocks of whole lines."""

import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from skdiffuasr._files import COMPRESSIONS
from skdiffuasr._wording import spelled

#: Begins to read a text, in blocks of whole lines.
ReadBlocks = Callable[[], Iterator[bytes]]

#: Bytes of a block, but for the rest of its last line.
BLOCK_SIZE = 2**20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def ending_of(path: Path) -> str:
    """Return the ending of a file name that says its format, not its compression."""
    return Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix


def read_blocks(path: Path, encoding: str | None = None) -> Iterator[bytes]:
    """Yield the blocks of a file in UTF-8; raise ValueError if it cannot be read.

    Without an encoding it is UTF-8, or UTF-16 if it begins like that.
    """
    opener = COMPRESSIONS.get(path.suffix, open)
    try:
        with opener(path, "rb") as file:
            if encoding is None and file.peek(2)[:2] in _UTF_16_MARKS:
                encoding = "utf-16"
            if encoding is None:
                yield from blocks_of(file)
            else:
                yield from _encoded_again(file, encoding)
    except UnicodeDecodeError as error:
        line = f", line {_first_bad_line(path)}," if encoding is None else ""
        raise ValueError(
            f"{path}{line} cannot be read as {encoding or 'UTF-8'}: {error.reason}; "
            f"say which encoding it has, such as {spelled('encoding', 'cp1252')}."
        ) from error
    except LookupError as error:
        raise ValueError(f"{error}; see Python's list of encodings.") from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        if getattr(error, "errno", None) is not None:
            raise
        # The content is cut short, or not compressed as the ending says.
        raise ValueError(f"{path} cannot be read: {error}.") from error


def _encoded_again(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the blocks of an open file of another encoding in UTF-8."""
    mark = "\ufeff"
    with TextIOWrapper(file, encoding, newline="") as text:
        while block := text.read(BLOCK_SIZE):
            yield (block + text.readline()).removeprefix(mark).encode()
            mark = ""


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the blocks of an open file, all valid UTF-8, without byte order mark."""
    mark = _BYTE_ORDER_MARK
    while block := file.read(BLOCK_SIZE):
        block = (block + file.readline()).removeprefix(mark)
        if not block.isascii():
            block.decode()
        yield block
        mark = b""


def lines_of(blocks: Iterable[bytes]) -> Iterator[str]:
    r"""Yield the lines, which end with ``\n``, ``\r`` or both."""
    for block in blocks:
        yield from StringIO(block.decode(), newline="")


def _first_bad_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with COMPRESSIONS.get(path.suffix, open)(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{path} has changed while it was read.")
