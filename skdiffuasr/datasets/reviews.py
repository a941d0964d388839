"""Reviews of Amazon, Steam and Yelp, with one object per line."""

import ast
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skdiffuasr.datasets.blocks import blocks_of, read_blocks
from skdiffuasr.datasets.columns import read_whole
from skdiffuasr.datasets.download import fetch_file
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.json_lines import json_table

AMAZON_CATEGORIES = tuple(
    "Amazon_Instant_Video Apps_for_Android Automotive Baby Beauty Books CDs_and_Vinyl "
    "Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry Digital_Music Electronics "
    "Grocery_and_Gourmet_Food Health_and_Personal_Care Home_and_Kitchen Kindle_Store "
    "Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden "
    "Pet_Supplies Sports_and_Outdoors Tools_and_Home_Improvement Toys_and_Games "
    "Video_Games".split()
)
"""Categories of `fetch_amazon`."""

AMAZON_URL = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/"

AMAZON = """\
Amazon reviews of 2014, category {category}, 5-core: every user and every product has at
least five reviews. Collected by Julian McAuley; for academic use.

R. He and J. McAuley. 2016. Ups and Downs: Modeling the Visual Evolution of Fashion
Trends with One-Class Collaborative Filtering. WWW.
J. McAuley, C. Targett, J. Shi and A. van den Hengel. 2015. Image-based Recommendations
on Styles and Substitutes. SIGIR.
"""

STEAM = """\
Steam reviews, collected by Wang-Cheng Kang and Julian McAuley; for academic use.

W.-C. Kang and J. McAuley. 2018. Self-Attentive Sequential Recommendation. ICDM.
"""

STEAM_SOURCE = (
    "Download steam_reviews.json.gz from "
    "https://cseweb.ucsd.edu/~jmcauley/datasets.html#steam_data and name it."
)

YELP = """\
Yelp Open Dataset: reviews of businesses, for academic and personal use under Yelp's
Dataset License.
"""

YELP_SOURCE = (
    "Agree to the terms at https://www.yelp.com/dataset, download the JSON archive and "
    "name it, or yelp_academic_dataset_review.json from it."
)

# Names of user, item, time and rating in an object.
_AMAZON_FIELDS = ("reviewerID", "asin", "unixReviewTime", "overall")
_STEAM_FIELDS = ("username", "product_id", "date")
_YELP_FIELDS = ("user_id", "business_id", "date", "stars")

# The name has changed between the releases.
_YELP_MEMBERS = ("yelp_academic_dataset_review.json", "review.json")

# Python dictionaries of plain values, which Steam's lines mostly are.
_STRING = r"""u?(?:'(?:[^'\\]++|\\.)*+'|"(?:[^"\\]++|\\.)*+")"""
_VALUE = rf"(?:{_STRING}|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|True|False|None)"
_FLAT_DICTIONARY = re.compile(
    rf"\{{{_STRING}: {_VALUE}(?:, {_STRING}: {_VALUE})*+\}}\s*"
)
_PAIR = re.compile(rf"({_STRING}): ({_VALUE})")


def fetch_amazon(
    category: str = "Beauty",
    *,
    min_rating: float | None = None,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Bunch:
    """Fetch the 5-core reviews of a category.

    Times are days: reviews of one day keep their order in the file, which says little.

    Parameters
    ----------
    category : str, default="Beauty"
        One of `AMAZON_CATEGORIES`.
    min_rating : float, default=None
        Leave out reviews with fewer stars, of 1 to 5. None takes every review as an
        interaction.
    data_home, download_if_missing, n_retries, delay
        See `fetch_movielens`.

    Returns
    -------
    bunch : Bunch
        With `interactions` (`Interactions`; times are seconds since 1970 in UTC) and
        `DESCR`.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    OSError
        If the file is not there and cannot or must not be downloaded.
    ValueError
        If the category is not known, or the file cannot be read or has changed.
    """
    if category not in AMAZON_CATEGORIES:
        raise ValueError(
            f"category must be one of {', '.join(AMAZON_CATEGORIES)}, got {category!r}."
        )
    path = fetch_file(
        f"{AMAZON_URL}reviews_{category}_5.json.gz",
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    try:
        interactions = _read_reviews(path, _AMAZON_FIELDS, min_rating=min_rating)
    except ValueError as error:
        raise ValueError(f"{error} If {path} is damaged, remove it.") from error
    return Bunch(interactions=interactions, DESCR=AMAZON.format(category=category))


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
    """
    path = _existing(path, STEAM_SOURCE)
    interactions = _read_reviews(path, _STEAM_FIELDS, parse=_parse_line)
    return Bunch(interactions=interactions, DESCR=STEAM)


def load_yelp(
    path: str | os.PathLike[str],
    *,
    min_rating: float | None = None,
    first_date: str | None = None,
    last_date: str | None = None,
) -> Bunch:
    """Load the reviews of the Yelp Open Dataset from a file you have downloaded.

    Parameters
    ----------
    path : str or path-like
        ``yelp_academic_dataset_review.json``, which may be gzipped, or the whole
        ``yelp_dataset.tar``; nothing is unpacked to disk.
    min_rating : float, default=None
        Leave out reviews with fewer stars, of 1 to 5.
    first_date, last_date : str, default=None
        Leave out reviews before and after, as ``"2019-01-01"``; both days are kept.
        Many papers use 2019 alone, without saying so in their tables.

    Returns
    -------
    bunch : Bunch
        With `interactions` (`Interactions`; times are dates in seconds) and `DESCR`.

    Raises
    ------
    FileNotFoundError
        If the file is not there; the message says where to get it.
    ImportError
        If pyarrow is not installed.
    ValueError
        If a date or a line cannot be read, the archive has no reviews, or no review is
        left.

    Examples
    --------
    >>> from skdiffuasr.datasets import load_yelp
    >>> path = "yelp_academic_dataset_review.json"
    >>> bunch = load_yelp(path, first_date="2019-01-01")  # doctest: +SKIP
    """
    path = _existing(path, YELP_SOURCE)
    is_archive = any(suffix in (".tar", ".tgz") for suffix in path.suffixes)
    interactions = _read_reviews(
        path,
        _YELP_FIELDS,
        read=_read_archive if is_archive else read_blocks,
        min_rating=min_rating,
        first_day=_check_date(first_date, "first_date"),
        last_day=_check_date(last_date, "last_date"),
    )
    return Bunch(interactions=interactions, DESCR=YELP)


def _read_reviews(
    path: Path,
    fields: tuple[str, ...],
    *,
    read: Callable[[Path], Iterator[bytes]] = read_blocks,
    parse: Callable[[str], Any] = json.loads,
    min_rating: float | None = None,
    first_day: np.datetime64 | None = None,
    last_day: np.datetime64 | None = None,
) -> Interactions:
    """Read the reviews of some days with at least `min_rating`.

    `fields` names the fields user, item, time and perhaps rating; see `json_table`.
    """
    columns = dict(zip(("user", "item", "time", "rating"), fields, strict=False))
    if min_rating is None:
        columns.pop("rating", None)
    log = read_whole(json_table(partial(read, path), path.name, columns, parse=parse))
    is_kept = np.ones(len(log["user"]), dtype=bool)
    if min_rating is not None:
        is_kept &= log["rating"] >= min_rating
    if first_day is not None:
        is_kept &= log["time"] >= first_day
    if last_day is not None:
        is_kept &= log["time"] < last_day + 1
    if not is_kept.any():
        raise ValueError(f"{path.name}: there are no interactions.")
    rows: Any = slice(None) if is_kept.all() else is_kept  # a slice copies nothing
    return Interactions(log["user"][rows], log["item"][rows], log["time"][rows])


def _existing(path: str | os.PathLike[str], how_to_get: str) -> Path:
    """Return the path of a file; raise FileNotFoundError if it is not there."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. {how_to_get}")
    return path


def _check_date(day: str | None, name: str) -> np.datetime64 | None:
    """Return a day."""
    if day is None:
        return None
    try:
        return np.datetime64(date.fromisoformat(day))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be like '2019-01-31', got {day!r}.") from error


def _read_archive(path: Path) -> Iterator[bytes]:
    """Yield blocks of the reviews in an archive, which may be compressed."""
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name in _YELP_MEMBERS:
                    file: Any = archive.extractfile(member)
                    yield from blocks_of(file)
                    return
    except (EOFError, UnicodeDecodeError, tarfile.TarError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    raise ValueError(f"{path} has no file {' or '.join(_YELP_MEMBERS)}.")


def _parse_line(line: str) -> Any:
    """Parse the fields of interest alone, for speed."""
    if _FLAT_DICTIONARY.fullmatch(line) is None:
        return _parse_python(line)
    literals = {_parse_value(key): value for key, value in _PAIR.findall(line)}
    return {name: _parse_value(literals[name]) for name in _STEAM_FIELDS}


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
