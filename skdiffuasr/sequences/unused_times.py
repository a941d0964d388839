"""Columns that may be the times of a log and are not read as such."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from skdiffuasr.sequences.table import column_names, column_of

# Words in the name of a column that may hold times.
_WORDS_OF_TIME = frozenset("time times timestamp datetime date ts at when".split())
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")

# The years 1995 to 2040 in Unix seconds; also in milli-, micro- and nanoseconds.
_UNIX_TIMES = tuple(
    (788_918_400 * unit, 2_208_988_800 * unit) for unit in (1, 10**3, 10**6, 10**9)
)

_DATE = re.compile(r"\s*(\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{4})([T ].*)?")

# Rows by which a column is told.
_N_ROWS = 10


def look_like_times(label: str | int, values: Sequence[str]) -> bool:
    """Whether a column has a word for times in its name, or nothing but times."""
    words = _WORD.findall(label) if isinstance(label, str) else ()
    return bool(_WORDS_OF_TIME & {word.lower() for word in words}) or (
        bool(values)
        and all(_DATE.fullmatch(text) or _is_unix_time(text) for text in values)
    )


def _is_unix_time(text: str) -> bool:
    number = float(text) if re.fullmatch(r"\s*\d{9,19}(\.\d*)?\s*", text) else 0
    return any(first <= number <= last for first, last in _UNIX_TIMES)


def describe_unused_times(frame: Any, used: Iterable[str | None]) -> list[str]:
    """Describe the first column of a table that looks like times, in a sentence."""
    for name in column_names(frame):
        if name not in used:
            values = list(map(str, islice(column_of(frame, name), _N_ROWS)))
            if look_like_times(name, values):
                return [
                    f"the column {name!r} looks like times and is not used: histories "
                    f"are in the order of the rows. If it says when, pass "
                    f"time={name!r}."
                ]
    return []
