"""Measure speed and memory: ``python -m benchmarks --help``.

Every case runs in its own process. The results so far are saved in ``speed.json`` after
each case; at the end they become tables (``speed.md``) and figures.
"""

import argparse
import importlib
import time
from pathlib import Path

from benchmarks import machine
from benchmarks.measuring import Settings, run_case
from benchmarks.report import write_report
from benchmarks.results import Results

PARTS = {
    "augmentation": "augmentation",
    "training": "training",
    "recommenders": "recommenders",
    "overhead": "overhead",
    "search": "search",
    "million": "million",
    "peers": "peer_runs",
    "scaling": "scaling",
    "long-history": "long_history",
    "files": "files",
}


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        metavar="PART",
        help=f"what to measure: {', '.join(PARTS)}; default: all, or all but peers "
        "with --quick",
    )
    parser.add_argument(
        "--log",
        help="a log that skdiffuasr.datasets.read_interactions can read; default: a "
        "synthetic one of Beauty's shape",
    )
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent / "results",
        help="folder for the results",
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, to check that everything runs"
    )
    parser.add_argument(
        "--resume", action="store_true", help="skip cases already in speed.json in OUT"
    )
    return parser.parse_args(arguments)


def list_cases(parts, settings):
    """Return pairs of a part and a case."""
    modules = {
        part: importlib.import_module(f"benchmarks.{PARTS[part]}") for part in parts
    }
    return [
        (part, case)
        for part, module in modules.items()
        for case in module.cases(settings)
    ]


def measure_machine(settings):
    """Return the machine and its limits, the scale for everything else."""
    result = run_case(machine.case(settings))
    if "error" in result:
        raise SystemExit(f"The machine could not be measured: {result['error']}")
    return result["rows"][0]


def run_cases(cases, results):
    """Run the cases one by one, and print a line on each."""
    started, expected_so_far = time.perf_counter(), 0.0
    for number, (part, case) in enumerate(cases, start=1):
        result = run_case(case)
        results.add(part, case, result)
        expected_so_far += case.expected_seconds
        expected_left = sum(case.expected_seconds for _, case in cases[number:])
        pace = (time.perf_counter() - started) / expected_so_far
        print(
            f"[{number}/{len(cases)}] {part}: {case.name}: {_outcome(result)} "
            f"({result['case_seconds']:.0f} s, {pace * expected_left / 60:.0f} min "
            "left)",
            flush=True,
        )


def main(arguments=None):
    """Run the requested cases, then write the report."""
    options = parse_arguments(arguments)
    parts = options.parts or [
        part for part in PARTS if not (options.quick and part == "peers")
    ]
    log = None if options.log is None else str(Path(options.log).resolve())
    settings = Settings(log, options.device, options.quick)
    path = options.out / "speed.json"
    results = Results(path, settings, measure_machine(settings))
    cases = [
        (part, case)
        for part, case in list_cases(parts, settings)
        if not (options.resume and results.has(part, case))
    ]
    run_cases(cases, results)
    for path in write_report(results.data, options.out):
        print(path)


def _outcome(result):
    """Return the figures of a case in a few words."""
    if "error" in result:
        return f"failed: {result['error']}"
    return (
        ", ".join(
            f"{row['per_second']:,.3g} {row['unit']}/s"
            if "per_second" in row
            else f"{row['measured']} {row['seconds']:.3g} s"
            for row in result["rows"]
            if "seconds" in row
        )
        or "done"
    )


if __name__ == "__main__":
    main()
