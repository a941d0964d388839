"""Write logs and other tables to delimited text and Parquet files."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._files import open_text, refuse_existing, replaced
from skdiffuasr.datasets.blocks import ending_of
from skdiffuasr.datasets.column_names import (
    N_ROWS_COMPARED,
    looks_like_names,
    names_roles,
)
from skdiffuasr.datasets.columns import Columns
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.parquet import parquet_writer
from skdiffuasr.datasets.pseudo_times import times_with_pseudo
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.time_zones import date_texts, zone_of

# Separators, and what is read as something else: ends of lines, separators, quotes,
# byte order marks. Lone surrogates are not text at all.
_FORMATS = {
    ".csv": (",", r"\r\n"),
    ".tsv": ("\t", r"\r\n"),
    ".inter": ("\t", r'\r\n\t"'),
    ".txt": (" ", r'\s,;"\ufeff'),
    ".parquet": ("", ""),
}

#: RecBole's names and types of the columns that this library has.
RECBOLE = {
    "user": "user_id:token",
    "item": "item_id:token",
    "time": "timestamp:float",
    "position": "position:float",
    "is_pseudo": "is_pseudo:float",
}


def write_interactions(
    log: Interactions | Sequences,
    path: str | os.PathLike[str],
    *,
    times: npt.ArrayLike | None = None,
    time_zone: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a log to a file whose ending names the format.

    ``.csv`` and ``.tsv`` have a header; ``.inter`` is RecBole's format, with the types
    of the columns in the header; ``.txt`` is ``user item`` separated by a blank without
    a header and holds nothing else, sorted by user and time if there are times;
    ``.parquet`` needs pyarrow. The text formats may be compressed: ``.csv.gz``,
    ``.bz2``, ``.xz``. `read_interactions` reads them all.

    Parameters
    ----------
    log : Interactions or Sequences
        Columns user, item and, where they are known, time and is_pseudo. `Sequences`
        have the columns position and is_pseudo as well; pseudo items before the history
        stand at negative positions.
    path : str or path-like
        The file.
    times : array-like of shape (n_observed,), default=None
        Times of the observed items of `Sequences`, row by row: the column ``time`` of
        ``interactions.sort()``. The pseudo item at position -k gets the time of the
        first observed one less k, in seconds or in the coarser unit of the dates, so
        that sorting by user and time is right too. ``.inter`` has the position as its
        time where there is none.
    time_zone : str, default=None
        The zone in which dates are written; those that are naive are UTC then. None
        takes ``log.time_zone``, or the zone of `times`. ``.inter`` has no zones.
    overwrite : bool, default=False
        Whether `path` may exist.

    Raises
    ------
    OSError
        If the file exists and must not be overwritten, or cannot be written; what was
        there before then stays.
    ValueError
        If the ending is not known, a format cannot hold an id or a date, which is named
        with its row, `times` do not fit, or the time zone is not known.

    Notes
    -----
    Texts have no types: string ids that all look like integers are read back as
    integers, unless the file is Parquet. Dates with nanoseconds fit into all but
    ``.inter`` files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from skdiffuasr.datasets import write_interactions
    >>> from skdiffuasr.sequences import Sequences
    >>> X = Sequences.from_iterable([["b", "c"]], user_ids=["u"])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.csv")
    ...     write_interactions(X.prepend(np.array([["a"]])), path, times=[10, 12])
    ...     print(path.read_text().strip())
    user,item,time,position,is_pseudo
    u,a,9,-1,1
    u,b,10,0,0
    u,c,12,1,0
    """
    ending = check_ending(Path(path))
    if ending == ".txt" and isinstance(log, Interactions) and log.time is not None:
        log = log.sort()  # the order is all that such a file says of the times
    if time_zone is None:
        time_zone = getattr(log, "time_zone", zone_of(times))
    columns = interaction_columns(log, times)
    if ending == ".txt":
        columns = {name: columns[name] for name in ("user", "item")}
    if ending == ".inter":
        if "position" in columns:
            columns.setdefault("time", columns["position"])
        if "time" in columns and columns["time"].dtype.kind == "M":
            columns["time"] = recbole_seconds(columns["time"])
        columns = {RECBOLE[name]: column for name, column in columns.items()}
    write_columns(columns, path, time_zone=time_zone, overwrite=overwrite)


def write_columns(
    columns: Columns,
    path: str | os.PathLike[str],
    *,
    time_zone: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a table to a file whose ending names the format.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_rows,)
        Names and values.
    path : str or path-like
        The file; see `write_interactions`.
    time_zone : str, default=None
        Zone of the dates of the column ``time``, which are in UTC.
    overwrite : bool, default=False
        Whether `path` may exist.

    Raises
    ------
    OSError, ValueError
        See `write_interactions`.
    """
    ending = check_ending(Path(path))
    refuse_existing(path, overwrite)
    for name, column in columns.items():
        _check_text(column, name, ending)
    if ending == ".parquet":
        with parquet_writer(path, overwrite=overwrite, time_zone=time_zone) as write:
            write(columns)
        return
    if ending == ".txt":
        _refuse_header(columns)
    fields = [
        _texts(column, time_zone if name == "time" else None)
        for name, column in columns.items()
    ]
    header = None if ending == ".txt" else list(columns)
    _write_text(header, fields, path, _FORMATS[ending][0])


def write_table(
    table: Any, path: str | os.PathLike[str], *, sep: str | None, overwrite: bool
) -> None:
    """Write an Arrow table of any columns, which texts hold as well as they can.

    `sep` separates the fields, if it is one character; None is that of the format.
    """
    ending = check_ending(Path(path))
    refuse_existing(path, overwrite)
    if ending == ".parquet":
        with parquet_writer(path, overwrite=overwrite) as write:
            write(table)
        return
    if sep is None or len(sep) > 1:
        sep = _FORMATS[ending][0]
    _write_text(table.column_names, list(map(_arrow_texts, table.columns)), path, sep)


def _write_text(
    header: list[str] | None,
    fields: list[list[Any]],
    path: str | os.PathLike[str],
    sep: str,
) -> None:
    # csv leaves a carriage return bare, which ends a line where it is read.
    has_returns = any(
        isinstance(text, str) and "\r" in text for column in fields for text in column
    )
    quoting: Any = csv.QUOTE_ALL if has_returns else csv.QUOTE_MINIMAL
    with replaced(path) as temporary, open_text(temporary, "wt", newline="") as file:
        writer = csv.writer(file, delimiter=sep, lineterminator="\n", quoting=quoting)
        if header is not None:
            writer.writerow(header)
        writer.writerows(zip(*fields, strict=True))


def recbole_seconds(dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Return dates as seconds since 1970, as RecBole has numbers only."""
    _refuse_finer(dates, "us", "time", ".inter")
    return dates.astype("datetime64[us]").astype(np.int64) / 1e6


def interaction_columns(
    log: Interactions | Sequences, times: npt.ArrayLike | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Return user, item, time if it is known, position (of histories) and is_pseudo."""
    if isinstance(log, Interactions):
        if times is not None:
            raise ValueError("times are for Sequences; Interactions have their own.")
        columns = {name: log[name] for name in log.columns}
    else:
        rows = log.to_interactions()
        known = {} if times is None else {"time": times_with_pseudo(log, times)}
        columns = {"user": rows["user"], "item": rows["item"], **known, **rows}
    if "is_pseudo" in columns:
        columns["is_pseudo"] = columns["is_pseudo"].astype(np.int8)
    return columns


def check_ending(path: Path) -> str:
    """Return the ending that says the format of a file, or raise ValueError."""
    ending = ending_of(path)
    if ending not in _FORMATS or (ending == ".parquet" and path.suffix != ending):
        *texts, parquet = _FORMATS
        raise ValueError(
            f"{path} has no known ending; known are {', '.join(texts)}, each also with "
            f".gz, .bz2 or .xz, and {parquet}."
        )
    return ending


def _texts(column: npt.NDArray[Any], time_zone: str | None = None) -> list[Any]:
    """Return values as they are written; dates in ISO 8601, perhaps of a zone."""
    if column.dtype.kind == "M":
        return date_texts(column, time_zone)
    if column.dtype == np.float32:
        return [repr(float(str(value))) for value in column]
    return column.tolist()


def _arrow_texts(column: Any) -> list[Any]:
    """Return values of an Arrow column as they are written, None if missing."""
    types = import_extra("pyarrow.types", "frames")
    if types.is_timestamp(column.type) or types.is_date(column.type):
        return date_texts(np.asarray(column), getattr(column.type, "tz", None))
    values: list[Any] = column.to_pylist()
    if types.is_float32(column.type):
        return [x if x is None else float(str(np.float32(x))) for x in values]
    return values


def _refuse_header(columns: Columns) -> None:
    """Raise for a first row that would be taken for names of columns."""
    compared = [column[: 1 + N_ROWS_COMPARED] for column in columns.values()]
    first_rows = [list(map(str, row)) for row in zip(*compared, strict=True)]
    if not first_rows:
        return
    if names_roles(first_rows[0]) or looks_like_names(first_rows):
        raise ValueError(
            f"Row 0 is {first_rows[0]}, which .txt files cannot hold: without a "
            "header it would be taken for one. Change the id, or write another format."
        )


def _refuse_finer(
    dates: npt.NDArray[np.datetime64], unit: str, name: str, ending: str
) -> None:
    """Raise for dates that would be read back rounded."""
    is_finer = dates != dates.astype(f"datetime64[{unit}]")
    if is_finer.any():
        row = int(is_finer.argmax())
        raise ValueError(
            f"Row {row} of column {name!r} is {dates[row]}, and {ending} files hold "
            f"{'microseconds' if unit == 'us' else 'nanoseconds'}; write another "
            "format, or round the times."
        )


def _check_text(column: npt.NDArray[Any], name: str, ending: str) -> None:
    """Raise for strings and dates that would not be read back as they are."""
    if column.dtype.kind == "M" and ending != ".parquet":
        _refuse_finer(column, "ns", name, ending)
    if column.dtype.kind != "U":
        return
    unreadable = re.compile(f"[{_FORMATS[ending][1]}\ud800-\udfff]")
    for row, text in enumerate(column.tolist()):
        is_bare = ending == ".parquet" or text == text.strip() != ""
        if not is_bare or unreadable.search(text):
            raise ValueError(
                f"Row {row} of column {name!r} is {text!r}, which {ending} files "
                "cannot hold; change the id, or write another format."
            )
