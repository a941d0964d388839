"""``skdiffuasr recommend``: the best items of every user, to a file."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.cli.id_files import IDS_HELP, IdFile
from skdiffuasr.cli.known_items import KnownItems
from skdiffuasr.cli.models import recommender_of
from skdiffuasr.cli.options import (
    add_log_options,
    add_output_options,
    add_parameters,
    check_output,
    column_options,
    number,
    read_log,
    say_columns,
)
from skdiffuasr.datasets import Interactions, iter_interactions
from skdiffuasr.datasets.columns import Columns
from skdiffuasr.datasets.parquet import parquet_writer
from skdiffuasr.datasets.readers import open_table
from skdiffuasr.datasets.writers import write_columns
from skdiffuasr.persistence import load
from skdiffuasr.recommenders.pipelines import recommend_columns

#: Rows of a Parquet file that are read at a time if there are more.
PART_ROWS = 1_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Recommend k items to every user of LOG: rows of user, item, rank from 1, "
        "score (the log-probability of being the next item), and is_fallback, which "
        "is 1 where the model knows no item of the user and recommends the most "
        "popular ones. Users for whom fewer than k items are left get fewer. From a "
        "Parquet file of more than a million rows, sorted by user, to another, users "
        "are read and written in parts, however many there are."
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
    parser.add_argument(
        "--users", type=Path, metavar="FILE", help=f"only to these users: {IDS_HELP}"
    )
    parser.add_argument(
        "--candidates", type=Path, metavar="FILE", help=f"only these items: {IDS_HELP}"
    )
    add_parameters(parser, ["device"])


def run(options: argparse.Namespace) -> int:
    """Recommend and write."""
    check_output(options)
    model = load(options.model, device=options.device)
    item_ids = recommender_of(model).item_ids_
    settings: dict[str, Any] = {
        "filter_seen": not options.keep_seen,
        "response_method": "predict_log_proba",
        "unknown_candidates": "ignore",
    }
    if options.candidates is not None:
        settings["candidates"] = _candidates(options.candidates, item_ids)
    users = options.users and IdFile(options.users, "users", "LOG")
    known = KnownItems(item_ids)
    n_rows = n_users = n_full = n_fallback = 0
    with _writer(options) as write:
        for log in _parts(options):
            histories = log.to_sequences()
            is_asked = np.ones(len(histories), dtype=bool)
            if users is not None:
                ids = np.asarray(histories.user_ids)
                is_asked = np.isin(ids, users.like(ids))
            known.add(histories, is_asked)
            n_users += int(is_asked.sum())
            if is_asked.any():
                columns = recommend_columns(
                    model, histories[is_asked], options.k, **settings
                )
                write(columns | {"is_fallback": columns["is_fallback"].astype(np.int8)})
                n_rows += len(columns["user"])
                n_full += int((columns["rank"] == options.k).sum())
                n_fallback += int(columns["is_fallback"][columns["rank"] == 1].sum())
        if users is not None:
            users.report(n_users)
        known.report()
    print(f"{n_rows} items for {n_users} users are in {options.output}.")
    if n_full < n_users:
        print(f"{n_users - n_full} users get fewer than {options.k} items.")
    if n_fallback:
        print(f"{n_fallback} users get the most popular items (is_fallback).")
    return 0


def _candidates(path: Path, item_ids: IdArray) -> IdArray:
    """Read the items that may be recommended; some of them must be known."""
    file = IdFile(path, "items", "MODEL")
    candidates = file.like(item_ids)
    file.report(int(np.isin(item_ids, candidates).sum()))
    return candidates


def _parts(options: argparse.Namespace) -> Iterator[Interactions]:
    """Read LOG as a whole, or some users at a time if it may be larger than memory."""
    if {options.log.suffix, options.output.suffix} == {".parquet"}:
        parquet = import_extra("pyarrow.parquet", "frames")
        if parquet.read_metadata(options.log).num_rows > PART_ROWS:
            columns = column_options(options)
            say_columns(options, open_table(options.log, **columns).use)
            yield from iter_interactions(
                options.log, **columns, max_interactions=PART_ROWS
            )
            return
    yield read_log(options)


@contextmanager
def _writer(options: argparse.Namespace) -> Iterator[Any]:
    """Yield a function that writes some rows; the file is there once all are."""
    if options.output.suffix == ".parquet":
        with parquet_writer(options.output, overwrite=options.force) as write:
            yield write
        return
    written: list[Columns] = []  # one part, all of LOG
    yield written.append
    for columns in written:
        write_columns(columns, options.output, overwrite=options.force)
