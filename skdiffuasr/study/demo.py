"""The main job on one log: a study of SASRec with and without the diffusion."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sklearn.base import clone

from skdiffuasr._typing import FloatArray
from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences, read_interactions
from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.markdown_report import markdown_table
from skdiffuasr.study.protocol import StudyData, leave_last_out_data
from skdiffuasr.study.quality import nearness_to_hidden, set_aside
from skdiffuasr.study.results import STEPS, StudyResults
from skdiffuasr.study.study import AugmentationStudy
from skdiffuasr.study.verdicts import interval

METRICS = ("ndcg@10", "hr@10")


class DemoLog(NamedTuple):
    """Histories and, where they are known, the true items before them."""

    name: str
    histories: Sequences
    hidden: Sequences | None = None
    item_factors: FloatArray | None = None


def run_demo(
    data: str | Path | Interactions | None = None,
    *,
    log_name: str | None = None,
    n_pseudo_items: int = 10,
    max_epochs: int = 30,
    device: str = "auto",
    random_state: int = 0,
) -> str:
    """Fit with and without augmentation and report the difference.

    A preset `AugmentationStudy` in a folder that is thrown away. Leave-last-out
    protocol: the last item of every history is the test target, the one before it
    stops the trainings early, and the models are fitted on the rest. Every item of the
    catalogue is ranked. The intervals are paired bootstrap intervals over users; one
    training seed is used, whose noise they do not include.

    Parameters
    ----------
    data : str, Path or Interactions, default=None
        A log, or a file that `read_interactions` can read; pseudo items are dropped.
        None makes a synthetic one.
    log_name : str, default=None
        What the report calls the log. None takes the name of the file.
    n_pseudo_items : int, default=10
        Number M of pseudo items before each history.
    max_epochs : int, default=30
        Upper bound of the epochs of every training.
    device : str, default="auto"
        See the estimators.
    random_state : int, default=0
        Seeds the synthetic log and every estimator.

    Returns
    -------
    report : str
        In Markdown.

    Raises
    ------
    ImportError
        If pandas is not installed.
    RuntimeError
        If a training failed.
    ValueError
        If no history has more than `n_pseudo_items` items besides the two that are
        held out.
    """
    if data is None:
        log = _synthetic_log(random_state)
    else:
        log = _as_demo_log(data, log_name)
    split = leave_last_out_data(log.histories)
    _check_lengths(split.X_train, n_pseudo_items)
    shared = {"max_epochs": max_epochs, "device": device}
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # A slow disk makes the cache slow, but not as slow as another training.
        warnings.filterwarnings("ignore", message="Persisting input arguments")
        augmenter = DiffusionSequenceAugmenter(
            n_pseudo_items, memory=f"{folder}/trainings", **shared
        )
        study = AugmentationStudy(
            {"diffusion": augmenter},
            {
                "popularity": PopularityRecommender(),
                "Markov chain": MarkovRecommender(),
                "SASRec": SASRecEstimator(max_length=50, **shared),
            },
            [random_state],
            n_negatives=None,
            with_quality=False,
        )
        results = study.run(log.histories, f"{folder}/study", log_name=log.name)
        for failed in results.failures:
            raise RuntimeError(
                f"{failed.augmenter} + {failed.recommender}: {failed.error_line}"
            )
        augmenter.set_params(random_state=random_state)
        try:
            nearness = _nearness_table(log, split, augmenter)
        except ValueError as error:  # the comparison must not be lost
            nearness = f"Not measured: {error}"
    sizes = results.description
    parts = [
        "# Does diffusion augmentation help?",
        f"{log.name}: {sizes['n_test_users']} users, {sizes['n_items']} items in "
        f"training, leave-last-out, full ranking, {n_pseudo_items} pseudo items per "
        "user, one seed.",
        "## Next-item recommendation",
        _metrics_table(results),
        "## Whom it helps: diffusion + SASRec against SASRec, by length of the history",
        _difference_table(results),
        "Difference with a paired 95 % bootstrap interval over users.",
        "## How near the pseudo items are to hidden true ones",
        nearness,
        "## Seconds",
        _seconds_table(results),
    ]
    return "\n\n".join(parts) + "\n"


def _synthetic_log(random_state: int) -> DemoLog:
    bunch = make_sequences(n_users=3000, n_items=800, random_state=random_state)
    return DemoLog("Synthetic log", bunch.X, bunch.hidden, bunch.item_factors)


def _as_demo_log(data: str | Path | Interactions, name: str | None) -> DemoLog:
    if isinstance(data, Interactions):
        return DemoLog(name or "Log", data.to_sequences())
    return DemoLog(name or Path(data).name, read_interactions(data).to_sequences())


def _check_lengths(X_train: Sequences, n_pseudo_items: int) -> None:
    """Say at once what would fail after the other models are trained."""
    longest = int(X_train.lengths.max())
    if longest <= n_pseudo_items:
        raise ValueError(
            "Without the two items that are held out the longest history has "
            f"{longest} items; the augmenter learns from those of more than "
            f"n_pseudo_items={n_pseudo_items}."
        )


def _nearness_table(
    log: DemoLog, split: StudyData, augmenter: DiffusionSequenceAugmenter
) -> str:
    """Pseudo items and random draws against hidden items that no model has seen."""
    if log.hidden is not None and log.item_factors is not None:
        fitted = clone(augmenter).fit(split.X_train)  # as in the study: from its cache
        quality = nearness_to_hidden(
            fitted, split.X_train, log.hidden, log.item_factors[fitted.item_ids_]
        )
        note = (
            "Hidden: the items that the log's generator cut off. Similarity: cosine of "
            "the generator's item factors."
        )
    else:
        others, visible, hidden = set_aside(split.X_train, augmenter.n_pseudo_items)
        quality = nearness_to_hidden(clone(augmenter).fit(others), visible, hidden)
        note = (
            "Hidden: the first items of a tenth of the long histories, which the "
            "augmenter was fitted without. Similarity: cosine of the augmenter's item "
            "embeddings."
        )
    header = ["pseudo items", "hit rate", "similarity", "duplicates", "coverage"]
    columns = ["hit_rate", "similarity", "duplicate_rate", "coverage"]
    rows = [
        [name, *(f"{measured[column]:.4f}" for column in columns)]
        for name, measured in quality.items()
    ]
    return markdown_table(header, rows) + "\n\n" + note


def _model(results: StudyResults, augmenter: str, recommender: str) -> str:
    is_plain = augmenter == results.reference
    return recommender if is_plain else f"{augmenter} + {recommender}"


def _metrics_table(results: StudyResults) -> str:
    """Mean of each metric for each model."""
    of_all = results.frame.query("ranking == 'full' and group_by == 'all'")
    means = of_all.pivot_table(
        "value", ["augmenter", "recommender"], "metric", observed=True
    )
    rows = [
        [_model(results, *names), *(f"{values[metric]:.4f}" for metric in METRICS)]
        for names, values in means.iterrows()
    ]
    return markdown_table(["model", *METRICS], rows)


def _difference_table(results: StudyResults) -> str:
    """Paired difference of each metric of SASRec for each group of users."""
    header, rows = ["users", "n"], {}
    for metric in METRICS:
        header += [f"{metric} without", "with", "difference"]
        for row in compare(results, "full", metric).to_dict("records"):
            if row["recommender"] == "SASRec" and row["group_by"] in ("all", "length"):
                name = "all" if row["group"] == "all" else f"{row['group']} items"
                cells = rows.setdefault(name, [name, str(row["n_users"])])
                cells += [f"{row['reference_value']:.4f}", f"{row['value']:.4f}"]
                cells.append(interval(row))
    return markdown_table(header, list(rows.values()))


def _seconds_table(results: StudyResults) -> str:
    rows = [
        [
            _model(results, record.augmenter, record.recommender),
            *(f"{record.seconds.get(step, 0.0):.1f}" for step in STEPS),
        ]
        for record in results.records
    ]
    return markdown_table(["model", *STEPS], rows)
