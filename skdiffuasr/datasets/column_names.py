"""Which columns of a file hold users, items and times."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# Column names that are recognised once letter case and underscores are ignored.
_USUAL_NAMES = {
    "user": {"user", "userid"},
    "item": {"item", "itemid"},
    "time": {"time", "timestamp"},
}

# RecBole's headers carry the type of a column behind its name.
RECBOLE_TYPE = re.compile(r":(token|float)(_seq)?$")


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


def _plain_name(name: str) -> str:
    """Return a column name without type, letter case and underscores."""
    return RECBOLE_TYPE.sub("", name.strip()).lower().replace("_", "")


def locate_columns(
    columns: Mapping[str, str | int | None], names: list[str] | None, path: Path
) -> dict[str, int]:
    """Return the position of each column that is there."""
    positions = {}
    for role, column in columns.items():
        if isinstance(column, str):
            position = _find_name(column, names, path)
        elif column is not None:
            if column < 0:
                raise ValueError(f"{role}={column}: positions count from 0.")
            position = column
        elif names is not None:
            usual = (_plain_name(name) in _USUAL_NAMES[role] for name in names)
            position = next((at for at, found in enumerate(usual) if found), -1)
        else:
            position = {"user": 0, "item": 1, "time": -1}[role]
        if position >= 0:
            positions[role] = position
        elif role != "time":
            raise ValueError(
                f"{path}: no {role} column found among {names}; pass its name or its "
                "position from 0."
            )
    return positions


def _find_name(column: str, names: list[str] | None, path: Path) -> int:
    """Return the position of a column that was asked for by name."""
    if names is None:
        raise ValueError(
            f"{path}: column {column!r} cannot be found without a header; give its "
            "position from 0."
        )
    if column not in names:
        raise ValueError(f"{path}: no column {column!r}; the columns are {names}.")
    return names.index(column)
