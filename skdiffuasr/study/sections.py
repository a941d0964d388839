"""The content of a study's report, whatever it is rendered to."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr.study.blocks import (
    Block,
    Items,
    Picture,
    Section,
    Table,
    by_recommender,
)
from skdiffuasr.study.metric_sections import group_blocks, main_blocks, sampled_blocks
from skdiffuasr.study.results import RunRecord, StudyResults, exception_line, run_frame
from skdiffuasr.study.settings import setting_rows
from skdiffuasr.study.verdicts import cautions, verdict_sentences

if TYPE_CHECKING:
    import pandas as pd

_PROTOCOLS = {
    "leave_last_out": "Leave-last-out: the last item of every history is the test "
    "target, the one before it decides early stopping and parameters, and all "
    "models are fitted on the rest.",
    "temporal": "Temporal split: the users' first items after one point in time are "
    "the test targets; a period before it decides early stopping and parameters; all "
    "models are fitted on what comes before both.",
}
_RANKINGS = {
    "filtered": "Seen items are filtered from the ranking, as the dataset has no "
    "repeats; figures without the filter are in results.csv.",
    "full": "All items are ranked, seen ones too, as users of this dataset meet "
    "items again; figures with seen items filtered out are in results.csv.",
    "sampled": "Each target is ranked among random items only; see the caveat below.",
}
_GROUPS = {
    "length": "Users by length of the history",
    "popularity": "Users by popularity of the target",
    "novelty": "Users by whether they have met the target before",
}
_COSTS = {
    "seconds_fit_augmenter": "fit augmenter, s",
    "seconds_transform": "transform, s",
    "seconds_fit_recommender": "fit recommender, s",
    "seconds_predict": "predict, s",
    "seconds_total": "all, s",
    "n_epochs": "epochs",
    "peak_memory_mib": "peak MiB",
}
_BY = ["recommender", "augmenter"]
_FEW_SEEDS = 5


def report_sections(
    results: StudyResults,
    comparisons: "pd.DataFrame",
    between: "tuple[StudyResults, pd.DataFrame] | None" = None,
) -> list[Section]:
    """Put together the sections that have something to say.

    `comparisons` are those of NDCG@10 of the main ranking, from `compare`; `between`
    are the results between recommenders and their comparisons, if there are several.
    """
    gains = comparisons[comparisons["reference"] == results.reference]
    by_group = {
        title: group_blocks(results, gains[gains["group_by"] == group_by])
        for group_by, title in _GROUPS.items()
    }
    if by_length := by_group[_GROUPS["length"]]:
        caption = (
            "Gain in NDCG@10 by length of the history. Points: means over users and "
            "seeds; bars: 95 % intervals over the users of a group, not corrected."
        )
        by_length.append(Picture("length", caption))
    blocks: dict[str, list[Block]] = {
        "In short": _verdict_blocks(results, comparisons),
        "Dataset and protocol": _dataset_blocks(results),
        "Recommenders without augmentation": _recommender_blocks(between),
        "Augmenters by recommender": main_blocks(results, gains),
        "Chosen parameters": _choice_blocks(results),
        **by_group,
        "Ranking among sampled items": sampled_blocks(results),
        "Cost": _cost_blocks(results),
        "Pseudo items": _quality_blocks(results),
        "Failures": _failure_blocks(results),
        "How this report was made": _origin_blocks(results),
    }
    return [Section(title, tuple(found)) for title, found in blocks.items() if found]


def _recommender_blocks(
    between: "tuple[StudyResults, pd.DataFrame] | None",
) -> list[Block]:
    """Compare recommenders with the first of them, for all users and in groups."""
    if between is None:
        return []
    results, comparisons = between
    gains = comparisons[comparisons["reference"] == results.reference]
    blocks = main_blocks(results, gains, picture="recommenders")
    for group_by, title in _GROUPS.items():
        found = group_blocks(results, gains[gains["group_by"] == group_by])
        blocks += [f"{title}.", *found] if found else []
    return blocks


def _dataset_blocks(results: StudyResults) -> list[Block]:
    facts = dict(results.description)
    protocol = facts.pop("protocol", None)
    blocks: list[Block] = [_RANKINGS[results.main_ranking]]
    if protocol is not None:
        blocks.insert(0, _PROTOCOLS.get(str(protocol), f"Protocol: {protocol}."))
    if facts:
        rows = [(_words(name), _fact(value)) for name, value in facts.items()]
        blocks.append(Table(("fact", "value"), tuple(rows)))
    return blocks


def _verdict_blocks(results: StudyResults, comparisons: "pd.DataFrame") -> list[Block]:
    found = cautions(results)
    warned: list[Block] = [Items("", tuple(found))] if found else []
    if comparisons.empty:
        return warned
    explanation = (
        f"Difference in NDCG@10 to {results.reference} with a 95 % bootstrap interval "
        "over users. An augmenter helps (hurts) if the interval lies above (below) 0. "
        "Interval and p-value are of one method, and both are corrected after Holm "
        "over the augmenters: the interval leaves out 0 where p is below 0.05. "
        "The lead of the best is corrected as if every pair of augmenters had been "
        "tested, as the pair is chosen by the results."
    )
    lists = [
        Items(name, tuple(verdict_sentences(results, name, comparisons)))
        for name in results.recommenders
    ]
    return [*warned, *lists, explanation, _about_seeds(results)]


def _about_seeds(results: StudyResults) -> str:
    n_seeds = len(results.seeds)
    if n_seeds == 1:
        return (
            "There is one seed: what another training run would change is not in "
            "the intervals."
        )
    text = (
        f"Values are averaged over {n_seeds} seeds, ± their standard deviation. The "
        "interval over users and seeds covers other training runs, too"
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


def _cost_blocks(results: StudyResults) -> list[Block]:
    means = mean_costs(results)
    if means.empty:
        return []
    texts = means[list(_COSTS)].map(_amount).rename(columns=_COSTS)
    explanation = (
        "Means over the seeds. A fitted augmenter serves all recommenders and is "
        "counted for each of them. Memory is the resident memory of the whole process."
    )
    if results.with_memory:
        explanation += (
            f" A cache is in use (memory=) by {', '.join(results.with_memory)}: "
            "training runs that come from the cache are not in its time."
        )
    tables = [Table.of(lines, name) for name, lines in by_recommender(texts)]
    picture = Picture("cost", "Quality against cost: NDCG@10 and seconds of a run.")
    return [explanation, *tables, picture]


def mean_costs(results: StudyResults) -> "pd.DataFrame":
    """Means over the seeds of what the runs took, by recommender and augmenter."""
    runs = run_frame(record for record in results.records if record.error is None)
    frame = results.ordered(runs, [*_BY, *_COSTS])
    means: pd.DataFrame = frame.groupby(_BY, observed=True).mean()
    return means


def _quality_blocks(results: StudyResults) -> list[Block]:
    measured = [row for row in results.quality if not row.get("error")]
    frame = import_extra("pandas", "frames").DataFrame(measured)
    frame = frame.drop(columns=["seed", "error"], errors="ignore")
    if frame.empty or frame.columns.tolist() == ["augmenter"]:
        return []
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
    return [explanation, Table.of(quality_texts(frame.set_index("augmenter")))]


def quality_texts(quality: "pd.DataFrame") -> "pd.DataFrame":
    """Write measures of pseudo items as they are shown."""
    return quality.map(_decimals).rename(columns=_words)


def _choice_blocks(results: StudyResults) -> list[Block]:
    """Show the parameters that every combination was run with."""
    if not results.candidates:
        return []
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
    return [explanation, Table(header, rows, is_text=True)]


def _failure_blocks(results: StudyResults) -> list[Block]:
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
    explanation = (
        "Full tracebacks of runs are in the folder runs, those of the quality of "
        "pseudo items in quality.csv."
    )
    header = ("augmenter", "recommender", "seed", "error")
    return [explanation, Table(header, tuple(rows), is_text=True)] if rows else []


def _origin_blocks(results: StudyResults) -> list[Block]:
    """Show version, date, command, settings, and the epochs of every run."""
    if not results.made:
        return []
    runs = tuple(
        (run.recommender, run.augmenter, str(run.seed), _epochs(run))
        for run in results.records
    )
    settings = tuple(setting_rows(results.settings))
    return [
        Table(("fact", "value"), tuple(results.made.items()), is_text=True),
        Table(("of", "setting", "value"), settings, "Settings", is_text=True),
        Table(("recommender", "augmenter", "seed", "epochs"), runs, "Epochs"),
    ]


def _epochs(run: RunRecord) -> str:
    if not run.n_epochs:
        return "-"
    return (
        f"{run.n_epochs} of {run.max_epochs}" if run.max_epochs else f"{run.n_epochs}"
    )


def _run(results: StudyResults, record: RunRecord) -> str:
    """Name a run by its seed, and a candidate by its parameters, too."""
    if record in results.candidates:
        return f"{record.seed}, candidate {_settings(record.parameters)}"
    return str(record.seed)


def _names(record: RunRecord) -> tuple[str, str]:
    return record.augmenter, record.recommender


def _settings(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items()) or "-"


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
