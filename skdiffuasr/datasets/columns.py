"""Columns of a file, as Arrow reads them, to ids, times and marks of pseudo items."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.column_names import ColumnUse
from skdiffuasr.datasets.dates import DateForm
from skdiffuasr.datasets.texts import as_integers, text_flags, text_ids, text_times
from skdiffuasr.sequences.ids import as_ids, show
from skdiffuasr.sequences.table import as_flags
from skdiffuasr.sequences.time_zones import zone_of
from skdiffuasr.sequences.times import as_times

#: Columns by name.
Columns = Mapping[str, npt.NDArray[Any]]

_IDS = ("user", "item")
TEXTS = ("string", "large_string", "string_view")
_KINDS = {"i": "integers", "U": "strings"}


@dataclass
class Table:
    """The columns of a file, some with a role: user, item, perhaps time, is_pseudo...

    `read(positions)` yields batches of rows, columns by position: Arrow arrays, or
    lists of objects that Arrow has no common type for. `where(role, row)` names a row
    in an error message. If the file has no types, ids are integers if all of a column
    look like it.
    """

    source: str
    names: list[str] | None  # of all columns, as the file has them
    positions: dict[str, int]  # of the columns with a role
    read: Callable[[Collection[int]], Iterator[dict[int, Any]]]
    where: Callable[[str, int], str]
    use: ColumnUse
    is_typed: bool
    sep: str | None = None  # of delimited text
    dates: DateForm = field(default_factory=DateForm)

    def read_roles(self) -> Iterator[dict[str, Any]]:
        """Yield batches of the columns with a role, by role."""
        for batch in self.read(set(self.positions.values())):
            yield {role: batch[position] for role, position in self.positions.items()}


def read_whole(table: Table) -> dict[str, npt.NDArray[Any]]:
    """Read all rows; raise TypeError or ValueError naming a row that cannot be read."""
    parts = list(read_parts(table, sys.maxsize, _IDS if table.is_typed else ()))
    pool = import_extra("pyarrow", "frames").default_memory_pool()
    columns = {}
    for role in list(parts[0]):
        pool.release_unused()  # of the parser, then of the parts of the last column
        columns[role] = _join(role, [part.pop(role) for part in parts], table)
    pool.release_unused()
    return columns


def read_parts(
    table: Table, n_rows: int, fixed: tuple[str, ...] = (*_IDS, "time")
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Read some rows at a time; the fixed columns stay of the kind they begin as."""
    n_read = 0
    kinds: dict[str, str] = {}
    for batch in table.read_roles():
        n_batch = len(batch["user"])
        for start in range(0, n_batch, n_rows):
            part = {}
            for role, column in batch.items():
                rows = column[start : start + n_rows]
                kind = kinds.get(role)
                part[role] = _convert(role, rows, table, n_read + start, kind)
            kinds = {role: part[role].dtype.kind for role in part if role in fixed}
            yield part
        n_read += n_batch
    if not n_read:
        raise ValueError(f"{table.source}: the file holds no interactions.")


def _join(role: str, parts: list[npt.NDArray[Any]], table: Table) -> npt.NDArray[Any]:
    """Join the parts of a column; the whole column decides its kind."""
    if len({part.dtype.kind for part in parts}) == 1:
        return np.concatenate(parts)
    if role in _IDS:
        return np.concatenate([np.array([str(id) for id in part]) for part in parts])
    values = [value for batch in table.read_roles() for value in _as_list(batch[role])]
    return as_times(values, lambda row: table.where(role, row), f"the {role}s")


def _convert(
    role: str, column: Any, table: Table, first_row: int, kind: str | None
) -> npt.NDArray[Any]:
    """Return the part of a column that begins at `first_row` as an array.

    `kind` is that of the rows before it, if it is to be the same.
    """

    def where(row: int) -> str:
        return table.where(role, first_row + row)

    if getattr(column, "null_count", 0):
        row = int(np.asarray(column.is_null()).argmax())
        raise ValueError(f"{where(row)} is missing; drop such rows first.")
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    is_text = str(getattr(column, "type", None)) in TEXTS
    if is_text:
        column = column.cast("string")
    if role == "is_pseudo" and not table.is_typed:
        return text_flags(column, where)
    if role == "is_pseudo":
        return as_flags(column, where, "is_pseudo")
    if role in ("time", "rating"):
        form = table.dates if role == "time" else DateForm()
        if isinstance(column, list) and all(isinstance(text, str) for text in column):
            column = import_extra("pyarrow", "frames").array(column)
            is_text = True
        elif form.time_format is not None and "int" in str(getattr(column, "type", "")):
            column, is_text = column.cast("string"), True
        if is_text:
            return text_times(column, where, kind, form)
        form.zones.add(zone_of(column))
        return as_times(column, where, f"the {role}s", kind)
    if is_text:
        may_be_integers = not table.is_typed and kind != "U"
        ids = text_ids(column, where, table.is_typed, may_be_integers)
    else:
        ids = as_ids(column, "ids", where)
    if kind not in (None, ids.dtype.kind):
        row = 0 if table.is_typed else _first_text(ids)
        error = TypeError if table.is_typed else ValueError
        remedy = "make them of one type" if table.is_typed else "Parquet has types"
        raise error(
            f"{where(row)} is {show(ids[row].item())}, but the ids before it are "
            f"{_KINDS[kind]}; {remedy}."
        )
    return ids


def _first_text(ids: IdArray) -> int:
    """Return the row of the first id that does not look like an integer."""
    array = import_extra("pyarrow", "frames").array
    return next(row for row, id in enumerate(ids) if as_integers(array([id])) is None)


def _as_list(column: Any) -> list[Any]:
    return column if isinstance(column, list) else column.to_pylist()
