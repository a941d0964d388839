"""Results as tidy rows, one value or one run each, and as files of them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from skdiffuasr._extras import import_extra
from skdiffuasr._files import replaced
from skdiffuasr.metrics import parse_metric
from skdiffuasr.study.records import METRICS, RANKINGS, STEPS, RunRecord, StudyResults
from skdiffuasr.study.store import to_json

#: Names of columns to values.
Row: TypeAlias = dict[str, Any]


def metric_rows(results: StudyResults) -> list[Row]:
    """Every metric of every run, ranking and group of users.

    Parameters
    ----------
    results : StudyResults
        What was found. Runs that failed have no rows.

    Returns
    -------
    rows : list of dict
        With the columns ``augmenter``, ``recommender``, ``seed``, ``ranking``,
        ``metric``, ``group_by``, ``group``, ``n_users`` and ``value``, a mean over
        users. In the order of the records; groups without users are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.study.records import RunRecord, StudyResults
    >>> from skdiffuasr.study.tidy import metric_rows
    >>> record = RunRecord("none", "Markov", 0, {"full": np.array([1.0, np.inf])})
    >>> results = StudyResults("tiny log", {}, {}, "full", (record,))
    >>> [(row["metric"], row["value"]) for row in metric_rows(results)]
    [('ndcg@10', 0.5), ('hr@10', 0.5), ('mrr', 0.5)]
    """
    return [
        {
            "augmenter": record.augmenter,
            "recommender": record.recommender,
            "seed": record.seed,
            "ranking": ranking,
            "metric": metric,
            "group_by": group_by,
            "group": group,
            "n_users": int(users.sum()),
            "value": float(values[users].mean()),
        }
        for record in results.records
        for ranking in RANKINGS
        if ranking in record.ranks
        for metric in METRICS
        for values in [parse_metric(metric)[1](record.ranks[ranking])]
        for group_by, group, users in results.user_groups(len(values))
    ]


def run_rows(records: Iterable[RunRecord]) -> list[Row]:
    """Tell what every run took, and whether it failed.

    Parameters
    ----------
    records : iterable of RunRecord
        The runs.

    Returns
    -------
    rows : list of dict
        In the order of the records, with the columns ``augmenter``, ``recommender``,
        ``seed``, ``seconds_fit_augmenter``, ``seconds_transform``,
        ``seconds_fit_recommender``, ``seconds_predict``, ``seconds_total``,
        ``peak_memory_mib``, ``n_epochs``, ``validation_score``, ``parameters`` (JSON)
        and ``error`` (type and message of the exception, or nothing). What a failed
        run took is NaN; a step that a run does not have takes 0 seconds.
    """
    rows = []
    for record in records:
        missing = 0.0 if record.error is None else np.nan
        seconds = {step: record.seconds.get(step, missing) for step in STEPS}
        rows.append(
            {
                "augmenter": record.augmenter,
                "recommender": record.recommender,
                "seed": record.seed,
                **{
                    f"seconds_{step.replace(' ', '_')}": seconds[step] for step in STEPS
                },
                "seconds_total": sum(seconds.values()),
                "peak_memory_mib": record.peak_memory_mib
                if record.error is None
                else np.nan,
                "n_epochs": record.n_epochs,
                "validation_score": record.validation_score,
                "parameters": to_json(record.parameters),
                "error": record.error_line,
            }
        )
    return rows


def write_csv(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write rows as a CSV file, which is whole or not there.

    Parameters
    ----------
    rows : sequence of dict
        The columns are those of all rows in the order in which they first occur; what
        a row lacks stays empty.
    path : str or Path
        Its folder is made if it does not exist.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as temporary:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _columns(rows), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def write_parquet(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write rows as a Parquet file, which is whole or not there.

    Parameters
    ----------
    rows : sequence of dict
        As for `write_csv`.
    path : str or Path
        Its folder is made if it does not exist.

    Raises
    ------
    ImportError
        If pyarrow is not installed; `write_csv` does without.
    """
    pa = import_extra("pyarrow", "frames")
    pq = import_extra("pyarrow.parquet", "frames")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: [row.get(name) for row in rows] for name in _columns(rows)})
    with replaced(path) as temporary:
        pq.write_table(table, temporary)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
