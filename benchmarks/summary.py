"""Tables and chart of docs/results.md and the README, from `benchmarks.gains`.

    python -m benchmarks.summary

Each file ``benchmarks/results/gains/DATASET.csv`` is the ``recommenders.csv`` of one
dataset; add one and run the command again. It replaces what stands between the lines
``<!-- summary: NAME -->`` and ``<!-- end of summary -->``, and draws ``summary.png``.
"""

import math
import re
from pathlib import Path

import pandas as pd

from benchmarks.gains import MODELS, WITH_ATTRIBUTES
from skdiffuasr._markdown import markdown_table
from skdiffuasr.plotting._display import COLOURS
from skdiffuasr.study.verdicts import bounds, interval, p_text

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "results" / "gains"
RESULTS, README = ROOT / "docs" / "results.md", ROOT / "README.md"
REFERENCE = "plain"
LABELS = {
    "plain": "SASRec alone",
    "co-occurrence": "neighbours alone",
    "reppad": "behind RepPad",
    "diffusion": "behind the diffusion",
    "plain + co-occurrence": "with neighbours",
    "ensemble": "four averaged",
    "ensemble + co-occurrence": "four and neighbours",
    "distilled": "distilled",
    "distilled + co-occurrence": "distilled and neighbours",
    "plain + attributes": "with attributes",
    "ensemble + attributes": "four with attributes",
    "distilled + attributes": "distilled, with attributes",
}
#: What the README shows: of the first dataset at the top, of all of them below.
FIRST = ("plain", "plain + co-occurrence", "ensemble", "distilled + co-occurrence")
GAINS = (
    "reppad",
    "diffusion",
    "plain + co-occurrence",
    "ensemble",
    "distilled + co-occurrence",
    "ensemble + attributes",
)


def read(folder=FOLDER):
    """Read the comparisons with the reference, with a column of the dataset."""
    paths = sorted(folder.glob("*.csv"), key=lambda path: ("_" in path.stem, path.stem))
    frames = [pd.read_csv(path).assign(dataset=path.stem) for path in paths]
    rows = pd.concat(frames, ignore_index=True)
    return rows[rows["reference"] == REFERENCE]


def of_group(rows, group_by="all", group="all"):
    """Return rows of one user group by model and dataset, each as a mapping."""
    chosen = rows[(rows["group_by"] == group_by) & (rows["group"] == group)]
    most = chosen.groupby("dataset")["n_seeds"].transform("max")
    chosen = chosen.assign(most_seeds=most)
    keys = zip(chosen["recommender"], chosen["dataset"], strict=True)
    return dict(zip(keys, chosen.to_dict("records"), strict=True))


def models(rows):
    """Names of the models that were measured, in the order of the tables."""
    measured = list(dict.fromkeys(rows["recommender"]))
    known = [name for name in MODELS + WITH_ATTRIBUTES if name in measured]
    return known + [name for name in measured if name not in known]


def table(cells, names, write, corner, title=lambda name, row: title_of(name)):
    """Lay out a cell for each model and dataset, empty where one was not measured."""
    datasets = {name: row for (_, name), row in cells.items()}
    header = [corner] + [title(name, row) for name, row in datasets.items()]
    lines = []
    for name in names:
        rows = (cells.get((name, dataset)) for dataset in datasets)
        line = ["" if row is None else write(row) for row in rows]
        if any(line):
            lines.append([LABELS.get(name, name), *line])
    return markdown_table(header, lines)


def title_of(name):
    """Write the name of a dataset: the small ones as their files are called."""
    return name if "_" in name else name.capitalize()


def with_counts(name, row):
    """Write the name of a dataset with its users and seeds."""
    return f"{title_of(name)}, {row['n_users']:,} users, {row['most_seeds']} seeds"


def with_reference(cells):
    """Add the reference itself: its value over most seeds is in another's row."""
    own = {
        (REFERENCE, dataset): {**row, "value": row["reference_value"], "is_own": True}
        for (_, dataset), row in cells.items()
        if row["n_seeds"] == row["most_seeds"]
    }
    return {**own, **cells}


def value_and_gain(row):
    """Write NDCG@10, and the difference to the reference with its interval."""
    value, n_seeds = f"{row['value']:.4f}", row["n_seeds"]
    few = f" ({n_seeds} seeds)" if n_seeds < row["most_seeds"] else ""
    return value if "is_own" in row else f"{value}, {interval(row)}{few}"


def over_seeds(row):
    """Write the interval over users and seeds, and the p-value."""
    return f"{bounds(row, '_seeds')}, p {p_text(row['p_seeds'])}"


def percent(row):
    """Write the difference in percent of the reference, with its interval."""
    low, high = (100 * row[end] / row["reference_value"] for end in ("low", "high"))
    return f"{100 * row['relative']:+.1f} % [{low:+.1f}, {high:+.1f}]"


def first_table(cells):
    """Lay out a few models on the first dataset, for the top of the README."""
    dataset = next(dataset for _, dataset in cells)
    rows = {name: cells[name, dataset] for name in FIRST if (name, dataset) in cells}
    one = rows[REFERENCE]
    header = [
        f"SASRec on {title_of(dataset)}, {one['n_users']:,} users",
        "NDCG@10",
        "gain [95 %]",
    ]
    lines = [
        [LABELS[name], f"{row['value']:.4f}", "" if row is one else percent(row)]
        for name, row in rows.items()
    ]
    return markdown_table(header, lines)


def blocks(rows):
    """Return what stands between the marks of the two pages, by name."""
    names = models(rows)
    of_all, of_short = of_group(rows), of_group(rows, "length", "<=5")
    with_own, short_with_own = with_reference(of_all), with_reference(of_short)
    and_own = [REFERENCE, *names]
    short = "at most 5 items"
    return {
        "all": table(with_own, and_own, value_and_gain, "NDCG@10", with_counts),
        "seeds": table(of_all, names, over_seeds, "users and seeds"),
        "short": table(short_with_own, and_own, value_and_gain, short, with_counts),
        "first": first_table(with_own),
        "gains": table(of_all, GAINS, percent, "gain in NDCG@10"),
    }


def replaced(text, parts):
    """Replace what stands between the marks of a page."""
    return re.sub(
        r"(<!-- summary: (\w+) -->\n).*?(?=<!-- end of summary -->)",
        lambda match: f"{match[1]}\n{parts[match[2]]}\n\n",
        text,
        flags=re.DOTALL,
    )


def draw(rows):
    """Draw gains in percent, a panel for each dataset, the best intervals thick."""
    from matplotlib.figure import Figure

    cells, names = of_group(rows), models(rows)
    datasets = list(dict.fromkeys(dataset for _, dataset in cells))
    figure = Figure(
        figsize=(2.6 + 2 * len(datasets), 1.3 + 0.3 * len(names)), layout="constrained"
    )
    panels = figure.subplots(1, len(datasets), sharex=True, sharey=True, squeeze=False)
    for panel, dataset in zip(panels[0], datasets, strict=True):
        for place, name in enumerate(names):
            row = cells.get((name, dataset))
            if row is not None:
                draw_gain(panel, place, row)
        panel.axvline(0, color="0.6", linewidth=1, zorder=0)
        panel.grid(axis="x", alpha=0.3)
        panel.set_title(title_of(dataset), fontsize="medium")
    panel.set_yticks(range(len(names)), [LABELS.get(name, name) for name in names])
    panel.set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("gain in NDCG@10 over SASRec alone, %", fontsize="medium")
    handles, labels = panel.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    figure.legend(
        named.values(), named, loc="outside upper center", ncols=2, frameon=False
    )
    return figure


def draw_gain(panel, place, row):
    """Draw one gain in percent with its intervals."""
    scale = 100 / row["reference_value"]
    for suffix, width, label in (
        ("_seeds", 1.2, "95 % over users and seeds"),
        ("", 4, "95 % over users"),
    ):
        ends = row["low" + suffix] * scale, row["high" + suffix] * scale
        if all(map(math.isfinite, ends)):
            line = {"color": COLOURS[0], "linewidth": width, "label": label}
            panel.plot(ends, (place, place), solid_capstyle="butt", **line)
    panel.plot(row["difference"] * scale, place, "o", color=COLOURS[1], markersize=5)


def main():
    rows = read()
    parts = blocks(rows)
    for page in (RESULTS, README):
        page.write_text(replaced(page.read_text("utf-8"), parts), encoding="utf-8")
    draw(rows).savefig(FOLDER / "summary.png", dpi=120)


if __name__ == "__main__":
    main()
