"""All files that a study leaves behind."""

import importlib.util
from pathlib import Path

from skdiffuasr._files import replaced, write_text
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.figures import as_png, draw_figures
from skdiffuasr.study.html_report import html_report
from skdiffuasr.study.markdown_report import markdown_report
from skdiffuasr.study.records import METRICS, StudyResults
from skdiffuasr.study.report_sections import report_sections, report_title
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
    comparisons = {
        metric: compare(results, results.main_ranking, metric) for metric in METRICS
    }
    write_csv(
        [row for of_metric in comparisons.values() for row in of_metric],
        folder / "comparisons.csv",
    )
    write_csv(list(results.quality), folder / "quality.csv")
    if importlib.util.find_spec("pyarrow"):
        write_parquet(rows, folder / "results.parquet")
    figures = {}
    if importlib.util.find_spec("matplotlib"):
        drawn = draw_figures(results, comparisons["ndcg@10"])
        figures = {name: as_png(figure) for name, figure in drawn.items()}
        (folder / "figures").mkdir(exist_ok=True)
    for name, content in figures.items():
        with replaced(folder / "figures" / f"{name}.png") as temporary:
            temporary.write_bytes(content)
    title = report_title(results)
    sections = report_sections(results, comparisons["ndcg@10"])
    figure_folder = "figures" if figures else None
    write_text(folder / "report.md", markdown_report(title, sections, figure_folder))
    write_text(folder / "report.html", html_report(title, sections, figures))
