"""Dates in texts as people and spreadsheets write them; ISO 8601 is read elsewhere."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._wording import spelled
from skdiffuasr.sequences.time_zones import common_zone, zone_of_end

# Day and month in either order, a year of two or four digits, perhaps a clock.
_DATE = r"^\s*\d{1,2}([./-])\d{1,2}[./-](\d{4}|\d{2})(\s+\d{1,2}:\d{2}.*)?\s*$"
_CLOCKS = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_YEAR_FIRST = r"^\s*\d{4}([./])\d{1,2}[./]\d{1,2}(\s+\d{1,2}:\d{2}.*)?\s*$"
_DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"


@dataclass
class DateForm:
    """How dates of a file are written: a format of `strptime`, or what comes first.

    What the first rows decide is kept for the others, and what is found for writing.
    """

    time_format: str | None = None
    day_first: bool | None = None
    found_format: str | None = None  # of strptime; None for ISO 8601
    zones: set[str | None] = field(default_factory=set)
    suffix: str = ""  # behind each date in ISO 8601, such as " UTC" instead of Z

    @property
    def zone(self) -> str | None:
        """The time zone of the dates, UTC if they have several, or None."""
        return common_zone(self.zones)


def dates_as_written(
    texts: Any, form: DateForm, where: Callable[[int], str]
) -> npt.NDArray[np.datetime64] | None:
    """Return dates of texts, an Arrow array, or None if they are of no form known here.

    Dates with dots have the day first. Others have what `form` says, or what the texts
    decide: one number above 12 is a day. A ValueError names a date that does not fit,
    or says that nothing decides.
    """
    if form.time_format is not None:
        return _parsed(texts, [form.time_format], form, where)
    compute = import_extra("pyarrow.compute", "frames")
    if not len(texts):
        return None
    for pattern in (_DATE, _YEAR_FIRST):
        found = re.match(pattern, texts[0].as_py())
        is_date = compute.match_substring_regex(texts, pattern)
        if found is not None and compute.all(is_date).as_py():
            break
    else:
        return None
    if pattern == _YEAR_FIRST:
        formats = _with_clocks(f"%Y{found[1]}%m{found[1]}%d")
        return _parsed(texts, formats, form, where)
    mark, year = found[1], "%Y" if len(found[2]) == 4 else "%y"
    if form.day_first is None and mark != ".":
        form.day_first = _is_day_first(texts, where)
    has_day_first = mark == "." or form.day_first
    first, second = ("%d", "%m") if has_day_first else ("%m", "%d")
    date = mark.join((first, second, year))
    return _parsed(texts, _with_clocks(date), form, where)


def _with_clocks(date: str) -> list[str]:
    return [f"{date} {clock}".strip() for clock in _CLOCKS]


def _is_day_first(texts: Any, where: Callable[[int], str]) -> bool:
    """Decide by a number above 12 which of two comes first."""
    first, second = (
        np.array([int(number) for number in numbers])
        for numbers in zip(*_numbers(texts), strict=True)
    )
    is_possible = [not (numbers > 12).any() for numbers in (first, second)]  # months
    if all(is_possible):
        raise ValueError(
            f"{where(0)} is {texts[0].as_py()!r}, and no time in its column shows "
            f"whether the day or the month comes first; pass "
            f"{spelled('day_first', True)}, {spelled('day_first', False)} or "
            f"{spelled('time_format')}."
        )
    return bool(first[0] > 12) if not any(is_possible) else is_possible[1]


def _numbers(texts: Any) -> Iterator[list[str]]:
    for text in texts.to_pylist():
        yield re.split("[./-]", text.strip(), maxsplit=2)[:2]


def _parsed(
    texts: Any, formats: list[str], form: DateForm, where: Callable[[int], str]
) -> npt.NDArray[np.datetime64]:
    """Return dates by the format that reads the first, in UTC if it has an offset."""
    pandas = import_extra("pandas", "frames")
    plain = pandas.Series(texts.to_pylist(), dtype=object).str.strip()
    plain = plain.str.replace(r"\s+", " ", regex=True)
    try:
        dates = [
            pandas.to_datetime(plain, format=each, errors="coerce", utc="%z" in each)
            for each in formats
        ]
    except ValueError as error:
        given = spelled("time_format", form.time_format)
        raise ValueError(f"{given} cannot be used: {error}.") from error
    best, found = min(
        zip(dates, formats, strict=True),
        key=lambda each: (each[0].isna()[0], int(each[0].isna().sum())),
    )
    if best.isna().any():
        row = int(best.isna().to_numpy().argmax())
        raise ValueError(
            f"{where(row)} is {texts[row].as_py()!r}, which is not a date of the form "
            f"{found}; {spelled('time_format')} says how times are written."
        )
    form.found_format = found
    if "%z" in found:
        last = found.replace(" ", "").endswith("%z")
        form.zones |= set(plain.map(zone_of_end)) if last else {"UTC"}
        best = best.dt.tz_convert(None)
    else:
        form.zones.add(None)
    return best.to_numpy().astype(f"datetime64[{unit_of_format(found)}]")


def unit_of_format(form: str) -> str:
    """Return the unit of what is written in a format of `strptime`."""
    directives = set(re.findall("%-?([A-Za-z])", form))
    for unit, finest in {"us": "f", "s": "STcXs", "m": "MR", "h": "HI"}.items():
        if directives & set(finest):
            return unit
    return "D"


def with_decimal_points(texts: Any) -> Any | None:
    """Return numbers with a decimal comma with a point, or None if they are others."""
    compute = import_extra("pyarrow.compute", "frames")
    if not compute.all(compute.match_substring_regex(texts, _DECIMAL_COMMA)).as_py():
        return None
    return compute.replace_substring(texts, ",", ".")
