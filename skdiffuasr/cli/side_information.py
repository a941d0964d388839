"""Attributes and features of items, read from the files that options name."""

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skdiffuasr._extras import import_extra
from skdiffuasr._files import open_text
from skdiffuasr._typing import IdArray
from skdiffuasr.sequences.vocabulary import rows_by_index

_FILES = {
    "attributes": "JSON object of item id to list of attributes; may end in .gz",
    "features": "Parquet or CSV file with a header, or vectors in a list column of "
    "Parquet: the first column has the item ids, the others numbers",
}


def add_side_information(parser: Any) -> None:
    """Add the files, for whatever takes them, to a parser or a group."""
    for name, what in _FILES.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    parser.add_argument(
        "--include-cold-items",
        action="store_const",
        const=True,
        help="recommend items that these files have and LOG has not, too",
    )


def read_side_information(
    options: argparse.Namespace, items: IdArray
) -> dict[str, Any]:
    """Read the files that were given, as parameters of estimators by name.

    Item ids become integers if `items`, those of the log, are integers.
    """
    are_integers = items.dtype.kind in "iu"
    parameters: dict[str, Any] = {}
    if options.attributes is not None:
        parameters["item_attributes"] = read_attributes(
            options.attributes, are_integers=are_integers
        )
    if options.features is not None:
        parameters["item_features"] = read_features(
            options.features, are_integers=are_integers
        )
    if options.include_cold_items:
        parameters["include_cold_items"] = True
    return parameters


def read_attributes(path: Path, *, are_integers: bool) -> dict[Any, Any]:
    """Read the attributes of each item from a JSON object, which may be compressed.

    The object may be under the key ``item2attributes``, as in the files of S3-Rec.
    """
    try:
        with open_text(path) as file:
            content = json.load(file)
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if isinstance(content, dict):
        content = content.get("item2attributes", content)
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must hold an object of item id to attributes, got "
            f"{type(content).__name__}."
        )
    ids = _ids_of_log(content, path, are_integers)
    return dict(zip(ids, content.values(), strict=True))


def read_features(path: Path, *, are_integers: bool) -> dict[Any, Any]:
    """Read the vector of each item from a table, or from a column of lists."""
    pandas = import_extra("pandas", "frames")
    try:
        if path.suffix == ".parquet":
            frame = pandas.read_parquet(path)
            frame = frame.reset_index(drop=frame.index.name is None)
        else:
            frame = pandas.read_csv(path, dtype={0: str})
    except (ValueError, pandas.errors.ParserError) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error
    frame = frame.set_index(frame.columns[0])
    rows_by_index(frame, str(path))
    if len(frame.columns) == 0:
        raise ValueError(
            f"{path} must have a column of item ids and others of numbers, got one "
            f"column."
        )
    vectors = frame.to_numpy()
    if len(frame.columns) == 1 and vectors.dtype == object:
        vectors = vectors[:, 0]
    ids = _ids_of_log(map(str, frame.index), path, are_integers)
    return dict(zip(ids, vectors, strict=True))


def _ids_of_log(
    ids: Iterable[str], path: Path, are_integers: bool
) -> list[int] | list[str]:
    """Return ids as the log has them; raise if it has integers, and these are not."""
    given = list(ids)
    if not are_integers:
        return given
    for item in given:
        if not re.fullmatch("0|-?[1-9][0-9]*", item):
            raise ValueError(
                f"{path} has the item id {item!r}, but the items of LOG are integers."
            )
    return [int(item) for item in given]
