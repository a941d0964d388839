"""The table of a file with rows for pseudo items; all else stays as it came."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr.datasets.column_names import without_type
from skdiffuasr.datasets.columns import TEXTS, Table
from skdiffuasr.datasets.pseudo_times import times_with_pseudo
from skdiffuasr.datasets.writers import RECBOLE, recbole_seconds
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.time_zones import (
    date_texts,
    zone_by_name,
    zone_of,
    zone_of_end,
)


def read_rows(table: Table) -> Iterator[Any]:
    """Yield all columns of an open file as Arrow tables; see `next_rows`.

    Columns without names are called by their role or position.
    """
    pyarrow = import_extra("pyarrow", "frames")
    names = table.names
    if names is None:
        role_at = {position: role for role, position in table.positions.items()}
        n_columns = len(table.use.ignored) + len(role_at)
        names = [role_at.get(k, f"column_{k}") for k in range(n_columns)]
    every = range(len(names))
    for batch in table.read(every):
        yield pyarrow.table([_as_array(batch[k]) for k in every], names=names)


def next_rows(batches: Iterator[Any], held: Any, n_rows: int) -> tuple[Any, Any]:
    """Return a table of the next rows, and what is held of the batches behind them."""
    concat_tables = import_extra("pyarrow", "frames").concat_tables
    parts = [] if held is None else [held]
    while sum(part.num_rows for part in parts) < n_rows:
        parts.append(next(batches))
    is_alike = all(part.schema.equals(parts[0].schema) for part in parts)
    # Names may be there twice, which only equal schemas can have.
    table = concat_tables(parts, promote_options="none" if is_alike else "permissive")
    return table.slice(0, n_rows), table.slice(n_rows)


def _as_array(values: Any) -> Any:
    """Return a column in Arrow, as texts where it has no common type."""
    pyarrow = import_extra("pyarrow", "frames")
    if not isinstance(values, list):
        return values
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.array([v if v is None else str(v) for v in values])


def with_pseudo_rows(
    rows: Any,
    table: Table,
    augmented: Sequences,
    times: npt.NDArray[Any] | None,
    ending: str,
) -> Any:
    """Return a table with rows for the pseudo items, which stand before histories.

    `rows` and `times` are those of the observed items, in their order. Pseudo rows have
    user, item and time in the form of the observed ones and are empty otherwise.
    Columns position, unless there is one, and is_pseudo are added. In ``.inter`` files,
    names have types, and dates are seconds.
    """
    pyarrow = import_extra("pyarrow", "frames")
    is_pseudo = augmented.is_pseudo
    # Of an observed item its own row, of a pseudo item the first row of the user.
    row = (~is_pseudo).cumsum() - ~is_pseudo
    columns = [
        column.take(pyarrow.array(row, mask=is_pseudo)) for column in rows.columns
    ]
    names, roles = rows.column_names, table.positions

    def fill(role: str, values: Any) -> None:
        k = roles[role]
        columns[k] = _filled(columns[k], is_pseudo, values)

    users = rows.column(roles["user"]).take(pyarrow.array(row[is_pseudo]))
    fill("user", users)
    fill("item", augmented.values[is_pseudo].tolist())
    if times is not None:
        all_times = times_with_pseudo(augmented, times)
        if ending == ".inter" and times.dtype.kind == "M":
            columns[roles["time"]] = pyarrow.array(recbole_seconds(all_times))
        else:
            examples = rows.column(roles["time"]).take(pyarrow.array(row[is_pseudo]))
            fill("time", _times_like(all_times[is_pseudo], examples, table))
    added = {"position": augmented.to_interactions()["position"]}
    if any(without_type(name).lower() == "position" for name in names):
        added = {}
    if "is_pseudo" in roles:
        marks = columns[roles["is_pseudo"]]
        fill("is_pseudo", _marks_like(marks.drop_null(), int(is_pseudo.sum())))
    else:
        added["is_pseudo"] = is_pseudo.astype(np.int8)
    if ending == ".inter" and "time" not in roles and "position" in added:
        added["time"] = added["position"]  # RecBole finds no order without
    columns += [pyarrow.array(values) for values in added.values()]
    names = _names(rows, roles, ending) + [
        RECBOLE[name] if ending == ".inter" else name for name in added
    ]
    return pyarrow.table(columns, names=names)


def _names(rows: Any, roles: dict[str, int], ending: str) -> list[str]:
    """Return the names of columns as they came; RecBole's have types, others none."""
    types = import_extra("pyarrow.types", "frames")
    names: list[str] = rows.column_names
    is_recbole = all(name != without_type(name) for name in names)
    if is_recbole == (ending == ".inter"):
        return names
    if is_recbole:
        return list(map(without_type, names))
    has_numbers = [
        types.is_integer(t) or types.is_floating(t) for t in rows.schema.types
    ]
    named = {position: RECBOLE[role] for role, position in roles.items()}
    return [
        named.get(k, f"{name}:{'float' if has_numbers[k] else 'token'}")
        for k, name in enumerate(names)
    ]


def _filled(column: Any, mask: npt.NDArray[np.bool_], values: Any) -> Any:
    """Return a column with values, of its type, where the mask is true."""
    pyarrow = import_extra("pyarrow", "frames")
    replace = import_extra("pyarrow.compute", "frames").replace_with_mask
    plain = _plain(column)
    if isinstance(values, pyarrow.ChunkedArray):
        values = _plain(values)
    elif plain.type == pyarrow.string():
        values = pyarrow.array(list(map(str, values)), plain.type)
    else:
        values = pyarrow.array(values).cast(plain.type)
    return replace(plain, pyarrow.array(mask), values).cast(column.type)


def _plain(column: Any) -> Any:
    """Return a column in one piece, without a dictionary, texts of one type."""
    kind = getattr(column.type, "value_type", column.type)
    kind = "string" if str(kind) in TEXTS else kind
    return column.cast(kind).combine_chunks()


def _marks_like(observed: Any, n_pseudo: int) -> list[Any]:
    """Return marks of pseudo items beside those of observed ones."""
    if not isinstance(mark := observed[0].as_py(), str):
        return [type(mark)(1)] * n_pseudo
    return ["1" if mark.strip() == "0" else "true"] * n_pseudo


def _times_like(times: npt.NDArray[Any], examples: Any, table: Table) -> Any:
    """Return times in the form of examples, one for each; they are Arrow's."""
    examples = _plain(examples)
    form = table.dates.found_format
    is_text = str(examples.type) in TEXTS
    if not is_text and (form is None or "int" not in str(examples.type)):
        return times
    texts = examples.cast("string").to_pylist()  # also of 20240131
    if times.dtype.kind != "M":
        has_comma = any("," in text for text in texts)
        numbers = map(str, times.tolist())
        return [text.replace(".", ",") if has_comma else text for text in numbers]
    if form is not None:
        ends = [zone_of_end(text) if "%z" in form else None for text in texts]
        return [
            _local(moment, zone).strftime(form)
            for moment, zone in zip(times.astype("M8[us]").tolist(), ends, strict=True)
        ]
    suffix = table.dates.suffix
    zones = np.array(["" if suffix else zone_of([t.strip()]) or "" for t in texts])
    written = np.full(len(texts), "", dtype=object)
    for zone in np.unique(zones):
        written[zones == zone] = date_texts(times[zones == zone], zone or None)
    marks = [text.strip()[10:11] for text in texts]  # between date and clock
    return [
        (text.replace("T", " ") if mark == " " else text) + suffix
        for text, mark in zip(written, marks, strict=True)
    ]


def _local(moment: datetime, zone: str | None) -> datetime:
    if zone is None:
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone_by_name(zone))
