"""Options from a TOML file, as arguments before those of the command line."""

import tomllib
from collections.abc import Sequence
from typing import Any

#: Options with a form for no, as no is not their default.
_WITH_NEGATIVE = frozenset({"header", "day_first", "day-first"})


def with_config(arguments: Sequence[str], commands: Sequence[str]) -> list[str]:
    """Put the options of the file that ``--config`` names before the given ones.

    Returns the arguments without ``--config``; options of the command line come later.
    Raises OSError if the file cannot be read, and ValueError if it is not TOML, has a
    table that is not in `commands` or an option outside tables, or an option is not a
    string, number, boolean or list of these.
    """
    given = list(arguments)
    path = _take_path(given)
    if path is None or not given:
        return given
    with open(path, "rb") as file:
        try:
            tables = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is not a TOML file: {error}.") from error
    for name, table in tables.items():
        if name not in commands:
            raise ValueError(
                f"{path}: {name} is not one of the commands {', '.join(commands)}; "
                "options stand in the table of a command."
            )
        if not isinstance(table, dict):
            raise ValueError(f"{path}: {name} must be a table, [{name}].")
    command, *rest = given
    options = tables.get(command, {})
    made = [
        argument
        for name, value in options.items()
        for argument in _as_arguments(name, value, path)
    ]
    return [command, *made, *rest]


def _take_path(arguments: list[str]) -> str | None:
    """Remove ``--config FILE`` from the arguments and return the file."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--config="):
            del arguments[position]
            return argument.removeprefix("--config=")
        if argument == "--config" and position + 1 < len(arguments):
            path = arguments[position + 1]
            del arguments[position : position + 2]
            return path
    return None


def _as_arguments(name: str, value: Any, path: str) -> list[str]:
    """Write one option as it would be given on the command line."""
    option = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        negative = [f"--no-{name.replace('_', '-')}"] if name in _WITH_NEGATIVE else []
        return [option] if value else negative
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if not isinstance(value, str | int | float):
        raise ValueError(
            f"{path}: {name} must be a string, number, boolean or list, got "
            f"{type(value).__name__}."
        )
    return [f"{option}={value}"]
