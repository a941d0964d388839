"""Parquet files, read and written a batch of rows at a time."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing, replaced
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    Wanted,
    column_use,
    locate_columns,
)
from skdiffuasr.datasets.columns import Table
from skdiffuasr.sequences.conversion import arrow_array

_BATCH_ROWS = 2**18


def parquet_table(path: Path, columns: Wanted) -> Table:
    """Open a Parquet file; of its columns only those that are needed are read."""
    with _opened(path) as file:
        names = file.schema_arrow.names
        positions = locate_columns(columns, names, str(path))
        use = column_use(positions, names, _sample(file, positions))
    return Table(
        str(path),
        names,
        positions,
        partial(_read_batches, path, names),
        lambda role, row: f"{path}: the {role} of row {row}",
        use,
        is_typed=True,
    )


def _sample(file: Any, positions: dict[str, int]) -> dict[int, list[str]]:
    """Return the first values of the columns that may be times and are not read."""
    types = import_extra("pyarrow.types", "frames")
    may_be = {
        k: field.name
        for k, field in enumerate(file.schema_arrow)
        if "time" not in positions
        and k not in positions.values()
        and (types.is_integer(field.type) or types.is_temporal(field.type))
    }
    if not may_be:
        return {}
    first = next(
        file.iter_batches(N_ROWS_COMPARED, columns=list(may_be.values())), None
    )
    return {
        k: list(map(str, first.column(name).to_pylist())) if first else []
        for k, name in may_be.items()
    }


def _read_batches(
    path: Path, names: list[str], wanted: Collection[int]
) -> Iterator[dict[int, Any]]:
    is_whole = len(wanted) == len(names)  # a name may be there twice
    with _opened(path) as file:
        needed = None if is_whole else [names[k] for k in wanted]
        for batch in file.iter_batches(_BATCH_ROWS, columns=needed):
            yield {k: batch.column(k if is_whole else names[k]) for k in wanted}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file; what is wrong with it becomes a ValueError."""
    pyarrow = import_extra("pyarrow", "frames")
    parquet = import_extra("pyarrow.parquet", "frames")
    try:
        # Buffered beforehand, all that was read would be kept until the end.
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path} cannot be read as Parquet: {reason}") from error


@contextmanager
def parquet_writer(
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    time_zone: str | None = None,
) -> Iterator[Callable[[Any], None]]:
    """Yield a function that writes some rows; the file is there once all are written.

    Rows are columns by name or an Arrow table, of the same names and types each time.
    The column time of the former gets the zone.
    """
    pyarrow = import_extra("pyarrow", "frames")
    parquet = import_extra("pyarrow.parquet", "frames")
    refuse_existing(path, overwrite)
    writer: Any = None
    with replaced(path) as temporary:

        def write(columns: Any) -> None:
            nonlocal writer
            table = columns
            if not isinstance(columns, pyarrow.Table):
                table = pyarrow.table(
                    {
                        name: arrow_array(values, time_zone if name == "time" else None)
                        for name, values in columns.items()
                    }
                )
            if writer is None:
                writer = parquet.ParquetWriter(temporary, table.schema)
            writer.write_table(table)

        try:
            yield write
        finally:
            if writer is not None:
                writer.close()
