"""Which columns of a file hold users, items, times and marks of pseudo items."""

import re
from collections.abc import Iterable, Mapping, Sequence

#: Columns that are asked for, by role: their name or position, or None to look for it.
Wanted = Mapping[str, str | int | None]

# Roles by the column names that have them, without letter case and underscores.
_ROLES = {
    **{"user": "user", "userid": "user", "item": "item", "itemid": "item"},
    **dict.fromkeys(("time", "timestamp", "datetime", "date"), "time"),
    "ispseudo": "is_pseudo",
}

# RecBole's headers carry the type of a column behind its name.
_RECBOLE_TYPE = re.compile(r":(token|float)(_seq)?$")

# Rows by which a first row of unknown names is told from a first interaction.
N_ROWS_COMPARED = 10

_NUMBER_OR_DATE = re.compile(
    r"\s*([+-]?\d+(\.\d*)?(e[+-]?\d+)?|\d{4}-\d\d-\d\d.*)\s*", re.I | re.S
)


def find_names(
    first_rows: Sequence[tuple[int, list[str]]],
    columns: Wanted,
    header: bool | None,
    source: str,
) -> list[str] | None:
    """Return the names of the columns if the first of the (line, fields) has them."""
    line, first_row = first_rows[0]
    if header is None:
        is_named = any(isinstance(column, str) for column in columns.values())
        header = is_named or any(map(role_of, first_row))
        if not header and looks_like_names([row for _, row in first_rows]):
            remedy = "pass header=True, or --header on the command line"
            if None in (columns["user"], columns["item"]):
                remedy = "say which are user and item"
            raise ValueError(
                f"{source}, line {line}: {first_row} looks like names of columns, but "
                f"none is known; {remedy}; or pass header=False, or --no-header, if "
                "the line is an interaction."
            )
    return [_without_type(name) for name in first_row] if header else None


def looks_like_names(first_rows: Iterable[Iterable[str]]) -> bool:
    """Whether the first row has no number or date, and a column below nothing else."""
    first, *others = (
        [_NUMBER_OR_DATE.fullmatch(field) is not None for field in row]
        for row in first_rows
    )
    below = zip(*others, strict=False)
    return not any(first) and any(all(column) for column in below)


def role_of(name: str) -> str | None:
    """Return the role of a column by its name, if that is a usual one."""
    return _ROLES.get(_without_type(name).lower().replace("_", ""))


def _without_type(name: str) -> str:
    """Return a column name without the type that RecBole puts behind it."""
    return _RECBOLE_TYPE.sub("", name.strip())


def locate_columns(
    columns: Wanted, names: Sequence[str] | None, source: str
) -> dict[str, int]:
    """Return the position of each column that is there."""
    positions = {}
    for role, column in columns.items():
        if isinstance(column, str):
            positions[role] = _find_name(column, names, source)
        elif column is not None:
            if column < 0:
                raise ValueError(f"{role}={column}: positions count from 0.")
            positions[role] = column
        elif names is None and role in ("user", "item"):
            positions[role] = ("user", "item").index(role)
        else:
            roles = list(map(role_of, names or ()))
            if role in roles:
                positions[role] = roles.index(role)
            elif role in ("user", "item"):
                raise ValueError(
                    f"{source}: no {role} column found among {names}; say which it is, "
                    f"by name or position from 0: {role}=, or --{role} on the command "
                    "line."
                )
    return positions


def _find_name(column: str, names: Sequence[str] | None, source: str) -> int:
    """Return the position of a column that was asked for by name."""
    if names is None:
        raise ValueError(
            f"{source}: column {column!r} cannot be found without a header; give its "
            "position from 0."
        )
    if column not in names:
        raise ValueError(f"{source}: no column {column!r}; the columns are {names}.")
    return names.index(column)
