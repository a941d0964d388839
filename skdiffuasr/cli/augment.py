"""``skdiffuasr augment``: a log with pseudo items before every history."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from skdiffuasr._files import replaced
from skdiffuasr.cli.catalogue import AUGMENTERS, make_estimator
from skdiffuasr.cli.models import (
    augmenter_of,
    check_model_output,
)
from skdiffuasr.cli.options import (
    RECOMMENDER_PARAMETERS,
    add_estimator_options,
    add_log_options,
    add_output_options,
    check_all_used,
    check_nothing_to_train,
    check_output,
    column_options,
    given_parameters,
    number,
    say_columns,
    without_held_out,
)
from skdiffuasr.cli.progress import say
from skdiffuasr.datasets import Interactions, write_interactions
from skdiffuasr.datasets.blocks import ending_of
from skdiffuasr.datasets.columns import Table
from skdiffuasr.datasets.parquet import parquet_writer
from skdiffuasr.datasets.pseudo_rows import next_rows, read_rows, with_pseudo_rows
from skdiffuasr.datasets.readers import (
    log_of,
    open_table,
    read_users,
    warn_of_unused_times,
)
from skdiffuasr.datasets.writers import check_ending, write_table
from skdiffuasr.persistence import load, save
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.table import sorted_rows

#: Those that put new rows into a log; the others only change what is trained on.
GENERATING = [name for name, make in AUGMENTERS.items() if hasattr(make(), "generate")]

#: A part of a log that is augmented in parts is written once it has more.
MAX_INTERACTIONS = 1_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Train an augmenter on LOG, or take a saved one, and write LOG "
        "with the pseudo items before every history. Columns and rows stay as they "
        "are; the column is_pseudo marks pseudo items; "
        "sorted by user and position, or by user and time, every history is in order. "
        "The pseudo items are made from all of a history; if another program will "
        "split the output into training and test, say by --hold-out how many items of "
        "a user it does not train on. "
        "With --model, a Parquet file that is sorted by user is augmented to another "
        "in parts, however large it is."
    )
    add_log_options(parser)
    add_output_options(parser, "the augmented log, in a format by its ending")
    parser.add_argument("--augmenter", choices=GENERATING, help="default: diffusion")
    parser.add_argument(
        "--model", type=Path, metavar="MODEL", help="saved augmenter, taken as it is"
    )
    parser.add_argument(
        "--save-model", type=Path, metavar="MODEL", help="where to save the augmenter"
    )
    what = "make pseudo items without the last N items of every user, but write these"
    parser.add_argument("--hold-out", **number("N", what, default=0))
    add_estimator_options(
        parser,
        without=frozenset(
            {"n_variants", "n_prediction_variants", *RECOMMENDER_PARAMETERS}
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Train or load, augment and write."""
    check_output(options)
    if options.model is not None:
        check_nothing_to_train(options)
    if options.save_model is not None:
        check_model_output(options.save_model, options)
    if options.model is None:
        parameters = {"random_state": 0} | given_parameters(options)
        augmenter = make_estimator(
            options.augmenter or "diffusion", AUGMENTERS, parameters
        )
        check_all_used(parameters, [augmenter])
        n_rows = _augment_whole(augmenter, augmenter.fit_transform, options)
    else:
        augmenter = augmenter_of(load(options.model, device=options.device))
        if {options.log.suffix, options.output.suffix} == {".parquet"}:
            n_rows = _augment_in_parts(augmenter, options)
        else:
            n_rows = _augment_whole(augmenter, augmenter.transform, options)
    say(
        options, f"{n_rows} pseudo items were put before histories in {options.output}."
    )
    return 0


def _augment_whole(
    augmenter: Any,
    augment: Callable[[Sequences], Sequences],
    options: argparse.Namespace,
) -> int:
    """Augment the log that the augmenter is trained on, or another one."""
    table = open_table(options.log, **column_options(options))
    warn_of_unused_times(table)
    unsorted = log_of(table)
    say_columns(options, table.use)
    augmented = _put_before(_histories(unsorted), augment, options)
    with ExitStack() as both_or_none:
        if options.save_model is not None:
            temporary = both_or_none.enter_context(replaced(options.save_model))
            save(augmenter, temporary)
        if check_ending(options.output) == ".txt":
            write_interactions(augmented, options.output, overwrite=options.force)
        else:
            rows, _ = next_rows(read_rows(table), None, len(unsorted))
            rows = _with_pseudo_rows(rows, table, unsorted, augmented, options)
            has_same_ending = ending_of(options.log) == ending_of(options.output)
            sep = table.sep if has_same_ending else None
            write_table(rows, options.output, sep=sep, overwrite=options.force)
    return int(augmented.n_pseudo.sum())


def _augment_in_parts(augmenter: Any, options: argparse.Namespace) -> int:
    """Augment a log that may be larger than memory, some users at a time."""
    n_pseudo, held = 0, None
    table = open_table(options.log, **column_options(options))
    warn_of_unused_times(table)
    say_columns(options, table.use)
    batches = read_rows(table)
    with parquet_writer(options.output, overwrite=options.force) as write:
        for part in read_users(table, MAX_INTERACTIONS):
            augmented = _put_before(_histories(part), augmenter.transform, options)
            rows, held = next_rows(batches, held, len(part))
            write(_with_pseudo_rows(rows, table, part, augmented, options))
            n_pseudo += int(augmented.n_pseudo.sum())
    return n_pseudo


def _with_pseudo_rows(
    rows: Any,
    table: Table,
    log: Interactions,
    augmented: Sequences,
    options: argparse.Namespace,
) -> Any:
    """Sort rows of a file by user and time, as histories are, and add pseudo rows."""
    order = sorted_rows(log.user, log.time)
    times = None if log.time is None else log.time[order]
    ending = check_ending(options.output)
    return with_pseudo_rows(rows.take(order), table, augmented, times, ending)


def _histories(log: Interactions) -> Sequences:
    """Take the histories of a log that has no pseudo items yet."""
    if log.is_pseudo is not None and log.is_pseudo.any():
        raise ValueError(
            "LOG has pseudo items already; augment the log that they were made from."
        )
    return log.to_sequences()


def _put_before(
    histories: Sequences,
    augment: Callable[[Sequences], Sequences],
    options: argparse.Namespace,
) -> Sequences:
    """Put before histories what is made from them without the held-out items."""
    made = augment(without_held_out(histories, options)).variants[0]
    return histories.prepend(made.drop_last(made.lengths - made.n_pseudo))
