"""Interaction logs: fetch, read, filter and write them, or draw synthetic ones."""

from skdiffuasr.datasets.download import clear_data_home, get_data_home
from skdiffuasr.datasets.filtering import k_core
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.movielens import fetch_movielens
from skdiffuasr.datasets.readers import iter_interactions, read_interactions
from skdiffuasr.datasets.rectools import to_rectools
from skdiffuasr.datasets.reviews import (
    AMAZON_CATEGORIES,
    fetch_amazon,
    load_steam,
    load_yelp,
)
from skdiffuasr.datasets.synthetic import make_sequences
from skdiffuasr.datasets.writers import write_columns, write_interactions

__all__ = [
    "AMAZON_CATEGORIES",
    "Interactions",
    "clear_data_home",
    "fetch_amazon",
    "fetch_movielens",
    "get_data_home",
    "iter_interactions",
    "k_core",
    "load_steam",
    "load_yelp",
    "make_sequences",
    "read_interactions",
    "to_rectools",
    "write_columns",
    "write_interactions",
]
