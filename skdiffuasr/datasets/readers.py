"""Read interaction logs from files."""

import bz2
import csv
import gzip
import lzma
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from skdiffuasr._times import as_times
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.column_names import (
    RECBOLE_TYPE,
    has_header,
    locate_columns,
)
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.parquet import read_parquet

_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}


def read_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    sep: str | None = None,
    header: bool | None = None,
) -> Interactions:
    r"""Read a log of interactions from a delimited text file, or from Parquet.

    Comma, semicolon and tab separated values, text separated by blanks (``user item``)
    and RecBole's ``.inter`` files are recognised by their first line. Files that end in
    ``.gz``, ``.bz2`` or ``.xz`` are decompressed. The text is UTF-8; blank lines are
    skipped. Files that end in ``.parquet`` need pyarrow.

    Parameters
    ----------
    path : str or path-like
        The file.
    user, item : str, int or None, default=None
        Column of the user and the item ids, by name or by position from 0. None
        looks for ``user`` or ``user_id`` (``item`` or ``item_id``) in the header,
        whatever the letter case and underscores (``userId`` is found too). Files
        without a header have them at positions 0 and 1.
    time : str, int or None, default=None
        Column of the times. None looks for ``time`` or ``timestamp`` in the header in
        the same way, and reads no times if there is none, or if there is no header.
    sep : str, default=None
        What separates two fields. None takes the first of tab, comma and semicolon
        that the first line has, and otherwise any run of blanks.
    header : bool, default=None
        Whether the first line names the columns. None means that it does if a
        column is given by name or if it has one of the names above.

    Returns
    -------
    interactions : Interactions
        Ids are int64 if every id of the column is an integer written the canonical
        way, and strings otherwise: ``007`` and ``+7`` are not the id 7. Blanks
        around ids are dropped. Times are
        int64, float64 or, for ISO 8601 dates, datetime64 in microseconds (UTC if they
        have an offset).

    Raises
    ------
    ValueError
        If the file holds no interactions, lacks a column, or has a line with too few
        fields, an empty id or a time that cannot be read. The message names the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr.datasets import read_interactions
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.inter")
    ...     _ = path.write_text(
    ...         "user_id:token\titem_id:token\ttimestamp:float\n"
    ...         "u1\t31\t1.5\n"
    ...         "u1\t17\t2.5\n"
    ...     )
    ...     read_interactions(path)
    Interactions(n=2, n_users=1, n_items=2, time=1.5..2.5)
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return read_parquet(path, {"user": user, "item": item, "time": time})
    with _open_text(path) as file:
        first_line = next((line for line in file if line.strip()), "")
    if sep is None:
        sep = next((mark for mark in "\t,;" if mark in first_line), None)

    with _open_text(path) as file:
        rows = _split_lines(file, sep, path)
        first_row = next(rows, None)
        if first_row is None:
            raise ValueError(f"{path}: the file is empty.")
        names = None
        if has_header(first_row[1], (user, item, time), header):
            names = [RECBOLE_TYPE.sub("", name.strip()) for name in first_row[1]]
        else:
            rows = chain([first_row], rows)
        columns = locate_columns(
            {"user": user, "item": item, "time": time}, names, path
        )
        lines, fields = _read_columns(rows, list(columns.values()), path)
    texts = dict(zip(columns, fields, strict=True))
    return Interactions(
        user=_parse_ids(texts["user"], "user", lines, path),
        item=_parse_ids(texts["item"], "item", lines, path),
        time=None if "time" not in texts else _as_times(texts["time"], lines, path),
    )


def _open_text(path: Path) -> TextIO:
    """Open a file that may be compressed; a byte order mark is no part of the text."""
    opener = _OPENERS.get(path.suffix, open)
    file: TextIO = opener(path, "rt", encoding="utf-8-sig", newline="")
    return file


def _split_lines(
    lines: Iterable[str], sep: str | None, path: Path
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, fields) of the lines that are not blank."""
    if sep is not None and len(sep) == 1:
        reader = csv.reader(lines, delimiter=sep, skipinitialspace=True)
        try:
            for fields in reader:
                if fields not in ([], [""]):
                    yield reader.line_num, fields
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}.") from error
    else:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                yield number, line.split(sep)


def _read_columns(
    rows: Iterator[tuple[int, list[str]]], positions: list[int], path: Path
) -> tuple[list[int], list[Sequence[str]]]:
    """Return the line numbers and the fields at the given positions."""
    pick = itemgetter(*positions)
    lines: list[int] = []
    texts: list[str] = []
    for line, fields in rows:
        try:
            texts.extend(pick(fields))
        except IndexError:
            raise ValueError(
                f"{path}, line {line}: {len(fields)} fields, at least "
                f"{max(positions) + 1} are needed."
            ) from None
        lines.append(line)
    if not lines:
        raise ValueError(f"{path}: the file holds a header and no interactions.")
    return lines, [texts[column :: len(positions)] for column in range(len(positions))]


def _parse_ids(
    texts: Sequence[str], role: str, lines: list[int], path: Path
) -> IdArray:
    """Return integers if all texts are what these integers look like."""
    ids = np.char.strip(np.array(texts))
    missing = np.flatnonzero(ids == "")
    if missing.size:
        raise ValueError(f"{path}, line {lines[missing[0]]}: the {role} id is empty.")
    try:
        integers = ids.astype(np.int64)
    except (ValueError, OverflowError):
        return ids
    return integers if np.array_equal(integers.astype(str), ids) else ids


def _as_times(
    texts: Sequence[str], lines: list[int], path: Path
) -> npt.NDArray[np.generic]:
    """Return times; errors name the line."""
    return as_times(
        list(texts), lambda row: f"{path}, line {lines[row]}: the time", "the times"
    )
