"""All files that a study leaves behind."""

import importlib.util
from pathlib import Path

from skdiffuasr._extras import import_extra
from skdiffuasr._files import replaced, write_text
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.figures import as_png, draw_figures
from skdiffuasr.study.html_report import html_report
from skdiffuasr.study.markdown_report import markdown_report
from skdiffuasr.study.results import METRICS, StudyResults, run_frame
from skdiffuasr.study.sections import report_sections
from skdiffuasr.study.store import write_csv


def write_report(results: StudyResults, folder: Path) -> None:
    """Write tables, figures and the report.

    These are `REPORT_FILES`: ``candidates.csv`` where parameters were chosen,
    ``recommenders.csv`` where there are several,
    ``results.parquet`` with pyarrow, and ``figures`` with matplotlib.
    """
    pd = import_extra("pandas", "frames")
    comparisons = {
        metric: compare(results, results.main_ranking, metric) for metric in METRICS
    }
    of_main = comparisons["ndcg@10"]
    between = None
    if len(results.recommenders) > 1:
        plain = results.between_recommenders()
        between = plain, compare(plain, results.main_ranking, "ndcg@10")
    frames = {
        "results": results.frame,
        "runs": run_frame(results.records),
        "comparisons": pd.concat(comparisons, names=["metric"]).reset_index("metric"),
        "quality": pd.DataFrame(results.quality),
    }
    if between:
        frames["recommenders"] = (
            between[1]
            .drop(columns="recommender")
            .rename(columns={"augmenter": "recommender"})
        )
    if results.candidates:
        frames["candidates"] = run_frame(results.candidates)
    for name, frame in frames.items():
        write_csv(frame, folder / f"{name}.csv")
    if importlib.util.find_spec("pyarrow"):
        with replaced(folder / "results.parquet") as temporary:
            results.frame.to_parquet(temporary, index=False)
    figures = {}
    if importlib.util.find_spec("matplotlib"):
        drawn = draw_figures(results, of_main)
        if between:
            drawn |= draw_figures(*between)
        figures = {name: as_png(figure) for name, figure in drawn.items()}
        (folder / "figures").mkdir(exist_ok=True)
    for name, content in figures.items():
        with replaced(folder / "figures" / f"{name}.png") as temporary:
            temporary.write_bytes(content)
    title = f"Augmentation study: {results.dataset_name}"
    sections = report_sections(results, of_main, between)
    figure_folder = "figures" if figures else None
    write_text(folder / "report.md", markdown_report(title, sections, figure_folder))
    write_text(folder / "report.html", html_report(title, sections, figures))
