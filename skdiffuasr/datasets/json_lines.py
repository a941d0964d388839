"""Logs with one JSON object or Python dictionary per line."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr.datasets.blocks import lines_of
from skdiffuasr.datasets.column_names import locate_columns
from skdiffuasr.datasets.columns import Columns, Table
from skdiffuasr.datasets.interactions import Interactions

# Arrow's types of what the first line has; others take the slow way.
_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


def json_table(
    read: Callable[[], Iterator[str]],
    source: str,
    columns: Mapping[str, str | int | None],
    *,
    parse: Callable[[str], Any] = json.loads,
) -> Table:
    """Open a log whose lines are objects; blank lines are skipped.

    Parameters
    ----------
    read : callable() -> iterator of str
        Reads the file in blocks of whole lines.
    source : str
        What error messages call the file.
    columns : mapping of "user", "item", "time" and others to str or None
        Names of the fields; None looks for the usual ones in the first line.
    parse : callable(str) -> dict, default=json.loads
        Parses a line; pyarrow reads the blocks if this is the default.

    Returns
    -------
    table : Table
        Its batches raise ValueError if a line cannot be parsed or lacks a field; the
        message names the line.
    """
    import_extra("pyarrow", "frames")
    lines = (line for line in lines_of(read()) if not line.isspace())
    first_line = next(lines, None)
    if first_line is None:
        raise ValueError(f"{source}: there are no interactions.")

    def where(role: str, row: int) -> str:
        return f"{source}, line {_line_number(read(), row)}: {fields[role]}"

    def parse_line(
        row: int, line: str, names: Iterable[str] | None = None
    ) -> dict[str, Any]:
        try:
            record = parse(line)
            names = list(record.keys()) if names is None else names
            return {name: record[name] for name in names}
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as err:
            number = _line_number(read(), row)
            raise ValueError(f"{source}, line {number}: {_reason(err)}.") from err

    first = parse_line(0, first_line)
    names = list(first)
    fields = {
        role: names[position]
        for role, position in locate_columns(columns, names, source).items()
    }
    types = {name: _TYPES.get(type(first[name])) for name in fields.values()}
    is_plain = parse is json.loads and None not in types.values()

    def batches() -> Iterator[dict[str, Any]]:
        n_read = 0
        for block in read():
            table = _parse_plain(block, types) if is_plain else None
            if table is None:
                lines = (line for line in lines_of([block]) if not line.isspace())
                records = [
                    parse_line(row, line, types)
                    for row, line in enumerate(lines, start=n_read)
                ]
                table = {name: [record[name] for record in records] for name in types}
            yield {role: table[name] for role, name in fields.items()}
            n_read += len(table[fields["user"]])

    return Table(source, batches(), where, is_typed=True)


def select_rows(
    columns: Columns, is_kept: npt.NDArray[np.bool_], source: str
) -> Interactions:
    """Keep some interactions of a file.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not is_kept.any():
        raise ValueError(f"{source}: there are no interactions.")
    rows: Any = slice(None) if is_kept.all() else is_kept  # a slice copies nothing
    return Interactions(*(columns[name][rows] for name in ("user", "item", "time")))


def _parse_plain(block: str, types: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the columns of a block, or None if the slow way is to read or explain."""
    pyarrow = import_extra("pyarrow", "frames")
    arrow_json = import_extra("pyarrow.json", "frames")
    data = block.encode()
    try:
        table = arrow_json.read_json(
            pyarrow.py_buffer(data),
            arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            arrow_json.ParseOptions(
                explicit_schema=pyarrow.schema(
                    [
                        (name, pyarrow.type_for_alias(kind))
                        for name, kind in types.items()
                    ]
                ),
                unexpected_field_behavior="ignore",
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    # Arrow takes objects on one line, or of several lines, and makes nulls of gaps.
    n_lines = block.count("\n") + (not block.endswith("\n"))
    if table.num_rows != n_lines:
        n_lines = sum(not line.isspace() for line in lines_of([block]))
    columns = {name: table.column(name).combine_chunks() for name in types}
    has_gaps = any(column.null_count for column in columns.values())
    return None if has_gaps or table.num_rows != n_lines else columns


def _line_number(blocks: Iterator[str], row: int) -> int:
    """Return the number of a line, given how many that are not blank precede it."""
    lines = enumerate(lines_of(blocks), start=1)
    numbers = (number for number, line in lines if not line.isspace())
    return next(islice(numbers, row, None))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error)
