"""Read interaction logs from files, whole or some users at a time."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._wording import spelled
from skdiffuasr.datasets.blocks import ending_of, read_blocks
from skdiffuasr.datasets.columns import Columns, Table, read_parts, read_whole
from skdiffuasr.datasets.dates import DateForm
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.json_lines import json_table
from skdiffuasr.datasets.parquet import parquet_table
from skdiffuasr.datasets.text import text_table

#: Rows that are converted at a time.
BATCH_ROWS = 2**18


def read_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    sep: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    day_first: bool | None = None,
) -> Interactions:
    r"""Read a log of interactions from delimited text, JSON lines or Parquet.

    Files that end in ``.parquet`` are Parquet; those in ``.json`` or ``.jsonl`` have a
    JSON object in each line. All others are delimited: comma, semicolon and tab
    separated values, text separated by blanks (``user item``) and RecBole's ``.inter``
    files are recognised by their first line. A further ``.gz``, ``.bz2`` or ``.xz``
    is decompressed. Blank lines are skipped. A column ``is_pseudo``,
    of 0 and 1, marks pseudo items; its name is looked for like the others.

    Parameters
    ----------
    path : str or path-like
        The file.
    user, item : str, int or None, default=None
        Column of the user and the item ids, by name or by position from 0. None
        looks for ``user`` or ``user_id`` (``item`` or ``item_id``) in the header, then
        for other usual names, such as ``customer_id`` and ``sku``, whatever the letter
        case and underscores (``userId`` is found too). Files without a header have them
        at positions 0 and 1.
    time : str, int or None, default=None
        Column of the times. None looks for ``time``, ``timestamp``, ``datetime`` or
        ``date`` in the header in the same way, then for others, such as ``event_time``,
        ``created_at`` and ``ts``; and reads no times if there is none, or if there is
        no header.
    sep : str, default=None
        What separates two fields of delimited text. None takes the tab, comma or
        semicolon that the first line has, the tab before the others, and otherwise any
        run of blanks. Of comma and semicolon it takes the one by which the first rows
        have the same number of fields.
    header : bool, default=None
        Whether the first line names the columns. None means that it does if a
        column is given by name or if it has one of the names above.
    encoding : str, default=None
        Encoding of a text file, such as ``"cp1252"``. None takes UTF-8, or UTF-16 if
        the file begins with its mark.
    time_format : str, default=None
        How times that are texts are written, as in `datetime.datetime.strptime`. None
        reads ISO 8601, ``31.12.2024 23:59`` and, with slashes or hyphens, days and
        months in the order that a number above 12 shows.
    day_first : bool, default=None
        Whether the day is before the month where nothing shows it, as in 03/04/2024.

    Returns
    -------
    interactions : Interactions
        Of delimited text, ids are int64 if every id of the column is an integer written
        the canonical way, and strings otherwise: ``007`` and ``+7`` are not the id 7.
        Blanks around ids are dropped. JSON and Parquet have types. Times are
        int64, float64 or, for dates, datetime64 of the unit of the file or of its most
        precise text; UTC if they have a zone, which is in `time_zone`.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If ids of JSON or Parquet are neither all integers nor all strings.
    ValueError
        If the file cannot be read in its encoding, holds no interactions, lacks a
        column, or has a line with too few or too many fields, a misplaced quote, an id
        that is empty or has a line break in it, or a time or a mark of a pseudo item
        that cannot be read; or if its first line looks like unknown names of columns:
        it has no number, and a column below it nothing but numbers or dates. The
        message names the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdiffuasr.datasets import read_interactions
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.inter")
    ...     _ = path.write_text(
    ...         "user_id:token\titem_id:token\ttimestamp:float\n"
    ...         "u1\t31\t1.5\n"
    ...         "u1\t17\t2.5\n"
    ...     )
    ...     read_interactions(path)
    Interactions(n=2, n_users=1, n_items=2, time=1.5..2.5)
    """
    table = open_table(
        path,
        user=user,
        item=item,
        time=time,
        sep=sep,
        header=header,
        encoding=encoding,
        time_format=time_format,
        day_first=day_first,
    )
    warn_of_unused_times(table)
    return log_of(table)


def log_of(table: Table) -> Interactions:
    """Read all interactions of an open file."""
    return _log(read_whole(table), table)


def iter_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    sep: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    day_first: bool | None = None,
    max_interactions: int = 1_000_000,
) -> Iterator[Interactions]:
    r"""Read a log from a file that is sorted by user, some users at a time.

    A fitted augmenter transforms each row by itself, so the parts give what the whole
    would.

    Parameters
    ----------
    path : str or path-like
        A file that `read_interactions` reads.
    user, item, time, sep, header, encoding, time_format, day_first
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
    table = open_table(
        path,
        user=user,
        item=item,
        time=time,
        sep=sep,
        header=header,
        encoding=encoding,
        time_format=time_format,
        day_first=day_first,
    )
    warn_of_unused_times(table)
    yield from read_users(table, max_interactions)


def read_users(table: Table, max_interactions: int) -> Iterator[Interactions]:
    """Yield whole users of an open file; see `iter_interactions`."""
    kept: list[Columns] = []
    n_kept = n_read = 0
    for batch in read_parts(table, min(BATCH_ROWS, max_interactions)):
        users = batch["user"]
        last_user = kept[-1]["user"][-1:] if kept else users[:1]
        falls = np.concatenate((last_user, users[:-1])) > users
        if falls.any():
            row = int(falls.argmax())
            raise ValueError(
                f"{table.source}: row {n_read + row} has user {users[row].item()!r} "
                "after a larger one; sort the file by user."
            )
        kept.append(batch)
        n_kept += len(users)
        n_read += len(users)
        if n_kept > max_interactions:
            part = _joined(kept)
            n_whole = int(np.searchsorted(part["user"], users[-1]))
            if n_whole:
                yield _log(_rows(part, slice(None, n_whole)), table)
            kept = [_rows(part, slice(n_whole, None))]
            n_kept -= n_whole
    yield _log(_joined(kept), table)


def _log(columns: Columns, table: Table) -> Interactions:
    log = Interactions(**columns, time_zone=table.dates.zone)
    vars(log)["column_use"] = table.use  # others cannot: frozen
    return log


def open_table(
    path: str | os.PathLike[str],
    *,
    sep: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    day_first: bool | None = None,
    **columns: str | int | None,
) -> Table:
    """Open a file of any format; see `read_interactions`."""
    path = Path(path)
    columns = dict.fromkeys(("user", "item", "time", "is_pseudo")) | columns
    read = partial(read_blocks, path, encoding)
    if path.suffix == ".parquet":
        table = parquet_table(path, columns)
    elif ending_of(path) in (".json", ".jsonl"):
        table = json_table(read, str(path), columns)
    else:
        table = text_table(read, str(path), columns, sep=sep, header=header)
    return replace(table, dates=DateForm(time_format, day_first))


def warn_of_unused_times(table: Table) -> None:
    """Warn of a column that looks like times where none are read."""
    if table.use.like_times:
        column = table.use.like_times[0]
        warnings.warn(
            f"{table.source}: the column {column!r} looks like times and is not used: "
            "histories are in the order of the file. If it says when, pass "
            f"{spelled('time', column)}.",
            UserWarning,
            stacklevel=3,
        )


def _joined(batches: list[Columns]) -> dict[str, npt.NDArray[Any]]:
    return {
        name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]
    }


def _rows(columns: Columns, rows: slice) -> dict[str, npt.NDArray[Any]]:
    return {name: values[rows] for name, values in columns.items()}
