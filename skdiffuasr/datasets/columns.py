"""Columns of a file, as Arrow reads them, to ids, times and marks of pseudo items."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.datasets.text_times import as_integers, parse_times, text_times
from skdiffuasr.sequences.ids import as_ids, show
from skdiffuasr.sequences.table import as_flags
from skdiffuasr.sequences.times import as_times

#: Columns by name.
Columns = Mapping[str, npt.NDArray[Any]]

#: Bytes of an id in a text file.
MAX_LENGTH = 2**17

_FLAGS = {"0": False, "1": True, "false": False, "true": True}
_KINDS = {"i": "integers", "U": "strings"}


class Table(NamedTuple):
    """The columns of a file, a batch of rows after the other.

    Parameters
    ----------
    source : str
        What error messages call the file.
    batches : iterator of dict of str to pyarrow.Array or list
        Columns user, item and perhaps time, is_pseudo and rating; lists are of objects
        that Arrow has no common type for.
    where : callable(str, int) -> str
        Names a row of a column in an error message.
    is_typed : bool
        Whether the file has types. If not, ids are integers if all look like it.
    """

    source: str
    batches: Iterator[dict[str, Any]]
    where: Callable[[str, int], str]
    is_typed: bool


def read_whole(table: Table) -> dict[str, npt.NDArray[Any]]:
    """Read all rows.

    Raises
    ------
    TypeError, ValueError
        If there are none, or an id, a time or a mark is missing or cannot be read; the
        message names the row.
    """
    batches = [
        {role: _parsed(role, batch[role], table.is_typed) for role in batch}
        for batch in table.batches
        if len(batch["user"])
    ]
    if not batches:
        raise ValueError(f"{table.source}: the file holds no interactions.")
    # What parsing took and gave back is then free for the arrays.
    import_extra("pyarrow", "frames").default_memory_pool().release_unused()
    # One column after the other, so that its texts are gone when the next is made.
    return {
        role: _convert(
            role, _joined([batch.pop(role) for batch in batches], table.is_typed), table
        )
        for role in list(batches[0])
    }


def read_parts(table: Table, n_rows: int) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Read some rows at a time.

    Ids, and times that are texts, are of the kind of those of the first rows.

    Raises
    ------
    TypeError, ValueError
        See `read_whole`; or if ids or times are of another kind than those before.
    """
    n_read = 0
    kinds: dict[str, str] = {}
    for batch in table.batches:
        for start in range(0, len(batch["user"]), n_rows):
            part = {
                role: _convert(
                    role,
                    column[start : start + n_rows],
                    table,
                    n_read + start,
                    kinds.get(role),
                )
                for role, column in batch.items()
            }
            kinds = {role: column.dtype.kind for role, column in part.items()}
            yield part
        n_read += len(batch["user"])
    if not n_read:
        raise ValueError(f"{table.source}: the file holds no interactions.")


def _joined(chunks: list[Any], is_typed: bool) -> Any:
    """Join the chunks of a column; to a list if they are not of one Arrow type."""
    pyarrow = import_extra("pyarrow", "frames")
    types = {getattr(chunk, "type", None) for chunk in chunks}
    if len(types) > 1 and not is_typed:
        # The same texts again, but for numbers, which Arrow writes as integers.
        number = pyarrow.float64()
        chunks = [
            chunk if chunk.type == number else chunk.cast("string") for chunk in chunks
        ]
        types = {chunk.type for chunk in chunks}
    if len(types) > 1 or None in types:
        return list(chain.from_iterable(map(_as_list, chunks)))
    return pyarrow.chunked_array(chunks)


def _as_list(column: Any) -> list[Any]:
    return column if isinstance(column, list) else column.to_pylist()


def _parsed(role: str, column: Any, is_typed: bool) -> Any:
    """Take the integers or times that texts look like, which need less memory."""
    pyarrow = import_extra("pyarrow", "frames")
    values = None
    if role == "time" and _is_text(column):
        values = parse_times(column, "M" if is_typed else None)
    elif role != "is_pseudo" and not is_typed:
        values = as_integers(column)
    return column if values is None else pyarrow.array(values)


def _convert(
    role: str, column: Any, table: Table, first_row: int = 0, kind: str | None = None
) -> npt.NDArray[Any]:
    """Return a column, or the part of it that begins at `first_row`, as an array."""

    def where(row: int) -> str:
        return table.where(role, first_row + row)

    if getattr(column, "null_count", 0):
        row = int(np.asarray(column.is_null()).argmax())
        raise ValueError(f"{where(row)} is missing; drop such rows first.")
    if role in ("time", "rating"):
        if _is_text(column):
            return text_times(column, where, kind)
        values = column if isinstance(column, list) else np.asarray(column)
        return as_times(values, where, f"the {role}s", kind)
    if role == "is_pseudo":
        return _as_flags(column, where, table.is_typed)
    if not _is_text(column):
        ids = as_ids(column, f"{table.source}: the {role}s", where)
    else:
        ids = _text_ids(column, where, table.is_typed, kind)
    if kind is not None and ids.dtype.kind != kind:
        _raise_other_kind(ids[0].item(), where(0), kind)
    return ids


def _text_ids(
    column: Any, where: Callable[[int], str], is_typed: bool, kind: str | None
) -> IdArray:
    """Return texts as ids; without types, as integers if that is what they look like.

    `kind` is that of the ids before these, and these become the same.
    """
    if not is_typed and kind != "U":
        integers = as_integers(column)
        if integers is not None:
            return integers
    codes, texts = _codes_and_texts(column)

    def first(code: int) -> str:
        return where(int((codes == code).argmax()))

    if not is_typed:
        texts = _readable(texts, first)
        integers = None if kind == "U" else as_integers(texts)
        if integers is not None:
            return integers[codes]
        if kind == "i":
            rows = range(len(codes))
            row = next(r for r in rows if as_integers(texts.take([codes[r]])) is None)
            _raise_other_kind(texts[codes[row]].as_py(), where(row), kind)
    return as_ids(texts, "ids", first)[codes]


def _readable(texts: Any, first: Callable[[int], str]) -> Any:
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


def _as_flags(
    column: Any, where: Callable[[int], str], is_typed: bool
) -> npt.NDArray[np.bool_]:
    """Return which items are pseudo items."""
    if is_typed:
        values = column if isinstance(column, list) else np.asarray(column)
        return as_flags(values, where, "is_pseudo")
    codes, texts = _codes_and_texts(column)
    flags = [_FLAGS.get(text.strip().lower()) for text in texts.to_pylist()]
    if None in flags:
        code = flags.index(None)
        raise ValueError(
            f"{where(int((codes == code).argmax()))} is {texts[code].as_py()!r}; "
            "accepted are 0 and 1, or false and true."
        )
    return np.array(flags, dtype=bool)[codes]


def _raise_other_kind(value: Any, where: str, kind: str) -> NoReturn:
    raise ValueError(
        f"{where} is {show(value)}, but the ids before it are {_KINDS[kind]}; a "
        "Parquet file says of which type its columns are."
    )


def _codes_and_texts(column: Any) -> tuple[npt.NDArray[Any], Any]:
    """Return the codes of texts, and the texts that differ."""
    is_coded = hasattr(column.type, "value_type")
    if not is_coded:
        column = column.cast("large_string")  # or joined texts have 2 GiB at most
    if hasattr(column, "chunks"):
        column = column.unify_dictionaries().combine_chunks()
    if not is_coded:
        column = column.dictionary_encode()
    return np.asarray(column.indices), column.dictionary


def _is_text(column: Any) -> bool:
    kind = getattr(column, "type", None)
    kind = getattr(kind, "value_type", kind)
    return str(kind) in ("string", "large_string", "string_view")
