"""Delimited text: pyarrow reads plain blocks; csv reads and explains all others."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr._wording import spelled
from skdiffuasr.datasets.blocks import BLOCK_SIZE, ReadBlocks, lines_of
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    Wanted,
    column_use,
    find_names,
    locate_columns,
)
from skdiffuasr.datasets.columns import Table

_LABELS = {"user": "the user id", "item": "the item id", "time": "the time"}

# Stands in for a separator that pyarrow does not take.
_STAND_IN = "\x1f"

_SLOW_ROWS = 2**16

# The first line of some spreadsheets' files.
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\w\s"]|\t)"?(?=[\r\n])', re.I)


class _Text(NamedTuple):
    """Delimited text, read in blocks as often as needed."""

    name: str
    read: ReadBlocks
    sep: str | None  # None for any run of blanks

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of the first line, fields) of the rows that are not blank."""
        lines = lines_of(self.read())
        if self.sep is None or len(self.sep) > 1:
            for number, line in enumerate(lines, start=1):
                if not line.isspace():
                    yield number, line.split(self.sep)
            return
        reader = csv.reader(
            lines, delimiter=self.sep, skipinitialspace=True, strict=True
        )
        number = 1
        try:
            for fields in reader:
                if fields not in ([], [""]):
                    yield number, fields
                number = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(f"{self.name}, line {number}: {error}.") from error

    def first_rows(self) -> list[tuple[int, list[str]]]:
        return list(islice(self.rows(), 1 + N_ROWS_COMPARED))


def text_table(
    read: ReadBlocks,
    source: str,
    columns: Wanted,
    *,
    sep: str | None = None,
    header: bool | None = None,
) -> Table:
    """Open delimited text that `read` reads in blocks; see `read_interactions`."""
    import_extra("pyarrow", "frames")
    if (named := _SEPARATOR_LINE.match(next(read(), b""))) is not None:
        read, sep = partial(_without_start, read, named[0]), sep or named[1].decode()
    text = _Text(source, read, _find_separator(read, source) if sep is None else sep)
    first_rows = text.first_rows()
    if not first_rows:
        raise ValueError(f"{source}: the file is empty.")
    names = find_names(first_rows, columns, header, source)
    positions = locate_columns(columns, names, source)
    n_names = int(names is not None)

    def where(role: str, row: int) -> str:
        line, _ = next(islice(text.rows(), n_names + row, None))
        return f"{source}, line {line}: {_LABELS.get(role, role)}"

    n_fields = len(first_rows[0][1])
    n_needed = max(positions.values()) + 1
    batches = partial(_read_batches, text, n_fields, n_needed, n_names)
    sample = dict(
        enumerate(zip(*(row for _, row in first_rows[n_names:]), strict=False))
    )
    use = column_use(positions, names or range(n_fields), sample)
    typed_names = None if names is None else list(map(str.strip, first_rows[0][1]))
    return Table(source, typed_names, positions, batches, where, use, False, text.sep)


def _without_start(read: ReadBlocks, start: bytes) -> Iterator[bytes]:
    """Yield blocks without the text they start with; the line stays, and is blank."""
    for block in read():
        yield block.removeprefix(start)
        start = b""


def _find_separator(read: ReadBlocks, source: str) -> str | None:
    """Return what separates the fields of the first line; None for blanks."""
    first_line = next((line for line in lines_of(read()) if line.strip()), "")
    marks = [mark for mark in "\t,;" if mark in first_line]
    if marks == [",", ";"]:
        marks = [mark for mark in marks if _splits_evenly(_Text(source, read, mark))]
        if len(marks) != 1:
            raise ValueError(
                f"{source}: the first line has commas and semicolons, and the first "
                "rows do not tell which of them separates; pass "
                f"{spelled('sep')}."
            )
    if not marks and len(first_line.split()) == 1:
        marks = [mark for mark in "|" if _splits_evenly(_Text(source, read, mark))]
    return marks[0] if marks else None


def _splits_evenly(text: _Text) -> bool:
    """Whether the first rows have the same number of fields, more than one."""
    try:
        counts = {len(fields) for _, fields in text.first_rows()}
    except ValueError:  # of quotes
        return False
    return len(counts) == 1 and counts != {1}


def _read_batches(
    text: _Text, n_fields: int, n_needed: int, n_names: int, wanted: Collection[int]
) -> Iterator[dict[int, Any]]:
    """Yield columns of texts; after a block that is not plain, the slow way."""
    pyarrow = import_extra("pyarrow", "frames")
    n_read, block = 0, b""
    for more in text.read():
        block += more
        if block.count(b'"') % 2 and len(block) < 8 * BLOCK_SIZE:
            continue  # it ends within quotes
        table = _parse_plain(block, text.sep, n_fields, wanted)
        if table is None:
            break
        rows = table.slice(max(n_names - n_read, 0))
        n_read += table.num_rows
        yield {
            position: rows.column(str(position)).combine_chunks() for position in wanted
        }
        block = b""
    if not block:
        return
    rows = islice(text.rows(), max(n_read, n_names), None)
    checked = _checked(rows, n_fields, n_needed, text.name)
    while batch := list(islice(checked, _SLOW_ROWS)):
        yield {
            position: pyarrow.array(
                [
                    fields[position] if position < len(fields) else ""
                    for fields in batch
                ],
                "string",
            )
            for position in wanted
        }


def _parse_plain(
    block: bytes, sep: str | None, n_fields: int, positions: Collection[int]
) -> Any | None:
    """Return the columns of a block as a table, or None if csv is to read it."""
    has_quotes = sep is not None and len(sep) == 1 and b'"' in block
    if sep is None:
        is_plain, sep = _has_single_blanks(block), " "
    elif len(sep) == 1 and sep.isascii():
        has_runs = sep == " " and b"  " in block  # csv skips blanks before a field
        is_plain = not has_runs and (not has_quotes or _is_well_quoted(block, sep))
    else:
        is_odd = has_quotes or _STAND_IN.encode() in block
        is_plain = not is_odd and not sep.isspace()  # csv skips a blank line
        block, sep = block.replace(sep.encode(), _STAND_IN.encode()), _STAND_IN
    if not is_plain or max(positions) >= n_fields:
        return None
    pyarrow = import_extra("pyarrow", "frames")
    arrow_csv = import_extra("pyarrow.csv", "frames")
    names = [str(position) for position in range(n_fields)]
    try:
        return arrow_csv.read_csv(
            pyarrow.py_buffer(block),
            arrow_csv.ReadOptions(
                use_threads=False, block_size=len(block) + 1, column_names=names
            ),
            arrow_csv.ParseOptions(
                delimiter=sep,
                quote_char='"' if has_quotes else False,
                newlines_in_values=has_quotes,
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


def _has_single_blanks(block: bytes) -> bool:
    """Whether one blank separates two fields, and none stands at the ends of lines."""
    block = b"\n" + block.replace(b"\r\n", b"\n").removesuffix(b"\n")
    characters = np.frombuffer(block, np.uint8)
    is_blank = characters <= ord(" ")
    is_usual = (characters == ord(" ")) | (characters == ord("\n"))
    has_runs = (is_blank[1:] & is_blank[:-1]).any()
    return block.isascii() and not has_runs and np.array_equal(is_blank, is_usual)


def _is_well_quoted(block: bytes, sep: str) -> bool:
    """Whether quotes stand at the ends of fields, where csv and pyarrow agree."""
    characters = np.frombuffer(b"\n" + block + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(characters == ord('"'))
    # Opening and closing quotes take turns; a doubled one closes and opens again.
    around = characters[np.concatenate((quotes[::2] - 1, quotes[1::2] + 1))]
    is_edge = np.isin(around, list(f'{sep}"\r\n'.encode()))
    return len(quotes) % 2 == 0 and bool(is_edge.all())


def _checked(
    rows: Iterable[tuple[int, list[str]]], n_fields: int, n_needed: int, source: str
) -> Iterator[list[str]]:
    """Yield the fields of rows; a row may lack those at its end, or have empty ones."""
    for line, fields in rows:
        reason = None
        if len(fields) > n_fields and any(map(str.strip, fields[n_fields:])):
            reason = (
                f"but the first line has {n_fields}; a field that holds a separator "
                "takes quotes around it"
            )
        elif len(fields) < n_needed:
            reason = f"at least {n_needed} are needed"
            if len(fields) == 1:
                reason += f"; {spelled('sep')} says what separates them"
        if reason:
            n_found = f"{len(fields)} field{'s' * (len(fields) != 1)}"
            raise ValueError(f"{source}, line {line}: {n_found}, {reason}.")
        yield fields
