"""``skdiffuasr study``: augmenters and recommenders in one comparison."""

import argparse
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
from skdiffuasr.study.results import exception_line

SOME_RUNS_FAILED = 3
DEFAULTS = {
    "augmenters": ["none", "random", "random-seq", "reppad", "asrep", "diffusion"],
    "recommenders": ["markov", "sasrec"],
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
        help="folder of the results; that of an earlier call to resume it",
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
    results = comparison.run(log, options.out, dataset_name=options.log.name)
    print((options.out / "report.md").read_text(encoding="utf-8"))
    say(options, f"Report, figures and tables are in {options.out}.")
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
