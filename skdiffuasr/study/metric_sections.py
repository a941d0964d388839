"""The sections of a report that hold metrics."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from skdiffuasr.study.records import METRICS, StudyResults
from skdiffuasr.study.report_blocks import Block, Picture, Section, Table
from skdiffuasr.study.tidy import Row, metric_rows
from skdiffuasr.study.verdicts import bounds, interval, note_of, p_text, seeds_note

_METRIC_NAMES = {"ndcg@10": "NDCG@10", "hr@10": "HR@10", "mrr": "MRR"}


class Line(NamedTuple):
    """What a value over the seeds belongs to; the columns of `metric_rows`."""

    ranking: str
    recommender: str
    augmenter: str
    metric: str
    group_by: str = "all"
    group: str = "all"


#: Values, one per seed.
Values: TypeAlias = Mapping[Line, Sequence[float]]


def values_by_line(results: StudyResults) -> Values:
    """Collect the values of all seeds.

    Parameters
    ----------
    results : StudyResults
        What was found.

    Returns
    -------
    values : dict of Line to list of float
    """
    values: dict[Line, list[float]] = {}
    for row in metric_rows(results):
        line = Line(*(row[column] for column in Line._fields))
        values.setdefault(line, []).append(row["value"])
    return values


def main_section(
    results: StudyResults, comparisons: Sequence[Row], values: Values
) -> Section:
    """Show all metrics of the main ranking, and the gains.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        Rows of `compare` for NDCG@10 of the main ranking.
    values : Values
        See `values_by_line`.

    Returns
    -------
    section : Section
    """
    several = len(results.seeds) > 1
    header = ["augmenter", *_METRIC_NAMES.values()]
    header += [f"gain over {results.reference} [95 %, users]", "Holm p"]
    header += ["[95 %, users and seeds]"] * several
    blocks: list[Block] = [
        f"Gain: difference in NDCG@10 to {results.reference} with its 95 % interval."
    ]
    has_gains = False
    for recommender in results.recommenders:
        ranking = results.main_ranking
        table = _metric_table(results, values, ranking, recommender)
        gains = gains_of(results, comparisons, recommender)
        has_gains |= bool(gains)
        names = _with_results(results, values, ranking, recommender)
        rows = []
        for augmenter, row in zip(names, table.rows, strict=True):
            cells = ["-"] * (2 + several)
            if (augmenter, "all") in gains:
                gain = gains[augmenter, "all"]
                cells = [interval(gain) + seeds_note(results, gain)]
                cells += [p_text(gain["p_holm"])]
                cells += [bounds(gain, "_seeds")] * several
            rows.append((*row, *cells))
        if rows:
            blocks.append(table._replace(header=tuple(header), rows=tuple(rows)))
    if has_gains:
        caption = f"Gain in NDCG@10 over {results.reference}, 95 % intervals."
        blocks.append(Picture("gain", caption))
    has_results = len(blocks) > 1
    return Section("Augmenters by recommender", tuple(blocks) if has_results else ())


def group_section(
    results: StudyResults,
    comparisons: Sequence[Row],
    values: Values,
    group_by: str,
    title: str,
) -> Section:
    """Show the gains for groups of users.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        Rows of `compare` for NDCG@10 of the main ranking.
    values : Values
        See `values_by_line`.
    group_by : str
        Which of the groups.
    title : str
        The heading.

    Returns
    -------
    section : Section
        Without blocks if nothing was compared.
    """
    groups = dict.fromkeys(
        (row["group"], row["n_users"])
        for row in comparisons
        if row["group_by"] == group_by
    )
    if not groups:
        return Section(title, ())
    header = ("augmenter", *(f"{name} ({n:,} users)" for name, n in groups))
    tables = []
    for recommender in results.recommenders:
        gains = gains_of(results, comparisons, recommender, group_by)
        if not gains:
            continue
        line = Line(results.main_ranking, recommender, results.reference, "ndcg@10")
        plain = [
            values[line._replace(group_by=group_by, group=name)] for name, _ in groups
        ]
        note = note_of(len(plain[0]), len(results.seeds))
        rows = [
            (results.reference + note, *(f"{np.mean(seeds):.4f}" for seeds in plain))
        ]
        for augmenter in results.augmenters:
            of_augmenter = [
                gains[augmenter, name]
                for name, _ in groups
                if (augmenter, name) in gains
            ]
            if of_augmenter:
                name = augmenter + seeds_note(results, of_augmenter[0])
                rows.append((name, *map(interval, of_augmenter)))
        tables.append(Table(header, tuple(rows), recommender))
    if not tables:
        return Section(title, ())
    explanation = (
        f"NDCG@10 of {results.reference}; for the others the difference to it with a "
        "95 % interval over users, not corrected for the number of groups."
    )
    return Section(title, (explanation, *tables))


def sampled_section(results: StudyResults, values: Values) -> Section:
    """Show the metrics of the sampled ranking, with a caveat.

    Parameters
    ----------
    results : StudyResults
        What was found.
    values : Values
        See `values_by_line`.

    Returns
    -------
    section : Section
        Without blocks if there is no such ranking.
    """
    title = "Ranking among sampled items"
    tables = [
        _metric_table(results, values, "sampled", recommender)
        for recommender in results.recommenders
    ]
    tables = [table for table in tables if table.rows]
    if not tables:
        return Section(title, ())
    n_negatives = results.description.get("n_negatives", 100)
    caveat = (
        f"Each target is ranked among {n_negatives} random items, as many papers do: "
        "for comparison with them only. Such metrics can order models differently "
        "from the ranking of all items; do not choose a model by them (Krichene and "
        "Rendle, On Sampled Metrics for Item Recommendation, KDD 2020)."
    )
    return Section(title, (caveat, *tables))


def gains_of(
    results: StudyResults,
    comparisons: Sequence[Row],
    recommender: str,
    group_by: str = "all",
) -> dict[tuple[str, str], Row]:
    """Choose the comparisons of a recommender's augmenters with the reference.

    Parameters
    ----------
    results : StudyResults
        What was found.
    comparisons : sequence of dict
        Rows of `compare`.
    recommender : str
        Which recommender.
    group_by : str, default="all"
        Which groups.

    Returns
    -------
    gains : dict of (augmenter, group) to dict
        In the order of `comparisons`.
    """
    return {
        (row["augmenter"], row["group"]): row
        for row in comparisons
        if row["recommender"] == recommender
        and row["reference"] == results.reference
        and row["group_by"] == group_by
    }


def _metric_table(
    results: StudyResults, values: Values, ranking: str, recommender: str
) -> Table:
    """One line per augmenter that has results, the best of each metric in bold."""
    lines = [
        [Line(ranking, recommender, augmenter, metric) for metric in METRICS]
        for augmenter in _with_results(results, values, ranking, recommender)
    ]
    rows = tuple(
        (
            of_augmenter[0].augmenter
            + note_of(len(values[of_augmenter[0]]), len(results.seeds)),
            *(_mean_and_spread(values[line]) for line in of_augmenter),
        )
        for of_augmenter in lines
    )
    # All that read the same are best together.
    means = np.array(
        [[np.mean(values[line]).round(4) for line in names] for names in lines]
    )
    bold = frozenset(
        (int(row), int(column) + 1)
        for row, column in np.argwhere(means == means.max(axis=0, initial=0.0))
    )
    return Table(("augmenter", *_METRIC_NAMES.values()), rows, recommender, bold)


def _with_results(
    results: StudyResults, values: Values, ranking: str, recommender: str
) -> list[str]:
    """Name the augmenters that did not fail with a recommender every time."""
    return [
        name
        for name in results.augmenters
        if Line(ranking, recommender, name, METRICS[0]) in values
    ]


def _mean_and_spread(values: Sequence[float]) -> str:
    mean = f"{np.mean(values):.4f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.4f}"
