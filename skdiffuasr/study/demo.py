"""The main job on one log: recommend with and without augmentation, and compare."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.augmentation import DiffusionSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences, read_interactions
from skdiffuasr.metrics import (
    NextItemScorer,
    length_groups,
    paired_bootstrap,
)
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.recommenders import (
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.study.nearness import nearness_to_hidden, set_aside
from skdiffuasr.study.stopwatch import Stopwatch
from skdiffuasr.study.tables import markdown_table

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

    Leave-last-out protocol: the last item of every history is the test target, the one
    before it is left aside, and the models are fitted on the rest. Every item of the
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
    ValueError
        If no history has more than `n_pseudo_items` items besides the two that are
        held out.
    """
    stopwatch = Stopwatch()
    with stopwatch.step("read or make the log"):
        if data is None:
            log = _synthetic_log(random_state)
        else:
            log = _as_demo_log(data, log_name)
    X_train, _, X_test, y_test = leave_last_out(log.histories, short="drop")
    _check_lengths(X_train, n_pseudo_items)

    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items, max_epochs=max_epochs, device=device, random_state=random_state
    )
    recommender = SASRecEstimator(
        max_length=50, max_epochs=max_epochs, device=device, random_state=random_state
    )
    models = {
        "popularity": PopularityRecommender(),
        "Markov chain": MarkovRecommender(),
        "SASRec": recommender,
        "diffusion + SASRec": Pipeline([("aug", augmenter), ("rec", recommender)]),
    }
    scorer = NextItemScorer(METRICS)
    values = {}
    for name, model in models.items():
        with stopwatch.step(f"fit {name}"):
            model.fit(X_train)
        with stopwatch.step(f"evaluate {name}"):
            values[name] = scorer.per_user(model, X_test, y_test)

    with stopwatch.step("judge the pseudo items"):
        try:
            nearness = _nearness_table(log, X_train, augmenter)
        except ValueError as error:  # the comparison above must not be lost
            nearness = f"Not measured: {error}"
    groups = length_groups(X_train.lengths)
    parts = [
        "# Does diffusion augmentation help?",
        f"{log.name}: {len(X_train)} users, {len(np.unique(X_train.values))} items in "
        f"training, leave-last-out, full ranking, {n_pseudo_items} pseudo items per "
        f"user, one seed.",
        "## Next-item recommendation",
        _metrics_table(values),
        "## Whom it helps: diffusion + SASRec against SASRec, by length of the history",
        _difference_table(
            values["diffusion + SASRec"], values["SASRec"], groups.names, groups.codes
        ),
        "Difference with a paired 95 % bootstrap interval over users.",
        "## How near the pseudo items are to hidden true ones",
        nearness,
        "## Time",
        markdown_table(
            ["step", "seconds"],
            [[step, f"{seconds:.1f}"] for step, seconds in stopwatch.seconds.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _synthetic_log(random_state: int) -> DemoLog:
    bunch = make_sequences(n_users=3000, n_items=800, random_state=random_state)
    return DemoLog("Synthetic log", bunch.X, bunch.hidden, bunch.item_factors)


def _as_demo_log(data: str | Path | Interactions, name: str | None) -> DemoLog:
    if isinstance(data, Interactions):
        log, name = data, name or "Log"
    else:
        log, name = read_interactions(data), name or Path(data).name
    return DemoLog(name, log.to_sequences().strip_pseudo())  # nobody has met them


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
    log: DemoLog, X_train: Sequences, augmenter: DiffusionSequenceAugmenter
) -> str:
    """Pseudo items and random draws against hidden items that no model has seen."""
    if log.hidden is not None and log.item_factors is not None:
        quality = nearness_to_hidden(
            augmenter, X_train, log.hidden, log.item_factors[augmenter.item_ids_]
        )
        note = (
            "Hidden: the items that the log's generator cut off. Similarity: cosine of "
            "the generator's item factors."
        )
    else:
        others, visible, hidden = set_aside(X_train, augmenter.n_pseudo_items)
        fitted_without = clone(augmenter).fit(others)
        quality = nearness_to_hidden(fitted_without, visible, hidden)
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


def _metrics_table(values: dict[str, dict[str, FloatArray]]) -> str:
    """Mean of each metric for each model."""
    rows = [
        [name, *(f"{of_model[metric].mean():.4f}" for metric in METRICS)]
        for name, of_model in values.items()
    ]
    return markdown_table(["model", *METRICS], rows)


def _difference_table(
    augmented: dict[str, FloatArray],
    plain: dict[str, FloatArray],
    group_names: tuple[str, ...],
    group_codes: IntArray,
) -> str:
    """Paired difference of each metric for each group of users."""
    groups = {"all": np.ones(len(group_codes), dtype=bool)}
    for code, name in enumerate(group_names):
        groups[f"{name} items"] = group_codes == code
    rows = []
    for name, users in groups.items():
        row = [name, str(users.sum())]
        for metric in METRICS:
            row += _difference_cells(augmented[metric][users], plain[metric][users])
        rows.append(row)
    header = ["users", "n"]
    for metric in METRICS:
        header += [f"{metric} without", "with", "difference"]
    return markdown_table(header, rows)


def _difference_cells(augmented: FloatArray, plain: FloatArray) -> list[str]:
    """Mean without and with, and their difference with its interval."""
    if len(plain) < 2:
        return ["-", "-", "-"]
    result = paired_bootstrap(augmented, plain, random_state=0)
    return [
        f"{plain.mean():.4f}",
        f"{augmented.mean():.4f}",
        f"{result.difference:+.4f} [{result.low:+.4f}, {result.high:+.4f}]",
    ]
