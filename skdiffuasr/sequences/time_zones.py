"""Time zones and precision of dates as they were given, and dates written like that."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

_ISO = re.compile(
    r"^\s*\d{4}-\d\d-\d\d"
    r"(?P<clock>[T ]\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)?)?"
    r"(?P<zone>Z|z|[+-]\d\d(?::?\d\d)?)?\s*$"
)

#: The zone at the end of a date with a clock.
END_OF_ISO = re.compile(r"(Z|z|[+-]\d\d(:?\d\d)?)$")

# Units of numpy by the length of a clock with its T.
_LENGTHS = {0: "D", 6: "m", 9: "s", 13: "ms", 16: "us"}

# Units that dates are kept in where their form does not tell.
_UNITS = ("D", "s", "ms", "us", "ns")


def zone_of(times: Any) -> str | None:
    """Return the zone that times came in: a name, an offset or UTC; None if naive.

    Where the zones differ it is UTC, in which such times are compared.
    """
    kind = getattr(times, "dtype", getattr(times, "type", None))
    kind = getattr(kind, "pyarrow_dtype", kind)
    for attribute in ("tz", "time_zone"):  # of pandas and pyarrow, of polars
        if (zone := getattr(kind, attribute, None)) is not None:
            return zone if isinstance(zone, str) else _name_of(zone)
    is_list = isinstance(times, list | tuple)
    if not is_list and getattr(kind, "kind", "O") not in "OU":
        return None
    values = times if is_list else np.asarray(times).ravel().tolist()
    return common_zone(map(_zone_of_value, values))


def common_zone(zones: Iterable[str | None]) -> str | None:
    """Return the one zone, or UTC where they differ."""
    different = set(zones)
    return different.pop() if len(different) == 1 else ("UTC" if different else None)


def _zone_of_value(value: Any) -> str | None:
    if isinstance(value, str):
        found = _ISO.match(value)
        return zone_of_text(found["zone"]) if found else None
    zone = getattr(value, "tzinfo", None)
    return None if zone is None else _name_of(zone)


def zone_of_text(text: str | None) -> str | None:
    """Return the zone that an ISO 8601 date ends with: UTC, or an offset."""
    if not text:
        return None
    if text in "Zz":
        return "UTC"
    digits = text[1:].replace(":", "").ljust(4, "0")
    return f"{text[0]}{digits[:2]}:{digits[2:]}"


def zone_of_end(text: str) -> str | None:
    """Return the zone that a text of any form ends with."""
    found = END_OF_ISO.search(text)
    return zone_of_text(found[0]) if found else "UTC"


@cache
def _name_of(zone: tzinfo) -> str:
    offset = zone.utcoffset(None)
    if offset is None:
        return str(zone)
    return "UTC" if not offset else offset_text(offset)


def offset_text(offset: timedelta) -> str:
    """Return an offset as in ISO 8601: ``+02:00``."""
    minutes = round(offset.total_seconds() / 60)
    return (
        f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    )


@cache
def zone_by_name(name: str) -> tzinfo:
    """Return a zone by its name or offset; raise ValueError if there is none."""
    if name == "UTC":
        return UTC
    try:
        if name[:1] in ("+", "-"):
            offset = datetime.strptime(name, "%z").utcoffset() or timedelta()
            return timezone(offset)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(
            f"There is no time zone {name!r}; accepted are names such as "
            "'Europe/Berlin', 'UTC', and offsets such as '+02:00'."
        ) from error


def unit_of_clock(length: int) -> str:
    """Return the unit of an ISO 8601 text by the length of its clock, T included."""
    return next((unit for most, unit in _LENGTHS.items() if length <= most), "ns")


def as_precise(dates: NDArray[np.datetime64], values: list[Any]) -> NDArray[Any]:
    """Return dates in the unit of the most precise of the values they are read from."""
    units = {_unit_of_value(value) for value in values}
    if None in units:  # texts of another form: as precise as is needed
        units = (units - {None}) | {_needed_unit(dates)}
    return dates.astype(np.result_type(*(f"M8[{unit}]" for unit in units)))


def _unit_of_value(value: Any) -> str | None:
    if isinstance(value, str):
        found = _ISO.match(value)
        return unit_of_clock(len(found["clock"] or "")) if found else None
    exact = getattr(value, "asm8", value)  # of pandas
    if isinstance(exact, datetime):
        return "us"
    return np.datetime_data(np.datetime64(exact).dtype)[0]


def _needed_unit(dates: NDArray[np.datetime64]) -> str:
    """Return the unit, a day or a second or finer, that loses nothing."""
    return next(unit for unit in _UNITS if (dates.astype(f"M8[{unit}]") == dates).all())


def date_texts(dates: NDArray[np.datetime64], zone: str | None = None) -> list[str]:
    """Return dates in ISO 8601, those of a zone with its offset; NaT as an empty text.

    The dates are in UTC if there is a zone.
    """
    if zone is None:
        texts = np.datetime_as_string(dates)
        return np.where(np.isnat(dates), "", texts).tolist()
    dates = dates.astype(np.promote_types(dates.dtype, "M8[m]"))
    if zone == "UTC":
        return [text and f"{text}Z" for text in date_texts(dates)]
    where, is_date = zone_by_name(zone), ~np.isnat(dates)
    offsets = [
        datetime.fromtimestamp(second, where).utcoffset() or timedelta()
        for second in dates[is_date].astype("M8[s]").astype(np.int64).tolist()
    ]
    local = dates.copy()
    local[is_date] += np.array(offsets, dtype="m8[m]")
    ends = np.full(len(dates), "", dtype="U6")
    ends[is_date] = [offset_text(offset) for offset in offsets]
    return [text + end for text, end in zip(date_texts(local), ends, strict=True)]
