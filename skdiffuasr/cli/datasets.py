"""``skdiffuasr datasets``: public datasets, fetched and written in one format."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from skdiffuasr.cli.options import add_output_options, check_output
from skdiffuasr.cli.progress import say
from skdiffuasr.datasets import (
    AMAZON_CATEGORIES,
    fetch_amazon,
    fetch_movielens,
    load_steam,
    load_yelp,
    write_interactions,
)

FETCHED: dict[str, Callable[..., Any]] = {
    "movielens-100k": partial(fetch_movielens, "100k"),
    "movielens-1m": partial(fetch_movielens, "1m"),
    "movielens-latest-small": partial(fetch_movielens, "latest-small"),
    **{
        f"amazon-{category.lower().replace('_', '-')}": partial(fetch_amazon, category)
        for category in AMAZON_CATEGORIES
    },
}
FROM_FILE: dict[str, Callable[..., Any]] = {"yelp": load_yelp, "steam": load_steam}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Without NAME, list the public datasets. Yelp and Steam have terms to "
        "agree to: download them yourself and name the file by --from."
    )
    parser.add_argument("name", nargs="?", metavar="NAME")
    add_output_options(parser, "log to write, by its ending", required=False)
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FILE", help="the downloaded file"
    )
    parser.add_argument(
        "--data-home", type=Path, metavar="DIR", help="folder of the downloads"
    )


def run(options: argparse.Namespace) -> int:
    """List, or fetch and write."""
    if options.name is None:
        print("\n".join(FETCHED))
        print("\n".join(f"{name} --from FILE" for name in FROM_FILE))
        return 0
    if options.name not in {**FETCHED, **FROM_FILE}:
        raise ValueError(f"{options.name!r} is not one of the datasets listed.")
    if options.output is None:
        raise ValueError("-o FILE must say where the dataset goes.")
    check_output(options)
    if options.name in FROM_FILE:
        if options.source is None:
            raise ValueError(f"{options.name} needs --from FILE, the downloaded file.")
        bunch = FROM_FILE[options.name](options.source)
    elif options.source is not None:
        raise ValueError(f"{options.name} is downloaded; drop --from.")
    else:
        bunch = FETCHED[options.name](data_home=options.data_home)
    write_interactions(bunch.interactions, options.output, overwrite=options.force)
    say(options, f"{bunch.interactions} was written to {options.output}.")
    return 0
