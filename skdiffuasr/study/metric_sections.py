"""The parts of a report that hold metrics: of all users, of groups, of samples."""

from typing import TYPE_CHECKING

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr.study.blocks import Block, Picture, Table, by_recommender
from skdiffuasr.study.results import StudyResults
from skdiffuasr.study.verdicts import bounds, interval, p_text, seeds_note

if TYPE_CHECKING:
    import pandas as pd

_BY = ["recommender", "augmenter"]


def main_blocks(
    results: StudyResults, gains: "pd.DataFrame", picture: str = "gain"
) -> list[Block]:
    """Show all metrics of the main ranking, and the gains over the reference."""
    gains = gains[gains["group_by"] == "all"].set_index(_BY)
    rows = gains.to_dict("records")
    cells = {
        f"gain over {results.reference} [95 %, users]": [
            interval(row, "_holm") + seeds_note(results, row["n_seeds"]) for row in rows
        ],
        "Holm p": [p_text(row["p_holm"]) for row in rows],
    }
    if len(results.seeds) > 1:
        cells["[95 %, users and seeds]"] = [bounds(row, "_seeds") for row in rows]
        cells["p, users and seeds"] = [p_text(row["p_seeds"]) for row in rows]
    frame = import_extra("pandas", "frames").DataFrame(cells, gains.index, dtype=object)
    tables = _metric_tables(results, results.main_ranking, frame)
    if not tables:
        return []
    explanation = (
        f"Gain: difference in NDCG@10 to {results.reference} with its 95 % interval, "
        "which leaves out 0 exactly where the p-value to its right is below 0.05: both "
        "are of one method, those over users of a bootstrap, corrected after Holm, "
        "those over users and seeds of Student's t, not corrected."
    )
    caption = (
        f"Gain in NDCG@10 over {results.reference}. Points: means over users and "
        "seeds. Bars: 95 % intervals of the table, one colour over users, the other, "
        "with several seeds, over users and seeds. A bar that does not cross the "
        "line at 0 is a clear difference."
    )
    return [explanation, *tables, *([] if gains.empty else [Picture(picture, caption)])]


def group_blocks(results: StudyResults, gains: "pd.DataFrame") -> list[Block]:
    """Show the reference's NDCG@10 in groups of users, and the gains over it."""
    if gains.empty:
        return []
    plain = results.main_rows(gains["group_by"].iloc[0])
    plain = plain[plain["augmenter"] == results.reference]
    means = plain.pivot_table("value", _BY, "group", observed=True)
    gains = gains.assign(text=[interval(row) for row in gains.to_dict("records")])
    pd = import_extra("pandas", "frames")
    texts = pd.concat(
        [
            means.map("{:.4f}".format),
            gains.pivot(index=_BY, columns="group", values="text"),
        ]
    )
    n_seeds = pd.concat(
        [
            plain.groupby(_BY, observed=True)["seed"].nunique(),
            gains.groupby(_BY, observed=True)["n_seeds"].first(),
        ]
    )
    sizes = gains.groupby("group", observed=True)["n_users"].first()
    texts.columns = [f"{name} ({sizes[name]:,} users)" for name in texts.columns]
    explanation = (
        f"NDCG@10 of {results.reference}; for the others the difference to it with a "
        "95 % interval over users, not corrected for the number of groups."
    )
    return [
        explanation,
        *(
            _noted(results, lines, n_seeds[name], name)
            for name, lines in by_recommender(texts)
            if len(lines) > 1
        ),
    ]


def sampled_blocks(results: StudyResults) -> list[Block]:
    """Show the metrics of the sampled ranking, if there is one, with a caveat."""
    tables = _metric_tables(results, "sampled")
    n_negatives = results.description.get("n_negatives", 100)
    caveat = (
        f"Each target is ranked among {n_negatives} random items, as many papers do: "
        "for comparison with them only. Such metrics can order models differently "
        "from the ranking of all items; do not choose a model by them (Krichene and "
        "Rendle, On Sampled Metrics for Item Recommendation, KDD 2020)."
    )
    return [caveat, *tables] if tables else []


def _metric_tables(
    results: StudyResults, ranking: str, more: "pd.DataFrame | None" = None
) -> list[Table]:
    """One table per recommender, one line per augmenter that has results.

    `more` has columns of text for all users; the best of each metric is bold.
    """
    frame = results.frame
    rows = frame[(frame["ranking"] == ranking) & (frame["group_by"] == "all")]
    found = rows.groupby([*_BY, "metric"], observed=True)["value"]
    found = found.agg(["mean", "std", "count"]).unstack("metric")
    tables = []
    for recommender, of_it in by_recommender(found):
        spreads = " ± " + of_it["std"].map("{:.4f}".format)
        texts = of_it["mean"].map("{:.4f}".format)
        texts += spreads.where(of_it["count"] > 1, "")
        texts.columns = [metric.upper() for metric in texts.columns]
        if more is not None:
            lines = [(recommender, name) for name in texts.index]
            texts[more.columns] = more.reindex(lines, fill_value="-").to_numpy()
        # All that read the same are best together.
        means = of_it["mean"].round(4).to_numpy()
        best = np.argwhere(means == means.max(axis=0, initial=0.0))
        bold = frozenset((int(row), int(column) + 1) for row, column in best)
        n_seeds = of_it["count"].iloc[:, 0]
        tables.append(_noted(results, texts, n_seeds, recommender)._replace(bold=bold))
    return tables


def _noted(
    results: StudyResults, texts: "pd.DataFrame", n_seeds: "pd.Series", title: str
) -> Table:
    """Make a table that names the seeds where some are missing."""
    names = [name + seeds_note(results, n_seeds[name]) for name in texts.index]
    return Table.of(texts.set_axis(names), title, results.compared)
