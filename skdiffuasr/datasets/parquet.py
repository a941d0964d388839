"""Parquet files, read and written a batch of rows at a time."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing, replaced
from skdiffuasr.datasets.column_names import locate_columns
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.whole_users import Columns
from skdiffuasr.sequences.arrow import to_arrow
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.table import as_flags
from skdiffuasr.sequences.times import as_times

#: Rows of a file that are read at a time.
BATCH_ROWS = 2**18


def read_parquet(path: Path, columns: Mapping[str, str | int | None]) -> Interactions:
    """Read a log; of the file only the columns that are needed.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of "user", "item", "time" and "is_pseudo" to str, int or None
        See `read_interactions`.

    Returns
    -------
    interactions : Interactions

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is no Parquet file, holds no interactions or lacks a column, or an
        id, a time or a mark of a pseudo item is missing or cannot be read.
    """
    batches = list(_arrow_batches(path, columns))
    if not batches:
        raise ValueError(f"{path}: the file holds no interactions.")
    pyarrow = import_extra("pyarrow", "frames")
    whole = {
        name: pyarrow.chunked_array([batch[name] for batch in batches])
        for name in batches[0]
    }
    return Interactions(
        **{
            name: _checked(column.unify_dictionaries().combine_chunks(), path, name)
            for name, column in whole.items()
        }
    )


def parquet_batches(
    path: Path, columns: Mapping[str, str | int | None], n_rows: int
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Read the columns of a log a batch of rows at a time.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of "user", "item", "time" and "is_pseudo" to str, int or None
        See `read_interactions`.
    n_rows : int
        Largest number of rows of a batch.

    Yields
    ------
    batch : dict of str to ndarray
        Columns by "user", "item" and perhaps "time" and "is_pseudo". Times that are
        texts are of the kind of those of the first batch.

    Raises
    ------
    ImportError, ValueError
        See `read_parquet`.
    """
    n_read = 0
    kind = None  # of the times of the first batch
    for batch in _arrow_batches(path, columns, n_rows):
        checked = {
            name: _checked(column, path, name, n_read, kind)
            for name, column in batch.items()
        }
        n_read += len(checked["user"])
        if "time" in checked:
            kind = checked["time"].dtype.kind
        yield checked


@contextmanager
def parquet_writer(
    path: str | os.PathLike[str], *, overwrite: bool = False
) -> Iterator[Callable[[Columns], None]]:
    """Write a table part by part; the file is there once all parts are.

    Parameters
    ----------
    path : str or path-like
        The file.
    overwrite : bool, default=False
        Whether it may exist.

    Yields
    ------
    write : callable(columns) -> None
        Takes a mapping of names to arrays of one length, with the same names and types
        each time.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    OSError
        If the file exists and must not be overwritten, or cannot be written.
    """
    pyarrow = import_extra("pyarrow", "frames")
    parquet = import_extra("pyarrow.parquet", "frames")
    refuse_existing(path, overwrite)
    writer: Any = None
    with replaced(path) as temporary:

        def write(columns: Columns) -> None:
            nonlocal writer
            table = pyarrow.table(
                {name: to_arrow(values) for name, values in columns.items()}
            )
            if writer is None:
                writer = parquet.ParquetWriter(temporary, table.schema)
            writer.write_table(table)

        try:
            yield write
        finally:
            if writer is not None:
                writer.close()


def _arrow_batches(
    path: Path, columns: Mapping[str, str | int | None], n_rows: int = BATCH_ROWS
) -> Iterator[dict[str, Any]]:
    """Yield the Arrow columns of a batch of rows after the other; texts are coded."""
    pyarrow = import_extra("pyarrow", "frames")
    try:
        file = import_extra("pyarrow.parquet", "frames").ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} is no Parquet file: {error}") from error
    with file:
        names = file.schema_arrow.names
        found = {
            role: names[position]
            for role, position in locate_columns(columns, names, path).items()
        }
        n_read = 0
        for batch in file.iter_batches(n_rows, columns=list(found.values())):
            if batch.num_rows:
                yield {
                    role: _coded(batch.column(name), f"{path}: the {role}", n_read)
                    for role, name in found.items()
                }
            n_read += batch.num_rows


def _coded(column: Any, name: str, first_row: int) -> Any:
    """Check a column of a batch, and give each text that differs a code."""
    if column.null_count:
        row = first_row + int(column.is_null().to_numpy(zero_copy_only=False).argmax())
        raise ValueError(f"{name} of row {row} is missing; drop such rows first.")
    return column.dictionary_encode() if _is_text(column.type) else column


def _checked(
    column: Any, path: Path, role: str, first_row: int = 0, kind: str | None = None
) -> npt.NDArray[Any]:
    """Return an Arrow column as ids, times or marks of pseudo items."""
    values = _values(column, path, role)

    def where(row: int) -> str:
        return f"{path}: the {role} of row {first_row + row}"

    if role == "time":
        return as_times(values, where, f"{path}: the times", kind)
    if role == "is_pseudo":
        return as_flags(values, where, f"{path}: is_pseudo")
    return values


def _values(column: Any, path: Path, role: str) -> npt.NDArray[Any]:
    """Return an Arrow column as an array."""
    if not _is_text(column.type):
        values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return values
    texts = as_ids(column.dictionary, f"{path}: the {role}s that differ")
    return texts[column.indices.to_numpy(zero_copy_only=False)]


def _is_text(kind: Any) -> bool:
    types = import_extra("pyarrow.types", "frames")
    if types.is_dictionary(kind):
        kind = kind.value_type
    return str(kind) in ("string", "large_string", "string_view")
