"""All files that a study leaves behind."""

import importlib.util
from pathlib import Path

from skdiffuasr._files import write_text
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.figures import save_figures
from skdiffuasr.study.html_report import html_report
from skdiffuasr.study.markdown_report import markdown_report
from skdiffuasr.study.records import StudyResults
from skdiffuasr.study.tidy import metric_rows, run_rows, write_csv, write_parquet


def write_report(results: StudyResults, folder: Path) -> None:
    """Write tables, figures and the report.

    Parameters
    ----------
    results : StudyResults
        What was found.
    folder : Path
        Gets ``results.csv`` (one line per value), ``runs.csv`` (one per run),
        ``comparisons.csv``, ``quality.csv``, ``report.md`` and ``report.html``; where
        parameters were chosen ``candidates.csv`` (one line per setting that was
        tried), with pyarrow ``results.parquet`` and with matplotlib ``figures`` as
        well.
    """
    rows = metric_rows(results)
    write_csv(rows, folder / "results.csv")
    write_csv(run_rows(results.records), folder / "runs.csv")
    if results.candidates:
        write_csv(run_rows(results.candidates), folder / "candidates.csv")
    write_csv(
        [
            comparison
            for metric in ("ndcg@10", "hr@10", "mrr")
            for comparison in compare(results, results.main_ranking, metric)
        ],
        folder / "comparisons.csv",
    )
    write_csv(list(results.quality), folder / "quality.csv")
    if importlib.util.find_spec("pyarrow"):
        write_parquet(rows, folder / "results.parquet")
    figure_folder = None
    if importlib.util.find_spec("matplotlib"):
        save_figures(results, folder / "figures")
        figure_folder = "figures"
    write_text(folder / "report.md", markdown_report(results, figure_folder))
    write_text(folder / "report.html", html_report(results))
