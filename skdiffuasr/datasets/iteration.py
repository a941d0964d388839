"""A log that is larger than memory, some users at a time."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.datasets.columns import Columns, read_parts
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.readers import open_table

#: Rows that are converted at a time.
BATCH_ROWS = 2**18


def iter_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    sep: str | None = None,
    header: bool | None = None,
    max_interactions: int = 1_000_000,
) -> Iterator[Interactions]:
    r"""Read a log from a file that is sorted by user, some users at a time.

    A fitted augmenter transforms each row by itself, so the parts give what the whole
    would.

    Parameters
    ----------
    path : str or path-like
        A file that `read_interactions` reads.
    user, item, time : str, int or None, default=None
        See `read_interactions`.
    sep, header : str and bool, default=None
        See `read_interactions`.
    max_interactions : int, default=1_000_000
        A part is handed out once it has more; by at most a batch of rows and a user.

    Yields
    ------
    interactions : Interactions
        All interactions of their users, which are sorted and in no other part.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If ids of JSON or Parquet are neither all integers nor all strings.
    ValueError
        If a user comes after a larger one, `max_interactions` is less than 1, or see
        `read_interactions`. The first rows decide whether ids are integers or strings,
        and whether times that are texts are integers, numbers or dates.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr.datasets import iter_interactions
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.csv")
    ...     _ = path.write_text("user,item\n1,a\n1,b\n2,a\n3,c\n")
    ...     for part in iter_interactions(path, max_interactions=2):
    ...         print(part.user, part.item)
    [1 1 2] ['a' 'b' 'a']
    [3] ['c']
    """
    if max_interactions < 1:
        raise ValueError(
            f"max_interactions must be at least 1, got {max_interactions}."
        )
    table = open_table(path, user=user, item=item, time=time, sep=sep, header=header)
    kept: list[Columns] = []
    n_kept = n_read = 0
    for batch in read_parts(table, min(BATCH_ROWS, max_interactions)):
        users = batch["user"]
        last_user = kept[-1]["user"][-1:] if kept else users[:1]
        falls = np.concatenate((last_user, users[:-1])) > users
        if falls.any():
            row = int(falls.argmax())
            raise ValueError(
                f"{path}: row {n_read + row} has user {users[row].item()!r} after a "
                "larger one; sort the file by user."
            )
        kept.append(batch)
        n_kept += len(users)
        n_read += len(users)
        if n_kept > max_interactions:
            part = _joined(kept)
            n_whole = int(np.searchsorted(part["user"], users[-1]))
            if n_whole:
                yield Interactions(**_rows(part, slice(None, n_whole)))
            kept = [_rows(part, slice(n_whole, None))]
            n_kept -= n_whole
    yield Interactions(**_joined(kept))


def _joined(batches: list[Columns]) -> dict[str, npt.NDArray[Any]]:
    return {
        name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]
    }


def _rows(columns: Columns, rows: slice) -> dict[str, npt.NDArray[Any]]:
    return {name: values[rows] for name, values in columns.items()}
