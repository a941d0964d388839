"""``skdiffuasr study``: augmenters and recommenders in one comparison."""

import argparse
import shlex
import sys
from pathlib import Path

from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS, make_estimator
from skdiffuasr.cli.options import (
    PARAMETERS,
    add_log_options,
    add_parameters,
    check_all_used,
    given_parameters,
    names,
    number,
    read_log,
)
from skdiffuasr.cli.progress import say
from skdiffuasr.cli.side_information import add_side_information, read_side_information
from skdiffuasr.study import AugmentationStudy
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.results import exception_line
from skdiffuasr.study.settings import OtherSettingsError
from skdiffuasr.study.verdicts import summary

SOME_RUNS_FAILED = 3
_MAX_LINES = 9
DEFAULTS = {
    "augmenters": ["none", "random", "random-seq", "reppad", "asrep", "diffusion"],
    "recommenders": ["markov", "cooccurrence", "sasrec"],
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Run every augmenter with every recommender and seed. Results land "
        "in the folder one by one; the same command resumes a stopped run. "
        f"Augmenters: {', '.join(AUGMENTERS)}. "
        f"Recommenders: {', '.join(RECOMMENDERS)}."
    )
    add_log_options(parser)
    for kind, default in DEFAULTS.items():
        parser.add_argument(
            f"--{kind}",
            type=names,
            default=default,
            metavar="NAME,...",
            help=f"default: {','.join(default)}",
        )
    parser.add_argument("--seeds", **number("N", "number of seeds", default=3))
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the results; that of an earlier call to resume or extend it",
    )
    parser.add_argument(
        "--protocol",
        choices=("leave-last-out", "temporal"),
        default="leave-last-out",
        help="how the log is split; default: leave-last-out",
    )
    parser.add_argument(
        "--n-negatives",
        **number("N", "items of the sampled ranking, 0 for none", default=100),
    )
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help="run the combinations that failed again",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace the study in DIR if its options were others",
    )
    group = parser.add_argument_group("parameters of all estimators that have them")
    add_parameters(group, PARAMETERS)
    add_side_information(group)


def run(options: argparse.Namespace) -> int:
    """Compare augmenters and recommenders, or resume a comparison."""
    if options.n_negatives < 0:
        raise ValueError(
            f"--n-negatives must not be negative, got {options.n_negatives}; 0 leaves "
            "the sampled ranking out."
        )
    log = read_log(options)
    parameters = given_parameters(options) | read_side_information(options, log.item)
    augmenters, recommenders = (
        {name: make_estimator(name, factories, parameters) for name in chosen}
        for factories, chosen in (
            (AUGMENTERS, options.augmenters),
            (RECOMMENDERS, options.recommenders),
        )
    )
    check_all_used(parameters, [*augmenters.values(), *recommenders.values()])
    comparison = AugmentationStudy(
        augmenters,
        recommenders,
        options.seeds,
        protocol=options.protocol.replace("-", "_"),
        n_negatives=options.n_negatives or None,
        retry_failed=options.retry_failed,
    )
    try:
        results = comparison.run(
            log,
            options.out,
            dataset_name=options.log.name,
            force=options.force,
            command=_command(options),
        )
    except OtherSettingsError as error:
        raise ValueError(error.text("--force", _as_option)) from None
    lines = summary(results, compare(results, results.main_ranking, "ndcg@10"))
    if len(lines) > _MAX_LINES:
        n_more = len(lines) - _MAX_LINES + 1
        lines[_MAX_LINES - 1 :] = [f"... and {n_more} more lines in the report."]
    print("\n".join(lines))
    say(options, f"The report is {options.out / 'report.html'}, with tables beside it.")
    failures = [
        (f"{record.augmenter} + {record.recommender}", record.seed, record.error_line)
        for record in results.failures
    ]
    failures += [
        (f"quality of {row['augmenter']}", row["seed"], exception_line(row["error"]))
        for row in results.quality
        if row.get("error")
    ]
    for what, seed, line in failures:
        print(f"skdiffuasr: failed: {what}, seed {seed}: {line}", file=sys.stderr)
    return SOME_RUNS_FAILED if results.failures else 0


def _as_option(setting: str) -> str:
    """Name a setting of a study as the command line does, if it has it."""
    known = PARAMETERS.keys() | DEFAULTS | {"seeds", "protocol", "n_negatives"}
    return "--" + setting.replace("_", "-") if setting in known else setting


def _command(options: argparse.Namespace) -> str:
    """Write the command with all options that have a value, those of a file, too."""
    words = ["skdiffuasr", "study", str(options.log)]
    for name, value in vars(options).items():
        option = "--" + name.replace("_", "-")
        if name in {"log", "run", "config", "debug"} or value is None:
            continue
        if isinstance(value, bool):
            if value or name == "header":
                words.append(option if value else "--no-header")
        else:
            text = ",".join(value) if isinstance(value, list) else str(value)
            words += [option, text]
    return shlex.join(words)
