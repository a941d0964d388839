"""Read interaction logs from files."""

import os
from pathlib import Path

from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.parquet import read_parquet
from skdiffuasr.datasets.text import text_batches


def read_interactions(
    path: str | os.PathLike[str],
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    time: str | int | None = None,
    sep: str | None = None,
    header: bool | None = None,
) -> Interactions:
    r"""Read a log of interactions from a delimited text file, or from Parquet.

    Comma, semicolon and tab separated values, text separated by blanks (``user item``)
    and RecBole's ``.inter`` files are recognised by their first line. Files that end in
    ``.gz``, ``.bz2`` or ``.xz`` are decompressed. The text is UTF-8; blank lines are
    skipped. Files that end in ``.parquet`` need pyarrow. A column ``is_pseudo`` of the
    header, of 0 and 1, marks pseudo items; its name is looked for like the others.

    Parameters
    ----------
    path : str or path-like
        The file.
    user, item : str, int or None, default=None
        Column of the user and the item ids, by name or by position from 0. None
        looks for ``user`` or ``user_id`` (``item`` or ``item_id``) in the header,
        whatever the letter case and underscores (``userId`` is found too). Files
        without a header have them at positions 0 and 1.
    time : str, int or None, default=None
        Column of the times. None looks for ``time``, ``timestamp``, ``datetime`` or
        ``date`` in the header in the same way, and reads no times if there is none, or
        if there is no header.
    sep : str, default=None
        What separates two fields. None takes the tab, comma or semicolon that the
        first line has, the tab before the others, and otherwise any run of blanks. Of
        comma and semicolon it takes the one by which the first rows have the same
        number of fields.
    header : bool, default=None
        Whether the first line names the columns. None means that it does if a
        column is given by name or if it has one of the names above.

    Returns
    -------
    interactions : Interactions
        Ids are int64 if every id of the column is an integer written the canonical
        way, and strings otherwise: ``007`` and ``+7`` are not the id 7. Blanks
        around ids are dropped. Times are
        int64, float64 or, for ISO 8601 dates, datetime64 in microseconds (UTC if they
        have an offset).

    Raises
    ------
    ValueError
        If the file cannot be read as UTF-8 text, holds no interactions, lacks a
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
    path = Path(path)
    columns = {"user": user, "item": item, "time": time, "is_pseudo": None}
    if path.suffix == ".parquet":
        return read_parquet(path, columns)
    (log,) = text_batches(path, columns, sep=sep, header=header)
    return Interactions(**log)
