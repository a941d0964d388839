"""MovieLens: who rated which film when."""

import csv
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import Bunch

from skdiffuasr.datasets.download import fetch_file
from skdiffuasr.datasets.interactions import Interactions

URL = "https://files.grouplens.org/datasets/movielens/"

DESCRIPTION = """\
MovieLens {version}: ratings of films with times, collected by GroupLens Research at the
University of Minnesota. Free for research with acknowledgement, not for commercial use
without permission; see the README in the archive for the terms.

F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and
Context. ACM Transactions on Interactive Intelligent Systems 5, 4, article 19.
"""


class _Version(NamedTuple):
    md5: str | None  # None where the archive is replaced from time to time
    ratings: str
    films: str
    separator: str
    encoding: str
    has_header: bool


_MD5_100K = "0e33842e24a9c977be4e0107933c0723"
_MD5_1M = "c4d9eecfca2ab87c1945afe126590906"
# The archive of version 100k is ml-100k.zip, and its files lie in the folder ml-100k.
_VERSIONS = {
    "100k": _Version(_MD5_100K, "u.data", "u.item", "\t", "latin-1", False),
    "1m": _Version(_MD5_1M, "ratings.dat", "movies.dat", "::", "latin-1", False),
    "latest-small": _Version(None, "ratings.csv", "movies.csv", ",", "utf-8", True),
}

# Damaged archives, those without a file, and those that are encrypted raise these.
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)

# Flags at the end of a line of u.item, as the README of 100k lists them.
_GENRES = (
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama "
    "Fantasy Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
).split()


def fetch_movielens(
    version: str = "100k",
    *,
    min_rating: float | None = None,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Bunch:
    """Fetch ratings of films, with times.

    Parameters
    ----------
    version : {"100k", "1m", "latest-small"}, default="100k"
        100,000 or a million ratings that never change, or a small dataset that does.
    min_rating : float, default=None
        Leave out lower ratings, of 0.5 or 1 to 5. None takes every rating as an
        interaction.
    data_home : str or path-like, default=None
        Folder of the downloads; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the archive if it is not there.
    n_retries : int, default=3
        How often to try again when the network or the server fails.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    bunch : Bunch
        With `interactions` (`Interactions`; times are seconds since 1970 in UTC),
        `item_attributes` (dict of film to list of genres, as `S3RecEstimator` takes
        it), `item_names` (dict of film to title) and `DESCR`.

    Raises
    ------
    OSError
        If the archive is not there and cannot or must not be downloaded.
    ValueError
        If the version is not known, the archive is not the published one or cannot be
        read, or no rating is left.

    Examples
    --------
    >>> from skdiffuasr.datasets import fetch_movielens
    >>> bunch = fetch_movielens("100k", min_rating=4)  # doctest: +SKIP
    >>> bunch.interactions  # doctest: +SKIP
    Interactions(n=55375, n_users=942, n_items=1447, time=874724710..893286638)
    """
    if version not in _VERSIONS:
        raise ValueError(f"version must be one of {list(_VERSIONS)}, got {version!r}.")
    chosen = _VERSIONS[version]
    path = fetch_file(
        f"{URL}ml-{version}.zip",
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
        md5=chosen.md5,
    )
    ratings = _read_ratings(path, chosen)
    if min_rating is not None:
        ratings = ratings[ratings["rating"] >= min_rating]
        if not len(ratings):
            raise ValueError(f"No rating of {path.name} is at least {min_rating}.")
    names, attributes = _read_films(path, chosen)
    columns = (ratings[column].copy() for column in ("user", "item", "time"))
    return Bunch(
        interactions=Interactions(*columns),
        item_attributes=attributes,
        item_names=names,
        DESCR=DESCRIPTION.format(version=version),
    )


def _read_ratings(path: Path, version: _Version) -> Any:
    """Return a structured array of user, item, rating and time."""
    lines = _read_lines(path, version.ratings, version)
    if not lines:
        raise ValueError(f"{path}, {version.ratings}: there are no ratings.")
    try:
        return np.loadtxt(
            [line.replace(version.separator, "\t") for line in lines],
            dtype=[("user", "i8"), ("item", "i8"), ("rating", "f8"), ("time", "i8")],
            delimiter="\t",
            ndmin=1,
        )
    except ValueError as error:
        raise ValueError(f"{path}, {version.ratings}: {error}") from error


def _read_films(
    path: Path, version: _Version
) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Return the title and the genres of each film."""
    lines = _read_lines(path, version.films, version)
    separator = "|" if version.separator == "\t" else version.separator
    rows: Iterable[list[str]] = (line.split(separator) for line in lines)
    if separator == ",":
        rows = csv.reader(lines)
    names, genres = {}, {}
    for number, fields in enumerate(rows, start=1):
        try:
            film = int(fields[0])
            names[film] = fields[1]
            if separator == "|":
                flags = zip(_GENRES, fields[-len(_GENRES) :], strict=True)
                genres[film] = [name for name, flag in flags if flag == "1"]
            elif fields[2] in ("", "(no genres listed)"):
                genres[film] = []
            else:
                genres[film] = fields[2].split("|")
        except (ValueError, IndexError) as error:
            raise ValueError(
                f"{path}, {version.films}, film {number}: {fields} cannot be read: "
                f"{error}"
            ) from error
    return names, genres


def _read_lines(path: Path, name: str, version: _Version) -> list[str]:
    """Return the lines of a file in an archive, but for the header and blank ones."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{path.stem}/{name}").decode(version.encoding)
    except (*_ERRORS, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} cannot be read: {error}. Remove it to download it again."
        ) from error
    lines = [line.removesuffix("\r") for line in text.split("\n") if line.strip()]
    return lines[1:] if version.has_header else lines
