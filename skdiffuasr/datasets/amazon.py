"""Amazon reviews of 2014: who reviewed which product when."""

import os

from sklearn.utils import Bunch

from skdiffuasr.datasets.download import fetch_file
from skdiffuasr.datasets.reviews import read_reviews

URL = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/"

AMAZON_CATEGORIES = tuple(
    "Amazon_Instant_Video Apps_for_Android Automotive Baby Beauty Books CDs_and_Vinyl "
    "Cell_Phones_and_Accessories Clothing_Shoes_and_Jewelry Digital_Music Electronics "
    "Grocery_and_Gourmet_Food Health_and_Personal_Care Home_and_Kitchen Kindle_Store "
    "Movies_and_TV Musical_Instruments Office_Products Patio_Lawn_and_Garden "
    "Pet_Supplies Sports_and_Outdoors Tools_and_Home_Improvement Toys_and_Games "
    "Video_Games".split()
)
"""Categories of `fetch_amazon`."""

_FIELDS = ("reviewerID", "asin", "unixReviewTime", "overall")

DESCRIPTION = """\
Amazon reviews of 2014, category {category}, 5-core: every user and every product has at
least five reviews. Collected by Julian McAuley; for academic use.

R. He and J. McAuley. 2016. Ups and Downs: Modeling the Visual Evolution of Fashion
Trends with One-Class Collaborative Filtering. WWW.
J. McAuley, C. Targett, J. Shi and A. van den Hengel. 2015. Image-based Recommendations
on Styles and Substitutes. SIGIR.
"""


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

    Examples
    --------
    >>> from skdiffuasr.datasets import fetch_amazon
    >>> bunch = fetch_amazon("Beauty")  # doctest: +SKIP
    """
    if category not in AMAZON_CATEGORIES:
        raise ValueError(
            f"category must be one of {', '.join(AMAZON_CATEGORIES)}, got {category!r}."
        )
    path = fetch_file(
        f"{URL}reviews_{category}_5.json.gz",
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    try:
        interactions = read_reviews(path, _FIELDS, min_rating=min_rating)
    except ValueError as error:
        raise ValueError(f"{error} If {path} is damaged, remove it.") from error
    return Bunch(interactions=interactions, DESCR=DESCRIPTION.format(category=category))
