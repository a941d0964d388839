"""Texts in an Arrow array to ids, without a Python object for each."""

import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.text_times import as_integers
from skdiffuasr.sequences.ids import as_ids

#: Bytes of an id in a text file.
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
    codes, texts = np.asarray(coded.indices), coded.dictionary

    def first(code: int) -> str:
        return where(int((codes == code).argmax()))

    if not is_typed:
        texts = _trimmed(texts, first)
        ids = as_integers(texts) if may_be_integers else None
    return (as_ids(texts, "ids", first) if ids is None else ids)[codes]


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


def _trimmed(texts: Any, first: Callable[[int], str]) -> Any:
    """Return ids without blanks around them; refuse what no id is meant to be."""
    compute = import_extra("pyarrow.compute", "frames")
    texts = compute.utf8_trim_whitespace(texts)
    refused = {
        "is empty": compute.equal(texts, ""),
        "has a line break in it; a quote may be missing": compute.match_substring_regex(
            texts, "[\r\n]"
        ),
        f"has more than {MAX_LENGTH} bytes; a quote may be missing": compute.greater(
            compute.binary_length(texts), MAX_LENGTH
        ),
    }
    for reason, is_refused in refused.items():
        code = compute.index(is_refused, True).as_py()
        if code >= 0:
            text = texts[code].as_py()
            shown = f" {reprlib.repr(text)}" if text else ""
            raise ValueError(f"{first(code)}{shown} {reason}.")
    return texts
