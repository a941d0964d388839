"""Texts in an Arrow array to ids, without a Python object for each."""

import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.text_times import as_integers
from skdiffuasr.sequences.ids import as_ids

#: Characters of an id in a text file.
MAX_LENGTH = 2**17

# Bytes of ids that are padded to the longest without further thought.
_SHORT = 64


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
