"""Delimited text files, read a batch of rows at a time."""

import csv
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._files import open_text
from skdiffuasr._times import as_times
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    RECBOLE_TYPE,
    has_header,
    locate_columns,
    looks_like_names,
)


def text_batches(
    path: Path,
    columns: Mapping[str, str | int | None],
    *,
    sep: str | None = None,
    header: bool | None = None,
    n_rows: int | None = None,
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Yield the columns of a batch of rows after the other.

    Parameters
    ----------
    path : Path
        The file, perhaps compressed.
    columns : mapping of "user", "item" and "time" to str, int or None
        See `read_interactions`.
    sep : str, default=None
        See `read_interactions`.
    header : bool, default=None
        See `read_interactions`.
    n_rows : int, default=None
        Rows of a batch; the last has fewer. None puts all into one.

    Yields
    ------
    batch : dict of str to ndarray
        Columns user, item and, if there are times, time. The ids of the first batch
        decide whether a column is one of integers or of strings.

    Raises
    ------
    ValueError
        See `read_interactions`; or if a later batch has an id that is no integer in a
        column of integers.
    """
    # A byte order mark is no part of the text.
    with open_text(path, encoding="utf-8-sig") as file:
        first_line = next((line for line in file if line.strip()), "")
    if sep is None:
        sep = next((mark for mark in "\t,;" if mark in first_line), None)

    with open_text(path, encoding="utf-8-sig", newline="") as file:
        rows = _split_lines(file, sep, path)
        first_rows = list(islice(rows, 1 + N_ROWS_COMPARED))
        if not first_rows:
            raise ValueError(f"{path}: the file is empty.")
        (line, first_row), *others = first_rows
        names = None
        if has_header(first_row, list(columns.values()), header):
            names = [RECBOLE_TYPE.sub("", name.strip()) for name in first_row]
            rows = chain(others, rows)
        else:
            if header is None and looks_like_names([row for _, row in first_rows]):
                raise ValueError(
                    f"{path}, line {line}: {first_row} looks like names of columns, "
                    "but none is known; say which are user and item, or pass "
                    "header=False if the line is an interaction."
                )
            rows = chain(first_rows, rows)
        positions = locate_columns(columns, names, path)
        kinds: dict[str, str] = {}
        while True:
            lines, fields = _read_columns(
                islice(rows, n_rows), list(positions.values()), path
            )
            if not lines:
                break
            texts = dict(zip(positions, fields, strict=True))
            batch: dict[str, npt.NDArray[Any]] = {}
            for role in ("user", "item"):
                batch[role] = _parse_ids(
                    texts[role], role, lines, path, kinds.get(role)
                )
                kinds[role] = batch[role].dtype.kind
            if "time" in texts:
                batch["time"] = _as_times(texts["time"], lines, path)
            yield batch
        if not kinds:
            raise ValueError(f"{path}: the file holds a header and no interactions.")


def _split_lines(
    lines: Iterable[str], sep: str | None, path: Path
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, fields) of the rows that are not blank.

    A quoted field may have line breaks; the number is that of the row's first line.
    """
    if sep is not None and len(sep) == 1:
        reader = csv.reader(lines, delimiter=sep, skipinitialspace=True, strict=True)
        number = 1
        try:
            for fields in reader:
                if fields not in ([], [""]):
                    yield number, fields
                number = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(f"{path}, line {number}: {error}.") from error
    else:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                yield number, line.split(sep)


def _read_columns(
    rows: Iterable[tuple[int, list[str]]], positions: list[int], path: Path
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
    return lines, [texts[column :: len(positions)] for column in range(len(positions))]


def _parse_ids(
    texts: Sequence[str], role: str, lines: list[int], path: Path, kind: str | None
) -> IdArray:
    """Return integers if all texts are what these integers look like.

    `kind` is that of the ids before these, and these become the same.
    """
    ids = np.char.strip(np.array(texts))
    missing = np.flatnonzero(ids == "")
    if missing.size:
        raise ValueError(f"{path}, line {lines[missing[0]]}: the {role} id is empty.")
    has_break = (np.char.find(ids, "\n") >= 0) | (np.char.find(ids, "\r") >= 0)
    if has_break.any():
        row = int(has_break.argmax())
        raise ValueError(
            f"{path}, line {lines[row]}: the {role} id {reprlib.repr(texts[row])} has "
            "a line break in it; a quote may be missing."
        )
    if kind == "U":
        return ids
    if _are_integers(ids):
        return ids.astype(np.int64)
    if kind is None:
        return ids
    row = next(row for row in range(len(ids)) if not _are_integers(ids[row : row + 1]))
    raise ValueError(
        f"{path}, line {lines[row]}: the {role} id {texts[row]!r} is no integer as "
        "those before it are; a Parquet file says of which type its columns are."
    )


def _are_integers(ids: IdArray) -> bool:
    """Tell whether all texts are integers as Python writes them."""
    try:
        return np.array_equal(ids.astype(np.int64).astype(str), ids)
    except (ValueError, OverflowError):
        return False


def _as_times(
    texts: Sequence[str], lines: list[int], path: Path
) -> npt.NDArray[np.generic]:
    """Return times; errors name the line."""
    return as_times(
        list(texts), lambda row: f"{path}, line {lines[row]}: the time", "the times"
    )
