"""The main job on one log: a study of SASRec with and without the diffusion."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.utils import Bunch

from skdiffuasr._extras import import_extra
from skdiffuasr._markdown import markdown_table
from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences, read_interactions
from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.study.quality import nearness_to_hidden, set_aside
from skdiffuasr.study.results import STEPS, StudyResults
from skdiffuasr.study.study import REFERENCE, AugmentationStudy
from skdiffuasr.study.verdicts import interval

if TYPE_CHECKING:
    import pandas as pd

_METRICS = ["ndcg@10", "hr@10"]
_QUALITY = ["hit_rate", "similarity", "duplicate_rate", "coverage"]


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
    decides early stopping, and the models are fitted on the rest. Every item of the
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
    log = _log(data, log_name, random_state)
    X_train = leave_last_out_data(log.X).X_train
    _check_lengths(X_train, n_pseudo_items)
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items, max_epochs=max_epochs, device=device, random_state=random_state
    )
    recommenders = {
        "popularity": PopularityRecommender(),
        "Markov chain": MarkovRecommender(),
        "SASRec": SASRecEstimator(max_length=50, max_epochs=max_epochs, device=device),
    }
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # A slow disk makes the cache slow, but not as slow as another training.
        warnings.filterwarnings("ignore", message="Persisting input arguments")
        augmenter.set_params(memory=f"{folder}/trainings")
        results = AugmentationStudy(
            {"diffusion": augmenter},
            recommenders,
            [random_state],
            n_negatives=None,
            with_quality=False,
        ).run(log.X, f"{folder}/study")
        for failed in results.failures:
            raise RuntimeError(
                f"{failed.augmenter} + {failed.recommender}: {failed.error_line}"
            )
        try:
            nearness = _nearness(log, X_train, augmenter)
        except ValueError as error:  # the comparison must not be lost
            nearness = f"Not measured: {error}"
    parts = [
        "# Does diffusion augmentation help?",
        f"{log.name}: {results.description['n_test_users']} users, "
        f"{results.description['n_items']} items in training, leave-last-out, full "
        f"ranking, {n_pseudo_items} pseudo items per user, one seed.",
        "## Next-item recommendation",
        _metrics_table(results),
        "## Whom it helps: diffusion + SASRec against SASRec, by length of the history",
        _difference_table(results),
        "Difference with a paired 95 % bootstrap interval over users.",
        "## How near the pseudo items are to hidden true ones",
        nearness,
        "## Seconds",
        _seconds_table(results),
        "A fitted augmenter serves all recommenders and is counted for each of them.",
    ]
    return "\n\n".join(parts) + "\n"


def _log(
    data: str | Path | Interactions | None, name: str | None, random_state: int
) -> Bunch:
    """Read histories `X`, or make some with the items `hidden` before them."""
    if data is None:
        made = make_sequences(n_users=2000, n_items=800, random_state=random_state)
        return Bunch(name="Synthetic log", **made)
    if isinstance(data, Interactions):
        return Bunch(name=name or "Log", X=data.to_sequences())
    return Bunch(name=name or Path(data).name, X=read_interactions(data).to_sequences())


def _check_lengths(X_train: Sequences, n_pseudo_items: int) -> None:
    """Say at once what would fail after the other models are trained."""
    longest = int(X_train.lengths.max())
    if longest <= n_pseudo_items:
        raise ValueError(
            "Without the two items that are held out the longest history has "
            f"{longest} items; the augmenter learns from those of more than "
            f"n_pseudo_items={n_pseudo_items}."
        )


def _nearness(
    log: Bunch, X_train: Sequences, augmenter: DiffusionSequenceAugmenter
) -> str:
    """Pseudo items and random draws against hidden items that no model has seen."""
    if "hidden" in log:
        fitted = clone(augmenter).fit(X_train)  # as in the study: from its cache
        factors = log.item_factors[fitted.item_ids_]
        quality = nearness_to_hidden(fitted, X_train, log.hidden, factors)
        note = (
            "Hidden: the items that the log's generator cut off. Similarity: cosine of "
            "the generator's item factors."
        )
    else:
        others, visible, hidden = set_aside(X_train, augmenter.n_pseudo_items)
        quality = nearness_to_hidden(clone(augmenter).fit(others), visible, hidden)
        note = (
            "Hidden: the first items of a tenth of the long histories, which the "
            "augmenter was fitted without. Similarity: cosine of the augmenter's item "
            "embeddings."
        )
    frame = import_extra("pandas", "frames").DataFrame(quality).T[_QUALITY]
    frame.columns = ["hit rate", "similarity", "duplicates", "coverage"]
    return _table("pseudo items", frame.map("{:.4f}".format)) + "\n\n" + note


def _metrics_table(results: StudyResults) -> str:
    """Mean of each metric for each model."""
    of_all = results.frame.query("ranking == 'full' and group_by == 'all'")
    by = ["augmenter", "recommender"]
    means = of_all.pivot_table("value", by, "metric", observed=True)[_METRICS]
    means.index = [_model(*names) for names in means.index]
    return _table("model", means.map("{:.4f}".format))


def _difference_table(results: StudyResults) -> str:
    """Paired difference of each metric of SASRec for each group of users."""
    header = ["users", "n"]
    rows: dict[str, list[str]] = {}
    for metric in _METRICS:
        header += [f"{metric} without", "with", "difference"]
        found = compare(results, "full", metric)
        found = found[found["group_by"].isin(["all", "length"])]
        for row in found[found["recommender"] == "SASRec"].to_dict("records"):
            name = row["group"] + " items" * (row["group_by"] == "length")
            cells = rows.setdefault(name, [name, str(row["n_users"])])
            cells += [f"{row['reference_value']:.4f}", f"{row['value']:.4f}"]
            cells.append(interval(row))
    return markdown_table(header, list(rows.values()))


def _seconds_table(results: StudyResults) -> str:
    rows = [
        [_model(record.augmenter, record.recommender)]
        + [f"{record.seconds.get(step, 0.0):.1f}" for step in STEPS]
        for record in results.records
    ]
    return markdown_table(["model", *STEPS], rows)


def _model(augmenter: str, recommender: str) -> str:
    is_plain = augmenter == REFERENCE
    return recommender if is_plain else f"{augmenter} + {recommender}"


def _table(name: str, texts: "pd.DataFrame") -> str:
    return markdown_table([name, *texts.columns], list(texts.itertuples(name=None)))
