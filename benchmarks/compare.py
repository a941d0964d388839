"""Compare another checkout of the library with this one, case by case.

    python -m benchmarks.compare OTHER --parts training --cases "M=10"

Both checkouts take turns at each case in the same run; the ratio of their best seconds
goes to ``compare.json`` and ``compare.md``.
"""

import argparse
import json
from pathlib import Path

from benchmarks.__main__ import PARTS, list_cases
from benchmarks.measuring import ROOT, Settings, run_case
from benchmarks.report import markdown_table, number

N_TURNS = 4


def compare(case, other, n_turns=N_TURNS):
    """Return the best seconds of every row in both checkouts, and what failed."""
    best = {}
    for _ in range(n_turns):
        for name, checkout in (("other", other), ("this", ROOT)):
            result = run_case(case, checkout=checkout)
            if "error" in result:
                return [{"case": case.name, "error": f"{name}: {result['error']}"}]
            for row in result["rows"]:
                seconds = best.setdefault(row["measured"], {})
                seconds[name] = min(row["seconds"], seconds.get(name, float("inf")))
    return [
        {
            "case": case.name,
            "measured": measured,
            **seconds,
            "ratio": seconds["other"] / seconds["this"],
        }
        for measured, seconds in best.items()
    ]


def render(rows):
    """Return a table: both times and how many times faster this checkout is."""
    header = ["Case", "Measured", "Other, s", "This, s", "Other / this"]
    lines = [
        [
            row["case"],
            row.get("measured", row.get("error")),
            *(number(row.get(key)) for key in ("other", "this", "ratio")),
        ]
        for row in rows
    ]
    return markdown_table(header, lines)


def main(arguments=None):
    """Compare the requested cases."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare", description=__doc__.splitlines()[0]
    )
    parser.add_argument("other", type=Path, help="folder of the other checkout")
    parser.add_argument("--parts", nargs="+", choices=PARTS, required=True)
    parser.add_argument(
        "--cases", nargs="+", default=[""], help="parts of the names of cases"
    )
    parser.add_argument("--log", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args(arguments)
    log = None if options.log is None else str(options.log.resolve())
    rows = []
    for part, case in list_cases(options.parts, Settings(log)):
        if not any(name in case.name for name in options.cases):
            continue
        found = compare(case, options.other.resolve())
        rows += [{"part": part, **row} for row in found]
        print(render(rows).splitlines()[-1], flush=True)
        (options.out / "compare.json").write_text(json.dumps(rows, indent=1) + "\n")
        (options.out / "compare.md").write_text(render(rows))


if __name__ == "__main__":
    main()
