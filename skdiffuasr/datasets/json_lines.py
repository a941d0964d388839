"""Logs with one JSON object or Python dictionary per line."""

import ast
import json
from collections.abc import Callable, Iterable
from typing import Any

from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.times import as_times


def parse_python(line: str) -> Any:
    """Parse a dictionary as Python prints it, without running anything.

    Parameters
    ----------
    line : str
        A literal.

    Returns
    -------
    value : object

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return ast.literal_eval(line)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"it is no Python literal: {error}") from error


def read_json_lines(
    lines: Iterable[str],
    source: str,
    fields: tuple[str, str, str],
    *,
    parse: Callable[[str], Any] = json.loads,
    keep: Callable[[dict[str, Any]], bool] | None = None,
) -> Interactions:
    """Read three fields of each line.

    Parameters
    ----------
    lines : iterable of str
        The lines; blank ones are skipped.
    source : str
        What the error messages call them.
    fields : tuple of str
        Names of the user, the item and the time; dates are ISO 8601, numbers stay
        what they are.
    parse : callable(str) -> dict, default=json.loads
        Parses a line.
    keep : callable(dict) -> bool, default=None
        Tells which lines are wanted. None wants all.

    Returns
    -------
    interactions : Interactions

    Raises
    ------
    TypeError
        If ids are neither all integers nor all strings; the message names the line.
    ValueError
        If a line cannot be parsed, lacks a field or has a null in one, or a time is
        none; the message names the line. If there are no interactions.
    """
    user, item, time = fields
    users, items, times, numbers = [], [], [], []
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            record = parse(line)
            if keep is not None and not keep(record):
                continue
            users.append(record[user])
            items.append(record[item])
            times.append(record[time])
            numbers.append(number)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{source}, line {number}: {_reason(error)}.") from error
    if not users:
        raise ValueError(f"{source}: there are no interactions.")

    def where(field: str) -> Callable[[int], str]:
        return lambda row: f"{source}, line {numbers[row]}: {field}"

    return Interactions(
        as_ids(users, user, where(user)),
        as_ids(items, item, where(item)),
        as_times(times, where(time), time),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return str(error)
