"""``skdiffuasr evaluate``: ranking metrics on every user's last item."""

import argparse
import json
import sys
import warnings
from math import isfinite
from pathlib import Path
from typing import Any

from skdiffuasr._files import refuse_existing, write_text
from skdiffuasr._markdown import markdown_table
from skdiffuasr.cli.known_items import KnownItems
from skdiffuasr.cli.models import (
    add_model_options,
    make_model,
    recommender_of,
)
from skdiffuasr.cli.options import (
    add_estimator_options,
    add_log_options,
    add_output_options,
    check_nothing_to_train,
    names,
    number,
    read_log,
)
from skdiffuasr.cli.side_information import add_side_information
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.metrics.next_item_ranks import affordable_negatives
from skdiffuasr.model_selection.leave_last_out import check_held_out
from skdiffuasr.persistence import load
from skdiffuasr.sequences import Sequences


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Rank the last item of every user of LOG, given the items before "
        "it. With --model, the model must have been trained without these items: by "
        "`fit --hold-out 1` on the same log. Without --model, one is trained on all "
        "but the last two items. Users of fewer than two items, or three without "
        "--model, are left out."
    )
    add_log_options(parser)
    add_output_options(parser, "also write the metrics to a JSON file", required=False)
    parser.add_argument("--model", type=Path, metavar="MODEL", help="made by `fit`")
    add_model_options(parser)
    group = parser.add_argument_group("metrics")
    group.add_argument(
        "--metrics",
        type=names,
        default=["ndcg@10", "hr@10", "mrr"],
        metavar="NAME,...",
        help="ndcg@K, hr@K, recall@K, precision@K, mrr, map, coverage@K, novelty@K or "
        "diversity@K; default: ndcg@10,hr@10,mrr",
    )
    group.add_argument(
        "--filter-seen",
        action="store_true",
        help="take the items of the history out of the ranking",
    )
    group.add_argument(
        "--n-negatives",
        **number(
            "N",
            "rank among N sampled items, or as many as every user leaves, not all",
        ),
    )
    group.add_argument(
        "--length-bins",
        type=_integers,
        default=[5, 20],
        metavar="N,...",
        help="groups of users by the length of the history; default: 5,20",
    )
    add_estimator_options(parser)
    add_side_information(parser.add_argument_group("items"))


def run(options: argparse.Namespace) -> int:
    """Evaluate, print and write."""
    if options.output is not None:
        refuse_existing(options.output, options.force)
    if options.model is not None:
        check_nothing_to_train(options)
    scorer = NextItemScorer(
        options.metrics,
        filter_seen=options.filter_seen,
        n_negatives=options.n_negatives,
        length_bins=options.length_bins,
    )
    scorer.check_parameters()
    histories = read_log(options).to_sequences()
    n_held_out = 2 if options.model is None else 1
    tested = _long_enough(histories, n_held_out + 1)
    check_held_out(tested, n_held_out)
    if options.model is None:
        model = make_model(options, histories.values)
        model.fit(tested.drop_last(2))
    else:
        model = load(options.model, device=options.device)
        known_items = KnownItems(recommender_of(model).item_ids_)
        known_items.add(histories)
        known_items.report()
        _warn_of_leak(model, histories)
    X, y = tested.drop_last(), tested.last()
    if scorer.n_negatives is not None:
        scorer.n_negatives = affordable_negatives(
            scorer.n_negatives, X, y, fitted_attribute(model, "item_ids_")
        )
        if not scorer.n_negatives:
            raise ValueError("There are no negatives to draw; drop --n-negatives.")
    metrics = scorer(model, X, y)
    if options.output is not None:
        # JSON has no NaN, which a group without users has.
        known = {
            name: value if isfinite(value) else None for name, value in metrics.items()
        }
        write_text(options.output, json.dumps(known, indent=2) + "\n")
    rows = [
        [name, f"{value:.4f}" if isfinite(value) else "-"]
        for name, value in metrics.items()
    ]
    print(markdown_table(["metric", f"{len(tested)} users"], rows))
    return 0


def _long_enough(histories: Sequences, n_items: int) -> Sequences:
    """Take the histories that leave something to go by, and tell of the others."""
    is_enough = histories.lengths - histories.n_pseudo >= n_items
    if not is_enough.any():
        raise ValueError(f"No user of LOG has the {n_items} items that are needed.")
    n_short = int((~is_enough).sum())
    if n_short:
        print(
            f"skdiffuasr: {n_short} of {len(histories)} users have fewer than "
            f"{n_items} items and are left out.",
            file=sys.stderr,
        )
    return histories[is_enough]


def _warn_of_leak(model: Any, histories: Sequences) -> None:
    """Tell of a model that has been fitted on at least as much as there is."""
    n_fitted = int(recommender_of(model).item_counts_.sum())
    n_observed = len(histories.values) - int(histories.n_pseudo.sum())
    if n_fitted >= n_observed:
        warnings.warn(
            f"The model was fitted on {n_fitted} interactions, and LOG has "
            f"{n_observed}: it has probably seen the items that are tested. "
            "Use `fit --hold-out 1`.",
            stacklevel=2,
        )


def _integers(text: str) -> list[int]:
    return [int(number) for number in names(text)]
