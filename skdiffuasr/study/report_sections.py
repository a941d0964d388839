"""The content of a study's report, whatever it is rendered to."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skdiffuasr.study.metric_sections import (
    Line,
    Values,
    group_section,
    main_section,
    sampled_section,
    values_by_line,
)
from skdiffuasr.study.records import RunRecord, StudyResults, exception_line
from skdiffuasr.study.report_blocks import Items, Picture, Section, Table
from skdiffuasr.study.store import to_json
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


def report_sections(results: StudyResults, comparisons: Sequence[Row]) -> list[Section]:
    """Put a study's report together.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        Those of NDCG@10 of the main ranking, from `compare`.

    Returns
    -------
    sections : list of Section
        Those that have something to say.
    """
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
        _verdict_section(results, comparisons, values),
        main_section(results, comparisons, values),
        _choice_section(results),
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


def _verdict_section(
    results: StudyResults, comparisons: Sequence[Row], values: Values
) -> Section:
    if not comparisons:
        return Section("In short", ())
    explanation = (
        f"Difference in NDCG@10 to {results.reference} with a 95 % bootstrap interval "
        "over users. An augmenter helps (hurts) if the interval lies above (below) 0 "
        "and the p-value, after Holm's correction over the augmenters, is below 0.05. "
        "The lead of the best is corrected as if every pair of augmenters had been "
        "tested, as the pair is chosen by the results."
    )
    lists = []
    for recommender in results.recommenders:
        lines = {
            augmenter: Line(results.main_ranking, recommender, augmenter, "ndcg@10")
            for augmenter in results.augmenters
        }
        means = {
            augmenter: float(np.mean(values[line]))
            for augmenter, line in lines.items()
            if line in values
        }
        sentences = verdict_sentences(results, recommender, comparisons, means)
        lists.append(Items(recommender, tuple(sentences)))
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
        "interval over users and seeds holds for other trainings, too"
    )
    if n_seeds < _FEW_SEEDS:
        text += f"; with {n_seeds} seeds it is wide"
    text += "."
    if any(record.error is not None for record in results.records):
        text += (
            " Where a run failed, the seeds that are left are named; a gain is of "
            "those that both have."
        )
    return text


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
    for row in run_rows(results.records):
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
    if results.with_memory:
        explanation += (
            f" A cache is in use (memory=) by {', '.join(results.with_memory)}: "
            "trainings that come from the cache are not in its time."
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
    if results.candidates:
        explanation += (
            " The augmenters are as given, before parameters are chosen for them."
        )
    header = ("augmenter", *(_words(column) for column in columns))
    return Section(title, (explanation, Table(header, rows)))


def _choice_section(results: StudyResults) -> Section:
    """Show the parameters that every combination was run with."""
    title = "Chosen parameters"
    if not results.candidates:
        return Section(title, ())
    n_tried = Counter(_names(record) for record in results.candidates)
    chosen = {_names(record): record.parameters for record in results.records}
    rows = tuple(
        (*names, str(n_tried.get(names, 0)), _settings(parameters))
        for names, parameters in chosen.items()
    )
    explanation = (
        "Of the settings that were tried, with the first seed, the one with the "
        "highest NDCG@10 on the validation items. All of them are in candidates.csv."
    )
    header = ("augmenter", "recommender", "tried", "parameters")
    return Section(title, (explanation, Table(header, rows, is_text=True)))


def _failure_section(results: StudyResults) -> Section:
    rows = [
        (*_names(record), _run(results, record), record.error_line)
        for record in results.failures
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
    explanation = (
        "Full tracebacks of runs are in the folder runs, those of the quality of "
        "pseudo items in quality.csv."
    )
    table = Table(header, tuple(rows), is_text=True)
    return Section("Failures", (explanation, table))


def _run(results: StudyResults, record: RunRecord) -> str:
    """Name a run by its seed, and a candidate by its parameters, too."""
    if record in results.candidates:
        return f"{record.seed}, candidate {_settings(record.parameters)}"
    return str(record.seed)


def _names(record: RunRecord) -> tuple[str, str]:
    return record.augmenter, record.recommender


def _settings(parameters: Mapping[str, Any]) -> str:
    # As they are read from disk, so that a study that goes on reports the same.
    plain = json.loads(to_json(parameters))
    return ", ".join(f"{name}={value}" for name, value in plain.items()) or "-"


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
