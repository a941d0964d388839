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
_UTF_32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")

_OTHER_FORMATS = {
    b"PK\x03\x04": "it is an Excel workbook or a zip archive; save it as CSV",
    b"\x1f\x8b": "it is compressed by gzip; let its name end in .gz",
    b"PAR1": "it is a Parquet file; let its name end in .parquet",
}


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
            start = file.peek(4)[:4]
            _refuse_other_formats(start, path)
            if encoding is None:
                encoding = _wide_encoding(start)
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


def _refuse_other_formats(start: bytes, path: Path) -> None:
    """Raise for a file that is not text and begins like others of its kind."""
    for mark, remedy in _OTHER_FORMATS.items():
        if start.startswith(mark):
            raise ValueError(f"{path} is not a text file: {remedy}.")


def _wide_encoding(start: bytes) -> str | None:
    """Return UTF-16 or UTF-32 if a file begins like it: with a mark, or with NULs."""
    if start in _UTF_32_MARKS:
        return "utf-32"
    if start[:2] in _UTF_16_MARKS:
        return "utf-16"
    is_nul = [byte == 0 for byte in start]
    if is_nul == [False, True] * 2:
        return "utf-16-le"
    return "utf-16-be" if is_nul == [True, False] * 2 else None


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
