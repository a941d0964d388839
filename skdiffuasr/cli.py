"""The command line: ``python -m skdiffuasr`` or ``skdiffuasr``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from skdiffuasr import __version__
from skdiffuasr.datasets import read_interactions
from skdiffuasr.study import AugmentationStudy, run_demo
from skdiffuasr.study.catalogue import AUGMENTERS, RECOMMENDERS, make_estimators
from skdiffuasr.study.progress import show_progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Without the name of the program. None takes those of the process.

    Returns
    -------
    exit_code : int
        0 on success, 1 if the input cannot be used, 2 if a combination of a study
        failed, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        exit_code: int = options.command(options)
    except (OSError, TypeError, ValueError) as error:
        print(f"skdiffuasr: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("skdiffuasr: interrupted", file=sys.stderr)
        return 130
    return exit_code


def demo(options: argparse.Namespace) -> int:
    """Compare SASRec with and without augmentation, print and write the report."""
    report = run_demo(
        options.data,
        n_pseudo_items=options.n_pseudo_items,
        max_epochs=options.max_epochs,
        device=options.device,
        random_state=options.seed,
    )
    options.report.write_text(report)
    print(report)
    print(f"The report was written to {options.report}.")
    return 0


def study(options: argparse.Namespace) -> int:
    """Compare augmenters and recommenders, or go on with a comparison."""
    given = {
        "n_pseudo_items": options.n_pseudo_items,
        "n_variants": options.n_variants,
        "max_history_length": options.max_history_length,
        "max_length": options.max_length,
        "max_epochs": options.max_epochs,
        "patience": options.patience,
        "device": options.device,
    }
    if options.attributes is not None:
        given["item_attributes"] = _read_attributes(options.attributes)
    parameters = {name: value for name, value in given.items() if value is not None}
    comparison = AugmentationStudy(
        make_estimators(options.augmenters, AUGMENTERS, parameters),
        make_estimators(options.recommenders, RECOMMENDERS, parameters),
        options.seeds,
        protocol=options.protocol.replace("-", "_"),
        n_negatives=options.n_negatives or None,
        retry_failed=options.retry_failed,
    )
    log = read_interactions(options.log)
    with show_progress() as on_progress:
        results = comparison.run(
            log, options.out, log_name=options.log.name, on_progress=on_progress
        )
    print((options.out / "report.md").read_text(encoding="utf-8"))
    print(f"Report, figures and tables are in {options.out}.")
    failed = [record for record in results.records if record.error is not None]
    for record in failed:
        print(
            f"skdiffuasr: failed: {record.augmenter} + {record.recommender}, seed "
            f"{record.seed}: {str(record.error).strip().splitlines()[-1]}",
            file=sys.stderr,
        )
    return 2 if failed else 0


def _read_attributes(path: Path) -> dict[int | str, list[int | str]]:
    """Attributes by item from a JSON object; ids that are all integers become so."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must hold an object of item id to attributes, got "
            f"{type(content).__name__}."
        )
    if all(item.isdecimal() for item in content):
        return {int(item): attributes for item, attributes in content.items()}
    return content


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skdiffuasr",
        description="Diffusion augmentation of interaction sequences.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_study(commands)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="compare SASRec with and without augmentation on one log",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=demo)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="CSV, TSV, 'user item' text or .inter file, may be compressed; "
        "a synthetic log without it",
    )
    parser.add_argument(
        "--report", type=Path, default=Path("demo_report.md"), metavar="FILE"
    )
    parser.add_argument("--n-pseudo-items", type=int, default=10, metavar="M")
    parser.add_argument("--max-epochs", type=int, default=30, metavar="N")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)


def _add_study(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "study",
        help="compare augmenters and recommenders on one log, with a report",
        description="Run every augmenter with every recommender and seed. Results land "
        "in the folder one by one; the same command goes on where it was stopped. "
        f"Augmenters: {', '.join(AUGMENTERS)}. "
        f"Recommenders: {', '.join(RECOMMENDERS)}.",
    )
    parser.set_defaults(command=study)
    parser.add_argument(
        "log",
        type=Path,
        metavar="LOG",
        help="CSV, TSV, 'user item' text or .inter file, may be compressed",
    )
    parser.add_argument(
        "--augmenters",
        type=_names,
        default=["none", "random", "random-seq", "reppad", "asrep", "diffusion"],
        metavar="NAME,...",
        help="default: none,random,random-seq,reppad,asrep,diffusion",
    )
    parser.add_argument(
        "--recommenders",
        type=_names,
        default=["sasrec"],
        metavar="NAME,...",
        help="default: sasrec",
    )
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="number; default: 3"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the results; that of an earlier call to go on with it",
    )
    parser.add_argument(
        "--protocol",
        choices=("leave-last-out", "temporal"),
        default="leave-last-out",
        help="how the log is split; default: leave-last-out",
    )
    parser.add_argument(
        "--n-negatives",
        type=int,
        default=100,
        metavar="N",
        help="of the sampled ranking, 0 for none; default: 100",
    )
    parser.add_argument(
        "--attributes",
        type=Path,
        metavar="FILE",
        help="JSON object of item id to list of attributes, for s3rec",
    )
    parser.add_argument("--retry-failed", action="store_true")
    group = parser.add_argument_group("parameters of all estimators that have them")
    group.add_argument("--n-pseudo-items", type=int, metavar="M")
    group.add_argument("--n-variants", type=int, metavar="N")
    group.add_argument("--max-history-length", type=int, metavar="N")
    group.add_argument("--max-length", type=int, metavar="N")
    group.add_argument("--max-epochs", type=int, metavar="N")
    group.add_argument("--patience", type=int, metavar="N")
    group.add_argument("--device")
