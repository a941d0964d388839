"""Logs with one JSON object or Python dictionary per line."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr.datasets.blocks import ReadBlocks, lines_of
from skdiffuasr.datasets.column_names import Wanted, column_use, locate_columns
from skdiffuasr.datasets.columns import Table

# Arrow's types of what the first line has; others take the slow way.
_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


def json_table(
    read: ReadBlocks,
    source: str,
    columns: Wanted,
    *,
    parse: Callable[[str], Any] = json.loads,
) -> Table:
    """Open a log whose lines are objects, which `read` reads in blocks.

    Blank lines are skipped. pyarrow parses the blocks if `parse` is the default.
    """
    pyarrow = import_extra("pyarrow", "frames")

    def parse_line(row: int, line: str) -> dict[str, Any]:
        """Return an object that has the fields known so far."""
        try:
            record = parse(line)
            missing = next(
                (name for name in fields.values() if name not in record), None
            )
            if missing is not None:
                raise KeyError(missing)
            return dict(record.items())
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as err:
            number = _line_number(read(), row)
            raise ValueError(f"{source}, line {number}: {_reason(err)}.") from err

    def where(role: str, row: int) -> str:
        return f"{source}, line {_line_number(read(), row)}: {fields[role]}"

    def batches(wanted: Collection[int]) -> Iterator[dict[int, Any]]:
        n_read = 0
        types = {names[k]: _TYPES.get(type(first[names[k]])) for k in wanted}
        is_plain = parse is json.loads and None not in types.values()
        schema = pyarrow.schema(types) if is_plain else None
        for block in read():
            table = _parse_plain(block, schema) if schema else None
            if table is None:
                lines = enumerate(_lines([block]), start=n_read)
                records = [parse_line(row, line) for row, line in lines]
                table = {name: [each.get(name) for each in records] for name in types}
            yield {k: table[names[k]] for k in wanted}
            n_read += len(table[fields["user"]])

    fields: dict[str, str] = {}  # names by role
    first_line = next(_lines(read()), None)
    if first_line is None:
        raise ValueError(f"{source}: there are no interactions.")
    first = parse_line(0, first_line)
    names = list(first)
    positions = locate_columns(columns, names, source)
    fields |= {role: names[position] for role, position in positions.items()}
    sample = {k: [str(value)] for k, value in enumerate(first.values())}
    use = column_use(positions, names, sample)
    return Table(source, names, positions, batches, where, use, is_typed=True)


def _parse_plain(block: bytes, schema: Any) -> dict[str, Any] | None:
    """Return the columns of a block, or None if the slow way is to read or explain."""
    pyarrow = import_extra("pyarrow", "frames")
    arrow_json = import_extra("pyarrow.json", "frames")
    try:
        table = arrow_json.read_json(
            pyarrow.py_buffer(block),
            arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            arrow_json.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    # Arrow takes objects on one line, or of several lines, and makes nulls of gaps.
    is_end = np.frombuffer(block, np.uint8) == ord("\n")
    n_lines = int(np.count_nonzero(is_end)) + int(not is_end[-1])
    if table.num_rows != n_lines:
        n_lines = sum(1 for _ in _lines([block]))
    columns = {name: table.column(name).combine_chunks() for name in schema.names}
    has_gaps = any(column.null_count for column in columns.values())
    return None if has_gaps or table.num_rows != n_lines else columns


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    return (line for line in lines_of(blocks) if not line.isspace())


def _line_number(blocks: Iterable[bytes], row: int) -> int:
    """Return the number of a line, given how many that are not blank precede it."""
    lines = enumerate(lines_of(blocks), start=1)
    return next(islice((n for n, line in lines if not line.isspace()), row, None))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, AttributeError | TypeError):
        return "it holds no object; every line is to hold one"
    return f"{error}; every line is to hold an object"
