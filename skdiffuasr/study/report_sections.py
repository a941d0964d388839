"""The content of a study's report, whatever it is rendered to."""

from collections.abc import Sequence

import numpy as np

from skdiffuasr.study.comparison import compare
from skdiffuasr.study.metric_sections import (
    group_section,
    main_section,
    sampled_section,
    values_by_line,
)
from skdiffuasr.study.records import StudyResults, exception_line
from skdiffuasr.study.report_blocks import Items, Picture, Section, Table
from skdiffuasr.study.tidy import Row, run_rows
from skdiffuasr.study.verdicts import verdict_sentences

_PROTOCOLS = {
    "leave_last_out": "Leave-last-out: the last item of every history is the test "
    "target, the one before it stops trainings early and chooses parameters, and all "
    "models are fitted on the rest.",
    "temporal": "Temporal split: tested are the users' first items after one point in "
    "time; trainings stop early, and parameters are chosen, by a period before it; all "
    "models are fitted on what comes before both.",
}
_RANKINGS = {
    "filtered": "Seen items are filtered from the ranking, as the log has no repeats; "
    "figures without the filter are in results.csv.",
    "full": "All items are ranked, seen ones too, as users of this log meet items "
    "again; figures with seen items filtered out are in results.csv.",
    "sampled": "Each target is ranked among random items only; see the caveat below.",
}
_FEW_SEEDS = 5


def report_title(results: StudyResults) -> str:
    """Name the report.

    Parameters
    ----------
    results : StudyResults
        What was found.

    Returns
    -------
    title : str
    """
    return f"Augmentation study: {results.log_name}"


def report_sections(results: StudyResults) -> list[Section]:
    """Put a study's report together.

    Parameters
    ----------
    results : StudyResults
        What was found.

    Returns
    -------
    sections : list of Section
        Those that have something to say.
    """
    comparisons = compare(results, results.main_ranking, "ndcg@10")
    values = values_by_line(results)
    by_length, by_popularity, by_novelty = (
        group_section(results, comparisons, values, group_by, title)
        for group_by, title in (
            ("length", "Users by length of the history"),
            ("popularity", "Users by popularity of the target"),
            ("novelty", "Users by whether they have met the target before"),
        )
    )
    if by_length.blocks:
        picture = Picture("length", "Gain in NDCG@10 by length of the history.")
        by_length = by_length._replace(blocks=(*by_length.blocks, picture))
    sections = [
        _log_section(results),
        _verdict_section(results, comparisons),
        main_section(results, comparisons, values),
        by_length,
        by_popularity,
        by_novelty,
        sampled_section(results, values),
        _cost_section(results),
        _quality_section(results),
        _failure_section(results),
    ]
    return [section for section in sections if section.blocks]


def _log_section(results: StudyResults) -> Section:
    facts = dict(results.description)
    protocol = facts.pop("protocol", None)
    paragraphs = [_RANKINGS[results.main_ranking]]
    if protocol is not None:
        paragraphs.insert(0, _PROTOCOLS.get(str(protocol), f"Protocol: {protocol}."))
    table = Table(
        ("fact", "value"),
        tuple((_words(name), _fact(value)) for name, value in facts.items()),
    )
    return Section("Log and protocol", (*paragraphs, *([table] if facts else [])))


def _verdict_section(results: StudyResults, comparisons: Sequence[Row]) -> Section:
    if not comparisons:
        return Section("In short", ())
    explanation = (
        f"Difference in NDCG@10 to {results.reference} with a 95 % bootstrap interval "
        "over users. An augmenter helps (hurts) if the interval lies above (below) 0 "
        "and the p-value, after Holm's correction over the augmenters, is below 0.05."
    )
    lists = [
        Items(name, tuple(verdict_sentences(results, name, comparisons)))
        for name in results.recommenders
    ]
    return Section("In short", (explanation, *lists, _about_seeds(results)))


def _about_seeds(results: StudyResults) -> str:
    n_seeds = len(results.seeds)
    if n_seeds == 1:
        return (
            "There is one seed: what another training would change is not in the "
            "intervals."
        )
    text = (
        f"Values are averaged over {n_seeds} seeds, ± their standard deviation. The "
        "interval over users and seeds draws the seeds anew too"
    )
    if n_seeds < _FEW_SEEDS:
        text += f"; with {n_seeds} seeds it is rough"
    return text + "."


def _cost_section(results: StudyResults) -> Section:
    title = "Cost"
    columns = {
        "seconds_fit_augmenter": "fit augmenter, s",
        "seconds_transform": "transform, s",
        "seconds_fit_recommender": "fit recommender, s",
        "seconds_predict": "predict, s",
        "seconds_total": "all, s",
        "n_epochs": "epochs",
        "peak_memory_mib": "peak MiB",
    }
    runs: dict[tuple[str, str], list[Row]] = {}
    for row in run_rows(results):
        if not row["error"]:
            runs.setdefault((row["recommender"], row["augmenter"]), []).append(row)
    if not runs:
        return Section(title, ())
    tables = []
    for recommender in results.recommenders:
        rows = []
        for augmenter in results.augmenters:
            if of_seeds := runs.get((recommender, augmenter)):
                means = {
                    column: np.mean([row[column] for row in of_seeds])
                    for column in columns
                }
                rows.append((augmenter, *(_amount(mean) for mean in means.values())))
        if rows:
            header = ("augmenter", *columns.values())
            tables.append(Table(header, tuple(rows), recommender))
    explanation = (
        "Means over the seeds. A fitted augmenter serves all recommenders and is "
        "counted for each of them. Memory is the resident memory of the whole process."
    )
    picture = Picture("cost", "Quality against cost: NDCG@10 and seconds of a run.")
    return Section(title, (explanation, *tables, picture))


def _quality_section(results: StudyResults) -> Section:
    title = "Pseudo items"
    measured = [row for row in results.quality if not row.get("error")]
    columns = list(dict.fromkeys(name for row in measured for name in row))
    columns = [name for name in columns if name not in ("augmenter", "seed", "error")]
    if not columns:
        return Section(title, ())
    rows = tuple(
        (
            str(row["augmenter"]),
            *(_decimals(row.get(column, np.nan)) for column in columns),
        )
        for row in measured
    )
    explanation = (
        "Generated in place of the hidden first items of some histories. Hit rate: "
        "share that are among the hidden items; similarity: to the nearest hidden "
        "item; popularity drift: above 0 where the generated are more popular than "
        "the hidden; coverage: share of the catalogue that is generated for anyone."
    )
    header = ("augmenter", *(_words(column) for column in columns))
    return Section(title, (explanation, Table(header, rows)))


def _failure_section(results: StudyResults) -> Section:
    rows = [
        (record.augmenter, record.recommender, str(record.seed), record.error_line)
        for record in results.records
        if record.error is not None
    ]
    rows += [
        (
            str(row["augmenter"]),
            "(quality of pseudo items)",
            str(row.get("seed", "-")),
            exception_line(row["error"]),
        )
        for row in results.quality
        if row.get("error")
    ]
    if not rows:
        return Section("Failures", ())
    header = ("augmenter", "recommender", "seed", "error")
    explanation = "Full tracebacks are in the folder runs."
    table = Table(header, tuple(rows), is_text=True)
    return Section("Failures", (explanation, table))


def _words(name: str) -> str:
    return name.removeprefix("n_").replace("_", " ")


def _fact(value: str | int | float) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _decimals(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"
