"""Parquet files, read and written a batch of rows at a time."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._files import refuse_existing, replaced
from skdiffuasr._ingest import as_ids
from skdiffuasr.datasets.column_names import locate_columns
from skdiffuasr.datasets.interactions import Interactions

BATCH_ROWS = 2**18

Columns = Mapping[str, npt.NDArray[Any]]


def read_parquet(path: Path, columns: Mapping[str, str | int | None]) -> Interactions:
    """Read a log; of the file only the columns that are needed.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of "user", "item" and "time" to str, int or None
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
        id or time is missing.
    """
    batches = list(_batches(path, columns))
    if not batches:
        raise ValueError(f"{path}: the file holds no interactions.")
    return Interactions(
        **{
            name: np.concatenate([batch[name] for batch in batches])
            for name in batches[0]
        }
    )


def iter_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    max_interactions: int = 1_000_000,
) -> Iterator[Interactions]:
    """Read a Parquet file that is sorted by user in parts of whole users.

    For logs larger than memory: a fitted augmenter transforms each row by itself, so
    the parts give what the whole would.

    Parameters
    ----------
    path : str or path-like
        The file.
    user, item, time : str, int or None, default=None
        See `read_interactions`.
    max_interactions : int, default=1_000_000
        A part is handed out once it has as many; it has more by at most a batch of
        rows and a user.

    Yields
    ------
    interactions : Interactions
        Of users that no other part has.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not sorted by user, or see `read_interactions`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr.datasets import Interactions, iter_interactions
    >>> from skdiffuasr.datasets import write_interactions
    >>> log = Interactions(user=[1, 1, 2, 3], item=[5, 6, 5, 7])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.parquet")
    ...     write_interactions(log, path)
    ...     for part in iter_interactions(path, max_interactions=2):
    ...         print(part.user, part.item)
    [1 1 2] [5 6 5]
    [3] [7]
    """
    columns = {"user": user, "item": item, "time": time}
    kept: dict[str, list[npt.NDArray[Any]]] = {}
    n_kept = n_read = 0
    last_user = None
    for batch in _batches(Path(path), columns, min(BATCH_ROWS, max_interactions)):
        users = batch["user"]
        before = users[:1] if last_user is None else [last_user]
        falls = np.concatenate((before, users[:-1])) > users
        if falls.any():
            row = int(falls.argmax())
            raise ValueError(
                f"{path}: row {n_read + row} has user {users[row].item()!r} after a "
                "larger one; sort the file by user."
            )
        last_user = users[-1]
        n_read += len(users)
        for name, values in batch.items():
            kept.setdefault(name, []).append(values)
        n_kept += len(users)
        if n_kept > max_interactions:
            whole = {name: np.concatenate(parts) for name, parts in kept.items()}
            n_whole = int(np.searchsorted(whole["user"], last_user))
            if n_whole:
                yield Interactions(
                    **{name: values[:n_whole] for name, values in whole.items()}
                )
            kept = {name: [values[n_whole:]] for name, values in whole.items()}
            n_kept -= n_whole
    if n_kept:
        yield Interactions(
            **{name: np.concatenate(parts) for name, parts in kept.items()}
        )


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
    pyarrow = _pyarrow()
    refuse_existing(path, overwrite)
    writer: Any = None
    with replaced(path) as temporary:

        def write(columns: Columns) -> None:
            nonlocal writer
            table = pyarrow.table(
                {name: pyarrow.array(values) for name, values in columns.items()}
            )
            if writer is None:
                writer = pyarrow.parquet.ParquetWriter(temporary, table.schema)
            writer.write_table(table)

        try:
            yield write
        finally:
            if writer is not None:
                writer.close()


def _batches(
    path: Path, columns: Mapping[str, str | int | None], n_rows: int = BATCH_ROWS
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Yield the user, item and time columns of a batch of rows after the other."""
    pyarrow = _pyarrow()
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} is no Parquet file: {error}") from error
    with file:
        names = file.schema_arrow.names
        found = {
            role: names[position]
            for role, position in locate_columns(columns, names, path).items()
        }
        for batch in file.iter_batches(n_rows, columns=list(found.values())):
            if batch.num_rows:
                yield {
                    role: _values(batch.column(name), role, path)
                    for role, name in found.items()
                }


def _values(column: Any, role: str, path: Path) -> npt.NDArray[Any]:
    """Return a column as an array of ids or times."""
    if column.null_count:
        raise ValueError(
            f"{path}: the {role} column has {column.null_count} missing values."
        )
    if role != "time":
        return as_ids(column.to_numpy(zero_copy_only=False), f"the {role} column")
    times: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return times


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            'Parquet needs pyarrow: pip install "skdiffuasr[frames]".'
        ) from error
    return pyarrow
