"""A log that is larger than memory, some users at a time."""

import os
from collections.abc import Iterator
from pathlib import Path

from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.parquet import BATCH_ROWS, parquet_batches
from skdiffuasr.datasets.text import text_batches
from skdiffuasr.datasets.whole_users import whole_users


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
        A Parquet file, or a delimited text that `read_interactions` reads.
    user, item, time : str, int or None, default=None
        See `read_interactions`.
    sep : str, default=None
        See `read_interactions`; for text.
    header : bool, default=None
        See `read_interactions`; for text.
    max_interactions : int, default=1_000_000
        A part is handed out once it has more; by at most a batch of rows and a user.

    Yields
    ------
    interactions : Interactions
        All interactions of their users, which are sorted and in no other part.

    Raises
    ------
    ImportError
        If it is a Parquet file and pyarrow is not installed.
    ValueError
        If a user comes after a larger one, `max_interactions` is less than 1, or see
        `read_interactions`. In a text, the first part decides whether ids are integers
        or strings.

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
    path = Path(path)
    columns = {"user": user, "item": item, "time": time, "is_pseudo": None}
    n_rows = min(BATCH_ROWS, max(max_interactions, 1))
    if path.suffix == ".parquet":
        batches = parquet_batches(path, columns, n_rows)
    else:
        batches = text_batches(path, columns, sep=sep, header=header, n_rows=n_rows)
    yield from whole_users(batches, max_interactions, path)
