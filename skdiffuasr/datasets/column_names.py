"""Which columns of a file hold users, items, times and marks of pseudo items."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from skdiffuasr._wording import spelled
from skdiffuasr.sequences.unused_times import look_like_times

#: Columns that are asked for, by role: their name or position, or None to look for it.
Wanted = Mapping[str, str | int | None]

# Column names by role, without letter case and marks; those of the second table count
# where none of the first is there.
_USUAL = {
    "user": "user userid",
    "item": "item itemid",
    "time": "time timestamp datetime date",
    "is_pseudo": "ispseudo",
}
_OTHERS = {
    "user": "uid customer customerid client clientid visitorid memberid accountid "
    "buyerid reviewerid",
    "item": "iid product productid sku asin article articleid movieid bookid isbn "
    "songid trackid gameid businessid venueid poiid contentid newsid recipeid",
    "time": "ts epoch unixtime unixtimestamp unixreviewtime timems timestampms utctime "
    "eventtime eventtimestamp eventdate interactiontime createdat createdon occurredat "
    "purchasedate purchasetime purchasedat orderdate ordertime orderedat "
    "transactiondate transactiontime reviewtime reviewdate ratedat boughtat viewedat "
    "clickedat watchedat visitedat",
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
        header = is_named or names_roles(first_row)
        if not header and looks_like_names([row for _, row in first_rows]):
            remedy = f"pass {spelled('header', True)}"
            if None in (columns["user"], columns["item"]):
                remedy = f"say which by {spelled('user')} and {spelled('item')}"
            raise ValueError(
                f"{source}, line {line}: {first_row} looks like names of columns, but "
                f"these are not known; {remedy}; or pass {spelled('header', False)} if "
                "the line is an interaction."
            )
    return [without_type(name) for name in first_row] if header else None


def looks_like_names(first_rows: Iterable[Iterable[str]]) -> bool:
    """Whether the first row has no number or date, and a column below nothing else."""
    first, *others = (
        [_NUMBER_OR_DATE.fullmatch(field) is not None for field in row]
        for row in first_rows
    )
    below = zip(*others, strict=False)
    return not any(first) and any(all(column) for column in below)


def names_roles(first_row: Iterable[str]) -> bool:
    """Whether fields are names: a usual one is enough, of the others it takes two."""
    plain = set(map(_plain, first_row))
    usual, others = (
        [role for role, names in table.items() if plain & set(names.split())]
        for table in (_USUAL, _OTHERS)
    )
    return bool(usual) or len(others) > 1


def role_of(name: str) -> str | None:
    """Return the role of a column by its name, if that is one known here."""
    for table in (_USUAL, _OTHERS):
        for role, names in table.items():
            if _plain(name) in names.split():
                return role
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]", "", without_type(name)).lower()


def without_type(name: str) -> str:
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
            position = _find_role(role, names or (), source)
            if position is not None:
                positions[role] = position
            elif role in ("user", "item"):
                raise ValueError(
                    f"{source}: no {role} column found among {names}; say which it is, "
                    f"by name or position from 0: {spelled(role)}."
                )
    if positions["user"] == positions["item"]:
        raise ValueError(f"{source}: the user and the item column are the same.")
    return positions


def _candidates(positions: Sequence[int], names: Sequence[str]) -> list[str]:
    """Return the names of columns, and the positions of those with equal names."""
    return [
        f"{names[k]!r}" + f" at position {k}" * (names.count(names[k]) > 1)
        for k in positions
    ]


def _find_role(role: str, names: Sequence[str], source: str) -> int | None:
    """Return the position of the one column whose name has a role, if there is one."""
    plain = list(map(_plain, names))
    for table in (_USUAL, _OTHERS):
        known = table.get(role, "").split()
        found = [position for position, name in enumerate(plain) if name in known]
        if len(found) > 1:
            candidates = " or ".join(_candidates(found, names))
            raise ValueError(
                f"{source}: the {role} column may be {candidates}; say which it is by "
                f"{spelled(role)}."
            )
        if found:
            return found[0]
    return None


class ColumnUse(NamedTuple):
    """Which columns of a file are read, by role, and which are not."""

    used: dict[str, str | int]  # names, or positions where there are no names
    ignored: tuple[str | int, ...]
    like_times: tuple[str | int, ...]  # of those that are ignored, if no times are used

    def __str__(self) -> str:
        """Say it in a line."""
        used = ", ".join(f"{role} = {_shown(name)}" for role, name in self.used.items())
        ignored = ", ".join(map(_shown, self.ignored)) or "nothing"
        order = "its times" if "time" in self.used else "the file"
        return f"{used}; ignored: {ignored}; histories in the order of {order}"


def _shown(name: str | int) -> str:
    return f"column {name}" if isinstance(name, int) else repr(name)


def column_use(
    positions: Mapping[str, int],
    labels: Sequence[str | int],
    sample: Mapping[int, Sequence[str]],
) -> ColumnUse:
    """Return which columns are used, given the first values of some, by position."""
    # A position may be too large, which reading explains.
    used = {
        role: labels[position] if position < len(labels) else position
        for role, position in positions.items()
    }
    ignored = [k for k in range(len(labels)) if k not in positions.values()]
    may_be_times = [] if "time" in positions else ignored
    return ColumnUse(
        used,
        tuple(labels[k] for k in ignored),
        tuple(
            labels[k]
            for k in may_be_times
            if look_like_times(labels[k], sample.get(k, ()))
        ),
    )


def _find_name(column: str, names: Sequence[str] | None, source: str) -> int:
    """Return the position of a column that was asked for by name."""
    if names is None:
        raise ValueError(
            f"{source}: column {column!r} cannot be found without a header; give its "
            "position from 0."
        )
    if column not in names:
        raise ValueError(f"{source}: no column {column!r}; the columns are {names}.")
    found = [position for position, name in enumerate(names) if name == column]
    if len(found) > 1:
        raise ValueError(
            f"{source}: the column may be {' or '.join(_candidates(found, names))}; "
            "give its position."
        )
    return found[0]
