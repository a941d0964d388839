"""Steam: who reviewed which game when, from a file the user has."""

import ast
import os
import re
from pathlib import Path
from typing import Any

from sklearn.utils import Bunch

from skdiffuasr.datasets.reviews import existing, read_reviews

DESCRIPTION = """\
Steam reviews, collected by Wang-Cheng Kang and Julian McAuley; for academic use.

W.-C. Kang and J. McAuley. 2018. Self-Attentive Sequential Recommendation. ICDM.
"""

HOW_TO_GET = (
    "Download steam_reviews.json.gz from "
    "https://cseweb.ucsd.edu/~jmcauley/datasets.html#steam_data and name it."
)

_FIELDS = ("username", "product_id", "date")

_STRING = r"""u?(?:'(?:[^'\\]++|\\.)*+'|"(?:[^"\\]++|\\.)*+")"""
_VALUE = rf"(?:{_STRING}|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|True|False|None)"
_FLAT_DICTIONARY = re.compile(
    rf"\{{{_STRING}: {_VALUE}(?:, {_STRING}: {_VALUE})*+\}}\s*"
)
_PAIR = re.compile(rf"({_STRING}): ({_VALUE})")


def load_steam(path: str | os.PathLike[str]) -> Bunch:
    """Load the reviews of Steam from a file you have downloaded.

    The lines are Python dictionaries, not JSON; they are parsed as literals, and
    nothing in them is run.

    Parameters
    ----------
    path : str or path-like
        ``steam_reviews.json.gz``, which may be unpacked.

    Returns
    -------
    bunch : Bunch
        With `interactions` (`Interactions`; users by name, times are dates; reviews of
        one day keep their order in the file) and `DESCR`.

    Raises
    ------
    FileNotFoundError
        If the file is not there; the message says where to get it.
    ImportError
        If pyarrow is not installed.
    ValueError
        If a line cannot be read.

    Examples
    --------
    >>> from skdiffuasr.datasets import load_steam
    >>> bunch = load_steam("steam_reviews.json.gz")  # doctest: +SKIP
    """
    path = existing(Path(path), HOW_TO_GET)
    interactions = read_reviews(path, _FIELDS, parse=_parse_line)
    return Bunch(interactions=interactions, DESCR=DESCRIPTION)


def _parse_line(line: str) -> Any:
    """Parse the fields of interest alone, for speed."""
    if _FLAT_DICTIONARY.fullmatch(line) is None:
        return _parse_python(line)
    literals = {_parse_value(key): value for key, value in _PAIR.findall(line)}
    return {name: _parse_value(literals[name]) for name in _FIELDS}


def _parse_value(literal: str) -> Any:
    if literal[-1] in "'\"" and "\\" not in literal:
        return literal.removeprefix("u")[1:-1]
    return _parse_python(literal)


def _parse_python(literal: str) -> Any:
    """Parse a literal as Python prints it, without running anything."""
    try:
        return ast.literal_eval(literal)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"it is not a Python literal: {error}") from error
