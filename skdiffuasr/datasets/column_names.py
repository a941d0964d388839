"""Which columns of a file hold users, items, times and marks of pseudo items."""

import re
from collections.abc import Mapping, Sequence

# Column names that are recognised once letter case and underscores are ignored.
_USUAL_NAMES = {
    "user": {"user", "userid"},
    "item": {"item", "itemid"},
    "time": {"time", "timestamp", "datetime", "date"},
    "is_pseudo": {"ispseudo"},
}

# RecBole's headers carry the type of a column behind its name.
_RECBOLE_TYPE = re.compile(r":(token|float)(_seq)?$")

# Rows by which a first row of unknown names is told from a first interaction.
N_ROWS_COMPARED = 10

_NUMBER_OR_DATE = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?|\d{4}-\d\d-\d\d.*", re.I)


def has_header(
    first_row: list[str],
    columns: Sequence[str | int | None],
    header: bool | None,
) -> bool:
    """Decide whether the first row names the columns."""
    if header is not None:
        return header
    usual_names = set().union(*_USUAL_NAMES.values())
    return any(isinstance(column, str) for column in columns) or any(
        _plain_name(field) in usual_names for field in first_row
    )


def looks_like_names(first_rows: Sequence[Sequence[str]]) -> bool:
    """Tell a row of unknown names from a first interaction.

    Parameters
    ----------
    first_rows : sequence of sequences of str
        The first rows of a file, `N_ROWS_COMPARED` and one or fewer.

    Returns
    -------
    looks_like_names : bool
        Whether the first row has no number and no date, but a column has nothing else
        below it.
    """
    first, *others = (
        [_is_number_or_date(field) for field in row] for row in first_rows
    )
    below = zip(*others, strict=False)
    return not any(first) and any(all(column) for column in below)


def _is_number_or_date(field: str) -> bool:
    return _NUMBER_OR_DATE.fullmatch(field.strip()) is not None


def _plain_name(name: str) -> str:
    """Return a column name without type, letter case and underscores."""
    return without_type(name).lower().replace("_", "")


def without_type(name: str) -> str:
    """Return a column name without the type that RecBole puts behind it."""
    return _RECBOLE_TYPE.sub("", name.strip())


def locate_columns(
    columns: Mapping[str, str | int | None], names: list[str] | None, source: str
) -> dict[str, int]:
    """Return the position of each column that is there."""
    positions = {}
    for role, column in columns.items():
        if isinstance(column, str):
            position = _find_name(column, names, source)
        elif column is not None:
            if column < 0:
                raise ValueError(f"{role}={column}: positions count from 0.")
            position = column
        elif names is not None:
            usual = (_plain_name(name) in _USUAL_NAMES[role] for name in names)
            position = next((at for at, found in enumerate(usual) if found), -1)
        else:
            position = {"user": 0, "item": 1}.get(role, -1)
        if position >= 0:
            positions[role] = position
        elif role in ("user", "item"):
            raise ValueError(
                f"{source}: no {role} column found among {names}; say which it is, by "
                f"name or position from 0: {role}=, or --{role} on the command line."
            )
    return positions


def _find_name(column: str, names: list[str] | None, source: str) -> int:
    """Return the position of a column that was asked for by name."""
    if names is None:
        raise ValueError(
            f"{source}: column {column!r} cannot be found without a header; give its "
            "position from 0."
        )
    if column not in names:
        raise ValueError(f"{source}: no column {column!r}; the columns are {names}.")
    return names.index(column)
