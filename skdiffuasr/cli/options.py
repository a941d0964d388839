"""Options that several commands share, and what is made of them."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing
from skdiffuasr.cli.wording import option_of
from skdiffuasr.datasets import Interactions, read_interactions
from skdiffuasr.datasets.column_names import ColumnUse
from skdiffuasr.datasets.writers import check_ending
from skdiffuasr.model_selection.leave_last_out import check_held_out
from skdiffuasr.sequences import Sequences
from skdiffuasr.utils.known_parameters import known_parameters

LOG_HELP = (
    "CSV, TSV, 'user item' text, .inter or Parquet file; the text ones may be "
    "compressed"
)


def number(metavar: str, what: str, default: int | None = None) -> dict[str, Any]:
    """Return the settings of an option that takes an integer."""
    shown = what if default is None else f"{what}; default: {default}"
    return {"type": int, "metavar": metavar, "default": default, "help": shown}


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add the log and the names of its columns."""
    parser.add_argument("log", type=Path, metavar="LOG", help=LOG_HELP)
    add_column_options(parser)


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Add the names of the columns of the log."""
    group = parser.add_argument_group("columns of the log, by name or position from 0")
    defaults = {
        "user": "user, user_id, customer_id, ...; without a header, the first",
        "item": "item, item_id, product_id, sku, ...; without a header, the second",
        "time": "time, timestamp, date, event_time, created_at, ...; without one, "
        "histories are in the order of the file",
    }
    for role, default in defaults.items():
        group.add_argument(
            f"--{role}", type=_column, metavar="COLUMN", help=f"default: {default}"
        )
    group.add_argument("--sep", metavar="TEXT", help="separator; default: guessed")
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line names the columns; default: if it looks like it",
    )
    group.add_argument(
        "--encoding", metavar="NAME", help="such as cp1252; default: UTF-8 or UTF-16"
    )
    group.add_argument(
        "--time-format", metavar="FORMAT", help="how times are written: %%d/%%m/%%y"
    )
    group.add_argument(
        "--day-first",
        action=argparse.BooleanOptionalAction,
        help="whether 03/04/2024 is in April; default: as other times show",
    )


def column_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of `read_interactions` that options set."""
    names = "user item time sep header encoding time_format day_first".split()
    return {name: getattr(options, name) for name in names}


def read_log(options: argparse.Namespace) -> Interactions:
    """Read the log that `add_log_options` asks for, and say on stderr what is read."""
    log = read_interactions(options.log, **column_options(options))
    say_columns(options, log.column_use)
    return log


def say_columns(options: argparse.Namespace, use: ColumnUse | None) -> None:
    """Say on stderr which columns of the log are read."""
    print(f"skdiffuasr: {options.log.name}: {use}", file=sys.stderr, flush=True)


def add_output_options(
    parser: argparse.ArgumentParser, what: str, *, required: bool = True
) -> None:
    """Add the file to write."""
    parser.add_argument(
        "-o", "--output", type=Path, required=required, metavar="FILE", help=what
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE")


def check_output(options: argparse.Namespace) -> None:
    """Raise before the work, not after it, if a table cannot be written."""
    refuse_existing(options.output, options.force)
    if check_ending(options.output) == ".parquet":
        import_extra("pyarrow", "frames")


def without_held_out(histories: Sequences, options: argparse.Namespace) -> Sequences:
    """Drop the held-out items; raise ValueError if a pseudo item is among them."""
    if options.hold_out < 0:
        raise ValueError(f"--hold-out must not be negative, got {options.hold_out}.")
    check_held_out(histories, options.hold_out)
    return histories.drop_last(options.hold_out)


#: Options that are called after the parameter of the estimators that they set.
AUGMENTER_PARAMETERS: dict[str, dict[str, Any]] = {
    "n_pseudo_items": number("M", "items before each history; default: 10"),
    "guidance_scale": {
        "type": float,
        "metavar": "GAMMA",
        "help": "how strongly the history guides the diffusion; default: 1",
    },
    "n_variants": number(
        "N",
        "variants of each history, of which one is drawn per epoch; default: 1, or 4 "
        "where only training is augmented",
    ),
    "n_prediction_variants": number(
        "N",
        "variants of each history at prediction, over which scores are averaged; "
        "default: 1",
    ),
    "max_history_length": number("N", "augment only histories of at most N items"),
}
TRAINING_PARAMETERS: dict[str, dict[str, Any]] = {
    "max_epochs": number("N", "largest number of epochs"),
    "patience": number("N", "epochs without improvement before training stops"),
    "max_length": number(
        "N",
        "most recent items of a history that are read; default: 200, 50 for asrep and "
        "reppad",
    ),
    "batch_size": number("N", "histories or pairs in a batch"),
    "embedding_dim": number("N", "dimensions of an item"),
    "device": {"metavar": "NAME", "help": "auto, cpu, cuda or cuda:<index>"},
    "checkpoint": {
        "metavar": "FOLDER",
        "help": "write the state of the training after each epoch, and go on from it",
    },
    "precision": {
        "choices": ["auto", "float32"],
        "help": "auto trains with bfloat16 products where the hardware has them; "
        "float32 never",
    },
}
RECOMMENDER_PARAMETERS: dict[str, dict[str, Any]] = {
    "n_estimators": number("N", "members of an ensemble; default: 4"),
}
PARAMETERS = AUGMENTER_PARAMETERS | RECOMMENDER_PARAMETERS | TRAINING_PARAMETERS


def add_parameters(parser: Any, names: Iterable[str]) -> None:
    """Add options for these parameters of estimators to a parser or a group."""
    for name in names:
        parser.add_argument(f"--{name.replace('_', '-')}", **PARAMETERS[name])


def add_estimator_options(
    parser: argparse.ArgumentParser, without: frozenset[str] = frozenset()
) -> None:
    """Add the parameters of estimators, and what decides how they are trained."""
    group = parser.add_argument_group("augmenter")
    add_parameters(group, sorted(AUGMENTER_PARAMETERS.keys() - without))
    group = parser.add_argument_group("recommender")
    add_parameters(group, sorted(RECOMMENDER_PARAMETERS.keys() - without))
    group = parser.add_argument_group("training")
    add_parameters(group, TRAINING_PARAMETERS)
    group.add_argument("--seed", **number("N", "default: 0"))


def given_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of estimators that were given on the command line."""
    given = {name: getattr(options, name, None) for name in PARAMETERS}
    given["random_state"] = getattr(options, "seed", None)
    return {name: value for name, value in given.items() if value is not None}


def check_all_used(parameters: Iterable[str], estimators: Iterable[Any]) -> None:
    """Raise ValueError if parameters were given that no estimator has."""
    known = {"device", "random_state"}
    for estimator in estimators:
        if estimator is not None:
            known |= known_parameters(estimator)
    unused = sorted(set(parameters) - known)
    if unused:
        names = ", ".join(map(option_of, unused))
        raise ValueError(f"Nothing that was chosen takes {names}.")


def check_nothing_to_train(options: argparse.Namespace) -> None:
    """Raise ValueError if an option beside a saved model says how to make one."""
    named = PARAMETERS.keys() - {"device"}
    named |= {"seed", "augmenter", "recommender", "save_model"}
    named |= {"attributes", "features", "include_cold_items"}
    given = sorted(name for name in named if getattr(options, name, None) is not None)
    if given:
        options_given = ", ".join(map(option_of, given))
        raise ValueError(f"--model is taken as it is; drop {options_given}.")


def names(text: str) -> list[str]:
    """Split names at commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _column(text: str) -> str | int:
    return int(text) if text.isdecimal() else text
