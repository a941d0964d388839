"""Yelp: who reviewed which business when, from a file the user has."""

import os
from pathlib import Path

from sklearn.utils import Bunch

from skdiffuasr.datasets.json_lines import open_lines, read_json_lines

DESCRIPTION = """\
Yelp Open Dataset: reviews of businesses, for academic and personal use under Yelp's
Dataset License.
"""

HOW_TO_GET = (
    "Agree to the terms at https://www.yelp.com/dataset, download the JSON archive, "
    "unpack yelp_academic_dataset_review.json and name it."
)


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
        ``yelp_academic_dataset_review.json``, which may be gzipped.
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
    ValueError
        If a line cannot be read, or no review is left.

    Examples
    --------
    >>> from skdiffuasr.datasets import load_yelp
    >>> path = "yelp_academic_dataset_review.json"
    >>> bunch = load_yelp(path, first_date="2019-01-01")  # doctest: +SKIP
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. {HOW_TO_GET}")
    interactions = read_json_lines(
        open_lines(path),
        path.name,
        ("user_id", "business_id", "date"),
        keep=lambda record: (
            (min_rating is None or record["stars"] >= min_rating)
            and (first_date is None or record["date"][:10] >= first_date)
            and (last_date is None or record["date"][:10] <= last_date)
        ),
    )
    return Bunch(interactions=interactions, DESCR=DESCRIPTION)
