"""``skdiffuasr recommend``: the best items of every user, to a file."""

import argparse
from pathlib import Path

import numpy as np

from skdiffuasr.cli.models import recommender_of
from skdiffuasr.cli.options import (
    add_log_options,
    add_output_options,
    add_parameters,
    check_output,
    number,
    read_log,
)
from skdiffuasr.cli.progress import say
from skdiffuasr.datasets.writers import write_columns
from skdiffuasr.persistence import load


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Recommend k items to every user of LOG: rows of user, item, rank "
        "from 1 and score, best first."
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="made by `fit`")
    add_log_options(parser)
    add_output_options(parser, "CSV, TSV, text or Parquet file, by its ending")
    parser.add_argument("-k", "--k", **number("N", "items of a user", default=10))
    parser.add_argument(
        "--keep-seen",
        action="store_true",
        help="recommend items of the user's history too",
    )
    add_parameters(parser, ["device"])


def run(options: argparse.Namespace) -> int:
    """Recommend and write."""
    check_output(options)
    model = load(options.model, device=options.device)
    recommender = recommender_of(model)
    augmented = histories = read_log(options).to_sequences()
    for _, step in getattr(model, "steps", [])[:-1]:
        augmented = step.transform(augmented)
    items, scores = recommender.recommend(
        augmented, k=options.k, filter_seen=not options.keep_seen
    )
    n_users, k = items.shape
    columns = {
        "user": np.repeat(
            histories.to_interactions()["user"][histories.offsets[:-1]], k
        ),
        "item": items.ravel(),
        "rank": np.tile(np.arange(1, k + 1), n_users),
        "score": scores.ravel(),
    }
    write_columns(columns, options.output, overwrite=options.force)
    say(options, f"{k} items for each of {n_users} users are in {options.output}.")
    return 0
