"""Options that several commands share, and what is made of them."""

import argparse
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skdiffuasr._extras import import_extra
from skdiffuasr._files import refuse_existing
from skdiffuasr.datasets import Interactions, read_interactions
from skdiffuasr.datasets.writers import check_ending
from skdiffuasr.model_selection.leave_last_out import check_held_out
from skdiffuasr.sequences import Sequences

LOG_HELP = (
    "CSV, TSV, 'user item' text, .inter or Parquet file; the text ones may be "
    "compressed"
)


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add the log and the names of its columns."""
    parser.add_argument("log", type=Path, metavar="LOG", help=LOG_HELP)
    add_column_options(parser)


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Add the names of the columns of the log."""
    group = parser.add_argument_group("columns of the log, by name or position from 0")
    for role in ("user", "item"):
        group.add_argument(
            f"--{role}",
            type=_column,
            metavar="COLUMN",
            help=f"default: {role} or {role}_id; without a header, the "
            f"{'first' if role == 'user' else 'second'}",
        )
    group.add_argument(
        "--time",
        type=_column,
        metavar="COLUMN",
        help="default: time, timestamp, datetime or date; if there is none, the order "
        "of the file is that of the histories",
    )
    group.add_argument(
        "--sep", metavar="TEXT", help="separator; default: by the first line"
    )
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line names the columns; default: if it looks like it",
    )


def read_log(options: argparse.Namespace) -> Interactions:
    """Read the log that `add_log_options` asks for."""
    return read_interactions(
        options.log,
        user=options.user,
        item=options.item,
        time=options.time,
        sep=options.sep,
        header=options.header,
    )


def add_output_options(
    parser: argparse.ArgumentParser, what: str, *, required: bool = True
) -> None:
    """Add the file to write."""
    parser.add_argument(
        "-o", "--output", type=Path, required=required, metavar="FILE", help=what
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite FILE if it exists"
    )


def check_output(options: argparse.Namespace) -> None:
    """Say before the work, not after it, that a table cannot be written.

    Raises
    ------
    ImportError
        If a library that writes the format is missing.
    OSError
        If the file exists and must not be overwritten, or its folder does not.
    ValueError
        If its ending names no format.
    """
    refuse_existing(options.output, options.force)
    if check_ending(options.output) == ".parquet":
        import_extra("pyarrow", "frames")


def check_model_output(path: Path, options: argparse.Namespace) -> None:
    """Say before the work, not after it, that a model cannot be saved.

    Raises
    ------
    ImportError
        If the library that writes it is missing.
    OSError
        If the file exists and must not be overwritten, or its folder does not.
    """
    refuse_existing(path, options.force)
    import_extra("safetensors", "persist")


def add_hold_out_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add how many items of every user are held out, for `without_held_out`."""
    parser.add_argument(
        "--hold-out", type=int, default=0, metavar="N", help=f"{what}; default: 0"
    )


def without_held_out(histories: Sequences, options: argparse.Namespace) -> Sequences:
    """Drop the items that are held out.

    Raises
    ------
    ValueError
        If their number is negative, or a pseudo item is among them.
    """
    if options.hold_out < 0:
        raise ValueError(f"--hold-out must not be negative, got {options.hold_out}.")
    check_held_out(histories, options.hold_out)
    return histories.drop_last(options.hold_out)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides how models are trained."""
    group = parser.add_argument_group("training")
    add_epoch_options(group)
    group.add_argument(
        "--batch-size", type=int, metavar="N", help="histories or pairs in a batch"
    )
    group.add_argument(
        "--embedding-dim", type=int, metavar="N", help="dimensions of an item"
    )
    add_device_option(group)
    add_precision_option(group)
    group.add_argument("--seed", type=int, metavar="N", help="default: 0")
    group.add_argument("--quiet", action="store_true", help="show no progress")


def add_epoch_options(group: Any) -> None:
    """Add how long is trained, and on how many items of a history."""
    group.add_argument(
        "--max-epochs", type=int, metavar="N", help="largest number of epochs"
    )
    group.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help="epochs without improvement before a training stops",
    )
    group.add_argument(
        "--max-length",
        type=int,
        metavar="N",
        help="most recent items of a history that are read; default: 200, 50 for "
        "asrep and reppad",
    )


def add_device_option(parser: Any) -> None:
    """Add the device."""
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda or cuda:<index>"
    )


def add_precision_option(group: Any) -> None:
    """Add the precision of products."""
    group.add_argument(
        "--precision",
        choices=["auto", "float32"],
        help="auto trains with bfloat16 products where they are in hardware; float32 "
        "never",
    )


def add_augmenter_options(parser: argparse.ArgumentParser) -> Any:
    """Add the parameters of augmenters, and return their group."""
    group = parser.add_argument_group("augmenter")
    add_augmenter_parameters(group)
    return group


def add_augmenter_parameters(group: Any) -> None:
    """Add what is put before which histories."""
    group.add_argument(
        "--n-pseudo-items",
        type=int,
        metavar="M",
        help="items before each history; default: 10",
    )
    group.add_argument(
        "--guidance-scale",
        type=float,
        metavar="GAMMA",
        help="how strongly the diffusion is drawn towards the history; default: 1",
    )
    group.add_argument(
        "--max-history-length",
        type=int,
        metavar="N",
        help="augment only histories of at most N items",
    )


def add_variants_option(group: Any) -> None:
    """Add how many variants of a history a recommender draws from."""
    group.add_argument(
        "--n-variants",
        type=int,
        metavar="N",
        help="variants of each history, of which one is drawn per epoch; default: 1, "
        "or 4 where only training is augmented",
    )


PARAMETERS = (
    "n_pseudo_items",
    "guidance_scale",
    "n_variants",
    "max_history_length",
    "max_epochs",
    "patience",
    "batch_size",
    "embedding_dim",
    "max_length",
    "device",
    "precision",
)
"""Options that are called after the parameter of the estimators that they set."""


def given_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """Parameters of estimators that were given on the command line."""
    given = {name: getattr(options, name, None) for name in PARAMETERS}
    given["random_state"] = getattr(options, "seed", None)
    return {name: value for name, value in given.items() if value is not None}


def training_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """Take the given parameters, with the seed that training has by default."""
    return {"random_state": 0, **given_parameters(options)}


def refuse_unused(parameters: Mapping[str, Any], estimators: Iterable[Any]) -> None:
    """Reject parameters that were given and that no estimator has.

    Raises
    ------
    ValueError
        If there are such parameters.
    """
    known = {"device", "random_state"}
    for estimator in estimators:
        if estimator is not None:
            known |= estimator.get_params(deep=False).keys()
    unused = ", ".join(sorted(parameters.keys() - known))
    if unused:
        raise ValueError(f"Nothing that was chosen has the parameters {unused}.")


def refuse_training(options: argparse.Namespace) -> None:
    """Refuse, beside a saved model, what says how to make, train and save one.

    Raises
    ------
    ValueError
        If there is such an option.
    """
    named = set(PARAMETERS) - {"device"}
    named |= {"seed", "augmenter", "recommender", "save_model"}
    given = sorted(name for name in named if getattr(options, name, None) is not None)
    if given:
        options_given = ", ".join("--" + name.replace("_", "-") for name in given)
        raise ValueError(f"--model is taken as it is; drop {options_given}.")


@contextmanager
def progress_bar(estimator: Any, options: argparse.Namespace) -> Iterator[None]:
    """Show scikit-learn's progress bar on a terminal, where rich is installed."""
    is_wanted = sys.stdout.isatty() and not options.quiet
    if not (is_wanted and find_spec("rich") and hasattr(estimator, "set_callbacks")):
        yield
        return
    from sklearn.callback import ProgressBar

    with warnings.catch_warnings():
        # Of the steps of a pipeline only those that train have something to show.
        warnings.filterwarnings("ignore", "The estimator .* does not support callbacks")
        estimator.set_callbacks(ProgressBar())
        yield
    estimator.set_callbacks()


def names(text: str) -> list[str]:
    """Split names at commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _column(text: str) -> str | int:
    return int(text) if text.isdecimal() else text
