"""Texts in an Arrow column to ids, times and marks, without an object for each."""

import reprlib
import string
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr._wording import spelled
from skdiffuasr.datasets.dates import (
    DateForm,
    dates_as_written,
    with_decimal_points,
)
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.time_zones import (
    END_OF_ISO,
    unit_of_clock,
    zone_of,
    zone_of_text,
)
from skdiffuasr.sequences.times import as_times

#: Characters of an id in a text file.
MAX_LENGTH = 2**17

# Bytes of ids that are padded to the longest without further thought.
_SHORT = 64

# Python has dates of the years 1 to 9999, and time zones shift them by a day at most.
_FIRST, _LAST = np.datetime64("0001-01-02", "us"), np.datetime64("9999-12-30", "us")

_INEXACT = 2**53
_N_TRIED = 4
_FLAGS = ("0", "false", "1", "true")


def text_ids(
    texts: Any, where: Callable[[int], str], is_typed: bool, may_be_integers: bool
) -> IdArray:
    """Return texts as ids; without types, as integers if that is what they look like.

    Ids without types lose blanks around them, and none may be empty, very long or have
    a line break in it.
    """
    ids = as_integers(texts) if may_be_integers else None
    if ids is None:
        ids = _short_ascii(texts)
    if ids is not None:
        return ids
    coded = texts.dictionary_encode()
    codes, different = np.asarray(coded.indices), coded.dictionary.to_pylist()

    def first(code: int) -> str:
        return where(int((codes == code).argmax()))

    if not is_typed:
        different = [text.strip() for text in different]
        _refuse_odd(different, first)
        if may_be_integers:
            ids = as_integers(import_extra("pyarrow", "frames").array(different))
    return (as_ids(different, "ids", first) if ids is None else ids)[codes]


def _short_ascii(texts: Any) -> IdArray | None:
    """Return short texts of visible ASCII characters, or None if there are others."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset :][: len(texts) + 1]
    lengths = np.diff(ends)
    width = lengths.max()
    if not 0 < lengths.min() <= width <= _SHORT:
        return None
    characters = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    if not ord(" ") < characters.min() <= characters.max() <= ord("~"):
        return None
    if lengths.min() == width:
        padded = characters.astype("<u4")
    else:
        padded = np.zeros((len(texts), width), "<u4")
        padded[np.arange(width) < lengths[:, None]] = characters
    return padded.ravel().view(f"<U{width}")


def _refuse_odd(texts: list[str], where: Callable[[int], str]) -> None:
    """Raise for an id that is empty, too long or has a line break in it."""
    for row, text in enumerate(texts):
        if not text:
            raise ValueError(f"{where(row)} is empty.")
        has_break = "\n" in text or "\r" in text
        if has_break or len(text) > MAX_LENGTH:
            raise ValueError(
                f"{where(row)} {reprlib.repr(text)} has "
                f"{'a line break in it' if has_break else 'too many characters'}; a "
                "quote may be missing."
            )


def text_flags(texts: Any, where: Callable[[int], str]) -> npt.NDArray[np.bool_]:
    """Return which texts are 1 or true, where the others are 0 or false."""
    compute = import_extra("pyarrow.compute", "frames")
    plain = compute.utf8_lower(compute.utf8_trim_whitespace(texts))
    found = compute.index_in(plain, import_extra("pyarrow", "frames").array(_FLAGS))
    if found.null_count:
        row = compute.index(found.is_null(), True).as_py()
        raise ValueError(
            f"{where(row)} is {texts[row].as_py()!r}; accepted are 0 and 1, or false "
            "and true."
        )
    return np.asarray(found) > _FLAGS.index("false")


def text_times(
    texts: Any,
    where: Callable[[int], str],
    kind: str | None = None,
    form: DateForm | None = None,
) -> npt.NDArray[Any]:
    """Return what `as_times` makes of texts, which it is left to where they are odd.

    The zones of dates are added to the form.
    """
    compute = import_extra("pyarrow.compute", "frames")
    form = form or DateForm()
    if form.time_format is not None:
        times = dates_as_written(texts, form, where)
    else:
        times = _parse(texts, kind, form)
    if times is None and compute.all(compute.ends_with(texts, " UTC")).as_py():
        form.suffix = " UTC"
        plain = compute.replace_substring_regex(texts, " UTC$", "Z")
        times = _parse(plain, kind, form)
    if times is None:  # Python's numbers may have blanks around them
        trimmed = compute.utf8_trim(texts, characters=string.whitespace)
        times = _parse(trimmed, kind, form)
    if times is None and kind in (None, "M"):
        times = dates_as_written(texts, form, where)
    if times is None and (numbers := with_decimal_points(texts)) is not None:
        times = _parse(numbers, kind, form)
    if times is None:
        values = texts.to_pylist()
        try:
            times = as_times(values, where, "the times", kind)
        except ValueError as error:
            hint = f"{spelled('time_format')} says how others are written"
            raise ValueError(f"{str(error)[:-1]}; {hint}.") from error
        form.zones.add(zone_of(values))
    return times


def _parse(texts: Any, kind: str | None, form: DateForm) -> npt.NDArray[Any] | None:
    as_dates = partial(_as_dates, form=form)
    parsers: dict[str, Callable[[Any], Any]] = {
        "i": as_integers,
        "f": _as_floats,
        "M": as_dates,
    }
    tried = (parse(texts) for k, parse in parsers.items() if kind in (None, k))
    return next((times for times in tried if times is not None), None)


def as_integers(texts: Any) -> npt.NDArray[np.int64] | None:
    """Return integers if all texts are what these integers look like."""
    compute = import_extra("pyarrow.compute", "frames")
    integers = _cast(texts, "int64")
    if integers is None:
        return None
    is_canonical = compute.equal(integers.cast(texts.type), texts)
    return np.asarray(integers) if compute.all(is_canonical).as_py() else None


def _as_floats(texts: Any) -> npt.NDArray[np.float64] | None:
    """Return finite numbers if no integer among them is rounded."""
    compute = import_extra("pyarrow.compute", "frames")
    floats = _cast(texts, "float64")
    # Without any of these, all may be integers in a form that Arrow does not read.
    if floats is None or not any(
        compute.any(compute.match_substring(texts, mark)).as_py() for mark in ".eE"
    ):
        return None
    values = np.asarray(floats)
    return values if (np.abs(values) < _INEXACT).all() else None


def _as_dates(texts: Any, form: DateForm) -> npt.NDArray[np.datetime64] | None:
    """Return dates as precise as the texts, in UTC if they have an offset."""
    pyarrow = import_extra("pyarrow", "frames")
    compute = import_extra("pyarrow.compute", "frames")
    for zone in (None, "UTC"):
        dates = _cast(texts, pyarrow.timestamp("us", zone))
        if dates is not None:
            values = np.asarray(dates.cast("int64")).view("datetime64[us]")
            if not _FIRST < values.min() <= values.max() < _LAST:
                return None
            lengths = np.asarray(compute.utf8_length(texts)) - len("2024-01-01")
            zones, of_zone = _read_zones(texts) if zone else ({None}, 0)
            form.zones |= zones
            unit = unit_of_clock(int((lengths - of_zone).max()))
            return values.astype(f"datetime64[{unit}]")
    return None


def _read_zones(texts: Any) -> tuple[set[str | None], npt.NDArray[np.int64]]:
    """Return the zones of ISO 8601 texts that all have one, and how long each is."""
    compute = import_extra("pyarrow.compute", "frames")
    ends = compute.utf8_slice_codeunits(texts, -6)
    different = compute.unique(ends)
    codes = np.asarray(compute.index_in(ends, value_set=different))
    zones = [END_OF_ISO.findall(end)[0][0] for end in different.to_pylist()]
    return set(map(zone_of_text, zones)), np.array(list(map(len, zones)))[codes]


def _cast(texts: Any, kind: Any) -> Any | None:
    """Cast texts, after some of them, as Arrow takes long over many that it cannot."""
    pyarrow = import_extra("pyarrow", "frames")
    rows = np.linspace(0, len(texts) - 1, _N_TRIED, dtype=int)
    try:
        texts.take(rows).cast(kind)
        return texts.cast(kind)
    except pyarrow.ArrowInvalid:
        return None
