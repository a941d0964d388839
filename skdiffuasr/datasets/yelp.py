"""Yelp: who reviewed which business when, from a file the user has."""

import os
import tarfile
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skdiffuasr.datasets.blocks import blocks_of, read_blocks
from skdiffuasr.datasets.reviews import existing, read_reviews

DESCRIPTION = """\
Yelp Open Dataset: reviews of businesses, for academic and personal use under Yelp's
Dataset License.
"""

HOW_TO_GET = (
    "Agree to the terms at https://www.yelp.com/dataset, download the JSON archive and "
    "name it, or yelp_academic_dataset_review.json from it."
)

_FIELDS = ("user_id", "business_id", "date", "stars")

# The name has changed between the releases.
_MEMBERS = ("yelp_academic_dataset_review.json", "review.json")


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
    path = existing(Path(path), HOW_TO_GET)
    is_archive = any(suffix in (".tar", ".tgz") for suffix in path.suffixes)
    interactions = read_reviews(
        path,
        _FIELDS,
        read=_read_archive if is_archive else read_blocks,
        min_rating=min_rating,
        first_day=_check_date(first_date, "first_date"),
        last_day=_check_date(last_date, "last_date"),
    )
    return Bunch(interactions=interactions, DESCR=DESCRIPTION)


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
                if member.isfile() and Path(member.name).name in _MEMBERS:
                    file: Any = archive.extractfile(member)
                    yield from blocks_of(file)
                    return
    except (EOFError, UnicodeDecodeError, tarfile.TarError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    raise ValueError(f"{path} has no file {' or '.join(_MEMBERS)}.")
