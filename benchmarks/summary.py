"""One table and one chart of what helps, from the results of `benchmarks.gains`.

    python -m benchmarks.summary

It reads the files of ``benchmarks/results/gains``, one for each dataset, and writes the
tables between the marks of ``docs/results.md`` and the chart beside the files.
"""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "results" / "gains"
PAGE = ROOT / "docs" / "results.md"
CHART = FOLDER / "summary.png"
DATASETS = {"beauty": "Beauty", "toys": "Toys", "yelp": "Yelp", "steam": "Steam"}
MODELS = {
    "plain": "SASRec alone",
    "co-occurrence": "neighbours alone",
    "plain + co-occurrence": "SASRec and neighbours",
    "ensemble": "four SASRecs",
    "ensemble + co-occurrence": "four SASRecs and neighbours",
    "distilled": "distilled, one network",
    "distilled + co-occurrence": "distilled and neighbours",
}


def read():
    """Return the differences to the plain recommender on each dataset."""
    found = {}
    for name, title in DATASETS.items():
        path = FOLDER / f"{name}.csv"
        if path.exists():
            frame = pd.read_csv(path)
            found[title] = frame[frame["reference"] == "plain"]
    return found


def table(found, group_by="all", group="all"):
    """Return the NDCG@10 of all models, and the differences to the plain one."""
    columns = {}
    for title, frame in found.items():
        is_shown = (frame["group_by"] == group_by) & (frame["group"] == group)
        rows = frame[is_shown].set_index("recommender")
        if rows.empty:
            continue
        first = rows.iloc[0]
        heading = f"{title}, {first['n_users']:,} users, {first['n_seeds']} seeds"
        cells = {"plain": f"{first['reference_value']:.4f}"}
        for model, row in rows.iterrows():
            difference = (
                f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}], "
                f"{_p(row['p_seeds'])}"
            )
            cells[model] = f"{row['value']:.4f}, {difference}"
        columns[heading] = cells
    lines = [
        f"| NDCG@10 | {' | '.join(columns)} |",
        f"|:--|{'--:|' * len(columns)}",
    ]
    for model, title in MODELS.items():
        cells = [cells.get(model, "") for cells in columns.values()]
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _p(value):
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def page(text, found):
    """Return the text of the page with new tables between its marks."""
    made = {"all": table(found), "short": table(found, "length", "<=5")}
    for name, lines in made.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- end -->)",
            lambda marks, lines=lines: marks[1] + lines + marks[2],
            text,
            flags=re.DOTALL,
        )
    return text


def chart(found):
    """Draw the gains over the plain recommender in percent, a panel per dataset."""
    from matplotlib.figure import Figure

    models = [name for name in MODELS if name != "plain"][::-1]
    figure = Figure(figsize=(4 + 3 * len(found), 3.4), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, sharex=True, squeeze=False)[0]
    for panel, (title, frame) in zip(panels, found.items(), strict=True):
        rows = frame[frame["group_by"] == "all"].set_index("recommender")
        for height, model in enumerate(models):
            if model not in rows.index:
                continue
            row = rows.loc[model]
            for suffix, shift, colour, label in (
                ("", 0.14, "#0072b2", "95 % over users"),
                ("_seeds", -0.14, "#d55e00", "95 % over users and seeds"),
            ):
                low, high = row[f"low{suffix}"], row[f"high{suffix}"]
                scale = 100 / row["reference_value"]
                panel.errorbar(
                    scale * row["difference"],
                    height + shift,
                    xerr=[
                        [scale * (row["difference"] - low)],
                        [scale * (high - row["difference"])],
                    ],
                    fmt="o",
                    color=colour,
                    capsize=3,
                    label=label if height == 0 else None,
                )
        panel.axvline(0, color="0.5", linewidth=1)
        panel.set_title(title)
        panel.set_xlabel("gain in NDCG@10 over SASRec alone (%)")
        panel.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(models)), [MODELS[name] for name in models])
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2
    )
    return figure


def main():
    found = read()
    PAGE.write_text(page(PAGE.read_text("utf-8"), found), "utf-8")
    chart(found).savefig(CHART, dpi=120)
    print(table(found))


if __name__ == "__main__":
    main()
