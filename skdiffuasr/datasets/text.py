"""Delimited text files: pyarrow reads what is plain, and csv the rest and explains."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr.datasets.blocks import BLOCK_SIZE, lines_of, read_blocks
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    has_header,
    locate_columns,
    looks_like_names,
    without_type,
)
from skdiffuasr.datasets.columns import Table

_LABELS = {"user": "the user id", "item": "the item id", "time": "the time"}

# Stands in for a separator that pyarrow does not take.
_STAND_IN = "\x1f"
_BLANKS = re.compile(r"[^\S\r\n]+")
_BLANKS_AT_ENDS = re.compile(r" ?([\r\n]+) ?")
_ODD_BLANKS = ("  ", " \n", "\n ", " \r", "\r ", *"\t\v\f\x1c\x1d\x1e\x1f")

_SLOW_ROWS = 2**16


def text_table(
    path: Path,
    columns: Mapping[str, str | int | None],
    *,
    sep: str | None = None,
    header: bool | None = None,
) -> Table:
    """Open a text file; see `read_interactions`."""
    import_extra("pyarrow", "frames")
    if sep is None:
        sep = _find_separator(path)
    first_rows = list(islice(_split_rows(path, sep), 1 + N_ROWS_COMPARED))
    if not first_rows:
        raise ValueError(f"{path}: the file is empty.")
    names = _find_names(first_rows, columns, header, path)
    positions = locate_columns(columns, names, str(path))
    n_names = int(names is not None)

    def where(role: str, row: int) -> str:
        line, _ = next(islice(_split_rows(path, sep), n_names + row, None))
        return f"{path}, line {line}: {_LABELS.get(role, role)}"

    n_fields = len(first_rows[0][1])
    batches = _read_batches(path, sep, n_fields, positions, n_names)
    return Table(str(path), batches, where, is_typed=False)


def _find_separator(path: Path) -> str | None:
    """Return what separates the fields of the first line; None for blanks."""
    lines = lines_of(read_blocks(path))
    first_line = next((line for line in lines if line.strip()), "")
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
    """Whether the first rows have the same number of fields, more than one."""
    rows = islice(_split_rows(path, sep), 1 + N_ROWS_COMPARED)
    try:
        counts = {len(fields) for _, fields in rows}
    except ValueError:  # of quotes
        return False
    return len(counts) == 1 and counts != {1}


def _find_names(
    first_rows: list[tuple[int, list[str]]],
    columns: Mapping[str, str | int | None],
    header: bool | None,
    path: Path,
) -> list[str] | None:
    """Return the names of the columns if the first row has them."""
    line, first_row = first_rows[0]
    if has_header(first_row, list(columns.values()), header):
        return [without_type(name) for name in first_row]
    if header is None and looks_like_names([row for _, row in first_rows]):
        are_known = None not in (columns["user"], columns["item"])
        remedy = (
            "pass header=True, or --header on the command line"
            if are_known
            else "say which are user and item"
        )
        raise ValueError(
            f"{path}, line {line}: {first_row} looks like names of columns, but none "
            f"is known; {remedy}; or pass header=False, or --no-header, if the line is "
            "an interaction."
        )
    return None


def _read_batches(
    path: Path, sep: str | None, n_fields: int, positions: dict[str, int], n_names: int
) -> Iterator[dict[str, Any]]:
    """Yield columns of texts; after a block that is not plain, the slow way."""
    n_read = 0
    for block in _join_quoted(read_blocks(path)):
        table = _parse_plain(
            block, sep, n_fields, list(dict.fromkeys(positions.values()))
        )
        if table is None:
            break
        rows = table.slice(max(n_names - n_read, 0))
        n_read += table.num_rows
        yield {
            role: rows.column(str(position)).combine_chunks()
            for role, position in positions.items()
        }
    else:
        return
    pyarrow = import_extra("pyarrow", "frames")
    rows = islice(_split_rows(path, sep), max(n_read, n_names), None)
    texts = _pick_fields(rows, positions, n_fields, path)
    while batch := list(islice(texts, _SLOW_ROWS)):
        yield {
            role: pyarrow.array(column, pyarrow.string())
            for role, column in zip(positions, zip(*batch, strict=True), strict=True)
        }


def _join_quoted(blocks: Iterable[str]) -> Iterator[str]:
    """Join blocks that end within quotes to the next ones."""
    joined = ""
    for block in blocks:
        joined += block
        if joined.count('"') % 2 == 0 or len(joined) > 8 * BLOCK_SIZE:
            yield joined
            joined = ""
    if joined:
        yield joined


def _parse_plain(
    block: str, sep: str | None, n_fields: int, positions: list[int]
) -> Any | None:
    """Return the columns of a block as a table, or None if csv is to read it."""
    if max(positions) >= n_fields or (sep == " " and "  " in block):
        return None
    if sep is None:
        block = _with_single_blanks(block)
    elif sep != _STAND_IN and not (len(sep) == 1 and sep.isascii()):
        if _STAND_IN in block or (len(sep) == 1 and '"' in block):
            return None
        block = block.replace(sep, _STAND_IN)
    has_quotes = sep is not None and len(sep) == 1
    delimiter = " " if sep is None else sep if len(sep.encode()) == 1 else _STAND_IN
    data = block.encode()
    quote = _find_quote(data, delimiter) if has_quotes else False
    if quote is None:
        return None

    pyarrow = import_extra("pyarrow", "frames")
    arrow_csv = import_extra("pyarrow.csv", "frames")
    names = [str(position) for position in range(n_fields)]
    is_plain = True

    def skip_blank(row: Any) -> str:
        nonlocal is_plain
        is_plain = is_plain and row.text is not None and not row.text.strip()
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pyarrow.py_buffer(data),
            arrow_csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=names
            ),
            arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote,
                newlines_in_values=bool(quote),
                invalid_row_handler=skip_blank,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()),
                include_columns=[names[position] for position in positions],
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    return table if is_plain else None


def _with_single_blanks(block: str) -> str:
    """Return lines with one blank between two fields and none around them."""
    if block.isascii() and not any(blanks in block for blanks in _ODD_BLANKS):
        return block.removeprefix(" ")
    return _BLANKS_AT_ENDS.sub(r"\1", _BLANKS.sub(" ", block)).strip(" ")


def _find_quote(data: bytes, sep: str) -> str | bool | None:
    """Return the quote, False if none quotes, or None if csv and pyarrow may differ."""
    if b'"' not in data:
        return False
    characters = np.frombuffer(b"\n" + data + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(characters == ord('"'))
    before, after = characters[quotes - 1], characters[quotes + 1]
    is_edge = np.zeros(256, dtype=bool)
    is_edge[list(f"{sep}\r\n".encode())] = True
    is_edge_or_quote = is_edge.copy()
    is_edge_or_quote[ord('"')] = True
    # Opening and closing quotes take turns; a doubled one closes and opens again.
    opening, closing = is_edge_or_quote[before[::2]], is_edge_or_quote[after[1::2]]
    if len(quotes) % 2 == 0 and opening.all() and closing.all():
        return '"'
    is_edge[ord(" ")] = True
    return None if is_edge[before].any() else False


def _split_rows(path: Path, sep: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, fields) of the rows that are not blank.

    A quoted field may have line breaks; the number is that of the row's first line.
    """
    lines = lines_of(read_blocks(path))
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


def _pick_fields(
    rows: Iterable[tuple[int, list[str]]],
    positions: Mapping[str, int],
    n_fields: int,
    path: Path,
) -> Iterator[list[str]]:
    """Yield the fields at the given positions.

    A row has `n_fields` and empty ones behind them at most.
    """
    n_needed = max(positions.values()) + 1
    for line, fields in rows:
        if len(fields) > n_fields and any(map(str.strip, fields[n_fields:])):
            raise ValueError(
                f"{path}, line {line}: {len(fields)} fields, but the first line has "
                f"{n_fields}; a field that holds a separator takes quotes around it."
            )
        if len(fields) < n_needed:
            raise ValueError(
                f"{path}, line {line}: {len(fields)} fields, at least {n_needed} are "
                "needed."
            )
        yield [fields[position] for position in positions.values()]
