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

from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    RECBOLE_TYPE,
    has_header,
    locate_columns,
    looks_like_names,
)
from skdiffuasr.datasets.lines import open_lines
from skdiffuasr.sequences.times import as_times

_FLAGS = {"0": False, "1": True, "false": False, "true": True}


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
    columns : mapping of "user", "item", "time" and "is_pseudo" to str, int or None
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
        Columns user, item and, where they are there, time and is_pseudo. The ids of the
        first batch decide whether a column is one of integers or of strings, and its
        times whether all are integers, numbers or dates.

    Raises
    ------
    ValueError
        See `read_interactions`; or if a later batch has an id that is no integer in a
        column of integers, or a time of another kind.
    """
    if sep is None:
        sep = _find_separator(path)
    rows = _split_lines(_lines(path), sep, path)
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
            are_known = None not in (columns["user"], columns["item"])
            remedy = (
                "pass header=True, or --header on the command line"
                if are_known
                else "say which are user and item"
            )
            raise ValueError(
                f"{path}, line {line}: {first_row} looks like names of columns, but "
                f"none is known; {remedy}; or pass header=False, or --no-header, if "
                "the line is an interaction."
            )
        rows = chain(first_rows, rows)
    positions = locate_columns(columns, names, path)
    kinds: dict[str, str] = {}
    while True:
        lines, fields = _read_columns(
            islice(rows, n_rows), list(positions.values()), len(first_row), path
        )
        if not lines:
            break
        texts = dict(zip(positions, fields, strict=True))
        batch: dict[str, npt.NDArray[Any]] = {}
        for role in ("user", "item"):
            batch[role] = _parse_ids(texts[role], role, lines, path, kinds.get(role))
        if "time" in texts:
            batch["time"] = _as_times(texts["time"], lines, path, kinds.get("time"))
        kinds = {role: column.dtype.kind for role, column in batch.items()}
        if "is_pseudo" in texts:
            batch["is_pseudo"] = _as_flags(texts["is_pseudo"], lines, path)
        yield batch
    if not kinds:
        raise ValueError(f"{path}: the file holds a header and no interactions.")


def _lines(path: Path) -> Iterator[str]:
    # A byte order mark is no part of the text.
    return open_lines(path, encoding="utf-8-sig", newline="")


def _find_separator(path: Path) -> str | None:
    """Return what separates the fields of the first line; None for blanks."""
    first_line = next((line for line in _lines(path) if line.strip()), "")
    marks = [mark for mark in "\t,;" if mark in first_line]
    if "\t" in marks or len(marks) < 2:
        return marks[0] if marks else None
    fitting = [mark for mark in marks if _splits_evenly(path, mark)]
    if len(fitting) != 1:
        raise ValueError(
            f"{path}: the first line has commas and semicolons, and the first rows do "
            "not tell which of them separates; pass sep, or --sep on the command line."
        )
    return fitting[0]


def _splits_evenly(path: Path, sep: str) -> bool:
    """Tell whether the first rows have the same number of fields, more than one."""
    rows = islice(_split_lines(_lines(path), sep, path), 1 + N_ROWS_COMPARED)
    try:
        counts = {len(fields) for _, fields in rows}
    except ValueError:  # of quotes
        return False
    return len(counts) == 1 and counts != {1}


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
    rows: Iterable[tuple[int, list[str]]],
    positions: list[int],
    n_fields: int,
    path: Path,
) -> tuple[list[int], list[Sequence[str]]]:
    """Return the line numbers and the fields at the given positions.

    A row has `n_fields` and empty ones behind them at most.
    """
    pick = itemgetter(*positions)
    lines: list[int] = []
    texts: list[str] = []
    for line, fields in rows:
        if len(fields) > n_fields and any(map(str.strip, fields[n_fields:])):
            raise ValueError(
                f"{path}, line {line}: {len(fields)} fields, but the first line has "
                f"{n_fields}; a field that holds a separator takes quotes around it."
            )
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
    for row, text in enumerate(texts):
        if text.endswith("\0"):
            raise ValueError(
                f"{path}, line {lines[row]}: the {role} id is {text!r}, but NumPy "
                "loses NUL characters at the end of a string; remove them."
            )
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
    texts: Sequence[str], lines: list[int], path: Path, kind: str | None
) -> npt.NDArray[np.generic]:
    """Return times, of the kind of those before; errors name the line."""
    return as_times(
        list(texts),
        lambda row: f"{path}, line {lines[row]}: the time",
        "the times",
        kind,
    )


def _as_flags(
    texts: Sequence[str], lines: list[int], path: Path
) -> npt.NDArray[np.bool_]:
    """Return which items are pseudo items; errors name the line."""
    flags = [_FLAGS.get(text.strip().lower()) for text in texts]
    if None in flags:
        row = flags.index(None)
        raise ValueError(
            f"{path}, line {lines[row]}: is_pseudo is {texts[row]!r}; accepted are 0 "
            "and 1, or false and true."
        )
    return np.array(flags, dtype=bool)
