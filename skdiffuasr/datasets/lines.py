"""Lines of a text file, and one error for what is none."""

import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path

from skdiffuasr._files import COMPRESSIONS, open_text


def open_lines(
    path: Path, *, encoding: str = "utf-8", newline: str | None = None
) -> Iterator[str]:
    """Read the lines of a text file, which may be compressed.

    Parameters
    ----------
    path : Path
        The file; ``.gz``, ``.bz2`` and ``.xz`` are compressed.
    encoding : {"utf-8", "utf-8-sig"}, default="utf-8"
        The latter passes over a byte order mark.
    newline : str or None, default=None
        As `open` takes it.

    Yields
    ------
    line : str

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is cut short, not compressed as its ending says, or no UTF-8 text; the
        message names the line that is none.
    """
    try:
        with open_text(path, encoding=encoding, newline=newline) as file:
            yield from file
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
        # Of the content, which is not compressed as the ending says.
        raise ValueError(f"{path} cannot be read: {error}.") from error


def _first_bad_line(path: Path) -> int:
    """Return the number of the first line that is no UTF-8 text."""
    opener = COMPRESSIONS.get(path.suffix, open)
    with opener(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{path} has changed while it was read.")
