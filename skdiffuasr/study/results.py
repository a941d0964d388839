"""What a study found: one record per run, and all of them as one tidy frame."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr.metrics import Groups, TargetRanks, parse_metric
from skdiffuasr.metrics.next_item_ranks import RANKINGS

if TYPE_CHECKING:
    import pandas as pd

#: The metrics that a study reports.
METRICS = ("ndcg@10", "hr@10", "mrr")

#: The steps of a run that are timed, in their order.
STEPS = ("fit augmenter", "transform", "fit recommender", "predict")

_TRACEBACK = "Traceback (most recent call last):"


class UserGroup(NamedTuple):
    """Some of the test users: one of them at least; ``"all"`` is a group, too."""

    group_by: str
    group: str
    users: npt.NDArray[np.bool_]  # (n_users,)


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One augmenter with one recommender and one seed.

    Attributes
    ----------
    augmenter, recommender : str
        Their names in the study.
    seed : int
        The `random_state` of both.
    ranks : dict of str to TargetRanks of n_users rows
        Rank of each test user's target. ``"full"``: among all items. ``"filtered"``:
        among those the user has not had, and the target. ``"sampled"``: among random
        negatives and the target. Empty for a failure.
    seconds : dict of str to float
        Wall-clock time of the steps in `STEPS` that the run had.
    peak_memory_mib : float
        Highest resident memory.
    n_epochs : int
        Epochs of the recommender's training; 0 if it has none. Of an ensemble, those
        of the member that came nearest to its limit.
    validation_score : float
        NDCG@10 on the validation items.
    parameters : dict
        Parameters that were chosen for the run, as JSON knows them: values that it
        does not know are texts, and keys too, in rising order. So a study that goes
        on reports the same.
    error : str or None
        Traceback of a failure.
    max_epochs : int
        The limit of `n_epochs`; 0 if there is none.
    """

    augmenter: str
    recommender: str
    seed: int
    ranks: dict[str, TargetRanks]
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mib: float = 0.0
    n_epochs: int = 0
    validation_score: float = float("nan")
    parameters: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    max_epochs: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "parameters", plain(self.parameters))

    @property
    def error_line(self) -> str:
        """Type and message of the exception; empty if the run did not fail."""
        return exception_line(self.error or "")


@dataclass(frozen=True, eq=False)
class StudyResults:
    """All that a study found on one dataset.

    Attributes
    ----------
    dataset_name : str
        What to call the dataset.
    description : dict of str to str, int, float or bool
        Facts about the dataset and the protocol.
    groups : dict of str to Groups
        Partitions of the test users, by what they are grouped by.
    main_ranking : {"full", "filtered", "sampled"}
        The ranking that conclusions are drawn from.
    records : tuple of RunRecord
        All runs, failures included.
    quality : tuple of dict
        One row of numbers per augmenter that generates.
    reference : str, default="none"
        Name of the augmenter that the others are compared with.
    candidates : tuple of RunRecord
        The runs that parameters were chosen by, failures included; without ranks.
    with_memory : tuple of str
        Names of the augmenters and recommenders that may take a training run from a
        cache.
    compared : {"augmenter", "recommender"}, default="augmenter"
        What is compared; see `between_recommenders`.
    baselines : tuple of str
        Names of the recommenders that only count: popularity, the Markov chain and
        co-occurrence.
    settings : dict
        What the study was asked to do, as JSON knows it.
    made : dict of str to str
        Version, date and command, for the report.

    Raises
    ------
    ValueError
        If `main_ranking` is not known, or ranks or groups differ in their number of
        users.

    Examples
    --------
    >>> from skdiffuasr.metrics import TargetRanks
    >>> from skdiffuasr.study import RunRecord, StudyResults
    >>> ranks = TargetRanks([0, float("inf")], [0, 0])
    >>> record = RunRecord("none", "Markov", 0, {"full": ranks})
    >>> results = StudyResults("tiny", {}, {}, "full", (record,))
    >>> results.frame[["metric", "group", "n_users", "value"]]
        metric group  n_users  value
    0  ndcg@10   all        2    0.5
    1    hr@10   all        2    0.5
    2      mrr   all        2    0.5
    """

    dataset_name: str
    description: Mapping[str, str | int | float]
    groups: Mapping[str, Groups]
    main_ranking: str
    records: tuple[RunRecord, ...]
    quality: tuple[Mapping[str, Any], ...] = ()
    reference: str = "none"
    candidates: tuple[RunRecord, ...] = ()
    with_memory: tuple[str, ...] = ()
    compared: str = "augmenter"
    baselines: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.main_ranking not in RANKINGS:
            raise ValueError(
                f"main_ranking must be one of {RANKINGS}, got {self.main_ranking!r}."
            )
        sizes = {
            f"the groups by {name}": len(groups.codes)
            for name, groups in self.groups.items()
        } | {
            f"the {ranking} ranks of {record.augmenter} + {record.recommender}, seed "
            f"{record.seed},": len(ranks)
            for record in self.records
            for ranking, ranks in record.ranks.items()
        }
        if len(set(sizes.values())) > 1:
            (first, n_first), *others = sizes.items()
            name, n = next(pair for pair in others if pair[1] != n_first)
            raise ValueError(
                f"All must be of the same test users, but {first} have {n_first} and "
                f"{name} have {n}."
            )

    @property
    def augmenters(self) -> tuple[str, ...]:
        """Names of the augmenters, in the order of the records."""
        return tuple(dict.fromkeys(record.augmenter for record in self.records))

    @property
    def recommenders(self) -> tuple[str, ...]:
        """Names of the recommenders, in the order of the records."""
        return tuple(dict.fromkeys(record.recommender for record in self.records))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in rising order."""
        return tuple(sorted({record.seed for record in self.records}))

    @property
    def failures(self) -> tuple[RunRecord, ...]:
        """The runs that failed, those that parameters were chosen by first."""
        records = (*self.candidates, *self.records)
        return tuple(record for record in records if record.error is not None)

    def between_recommenders(self) -> Self:
        """Return the runs without augmentation, to compare recommenders.

        They take the place of the augmenters, under one recommender that stands for
        all; the first one is the reference.
        """
        plain = [run for run in self.records if run.augmenter == self.reference]
        return replace(
            self,
            records=tuple(
                replace(run, augmenter=run.recommender, recommender="no augmentation")
                for run in plain
            ),
            reference=plain[0].recommender if plain else self.reference,
            quality=(),
            candidates=(),
            compared="recommender",
        )

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """Every metric of every run, ranking and group of users; a row for each.

        With the columns ``augmenter``, ``recommender``, ``seed``, ``ranking``,
        ``metric``, ``group_by``, ``group``, ``n_users`` and ``value``, a mean over
        users. In the order of the records; names are categories in that order. Runs
        that failed and groups without users have no rows.
        """
        rows = [
            (
                *(record.augmenter, record.recommender, record.seed, ranking, metric),
                *(group.group_by, group.group, int(group.users.sum())),
                float(values[group.users].mean()),
            )
            for record in self.records
            for ranking in RANKINGS
            if ranking in record.ranks
            for metric in METRICS
            for values in [parse_metric(metric)[1](record.ranks[ranking])]
            for group in self.user_groups(len(values))
        ]
        columns = ["augmenter", "recommender", "seed", "ranking", "metric"]
        return self.ordered(rows, [*columns, "group_by", "group", "n_users", "value"])

    def main_rows(self, group_by: str = "all") -> "pd.DataFrame":
        """Rows of `frame` with NDCG@10 of the main ranking in groups of users."""
        frame = self.frame
        return frame[
            (frame["ranking"] == self.main_ranking)
            & (frame["metric"] == "ndcg@10")
            & (frame["group_by"] == group_by)
        ]

    def user_groups(self, n_users: int) -> Iterator[UserGroup]:
        """All `n_users` test users, and then the groups that have any."""
        yield UserGroup("all", "all", np.ones(n_users, dtype=bool))
        for group_by, (names, codes) in self.groups.items():
            for code, name in enumerate(names):
                users = codes == code
                if users.any():
                    yield UserGroup(group_by, name, users)

    def ordered(self, rows: Iterable[Any], columns: list[str]) -> "pd.DataFrame":
        """Make a frame whose names are categories in their order in the study."""
        pd = import_extra("pandas", "frames")
        frame = pd.DataFrame(rows, columns=columns)
        orders = {"augmenter": self.augmenters, "recommender": self.recommenders}
        for name in frame.columns.intersection(
            ["augmenter", "recommender", "ranking", "metric", "group_by", "group"]
        ):
            order = orders.get(name, frame[name].unique())
            frame[name] = pd.Categorical(frame[name], order, ordered=True)
        return frame


def run_frame(records: Iterable[RunRecord]) -> "pd.DataFrame":
    """Tabulate what every run took, and whether it failed; a row for each.

    What a failed run took is NaN; a step that a run does not have takes 0 seconds.
    """
    rows = []
    for record in records:
        known = 0.0 if record.error is None else np.nan
        seconds = {
            f"seconds_{step.replace(' ', '_')}": record.seconds.get(step, known)
            for step in STEPS
        }
        rows.append(
            {
                "augmenter": record.augmenter,
                "recommender": record.recommender,
                "seed": record.seed,
                **seconds,
                "seconds_total": sum(seconds.values()),
                "peak_memory_mib": record.peak_memory_mib + known,
                "n_epochs": record.n_epochs,
                "max_epochs": record.max_epochs,
                "validation_score": record.validation_score,
                "parameters": json.dumps(record.parameters),
                "error": record.error_line,
            }
        )
    frame: pd.DataFrame = import_extra("pandas", "frames").DataFrame(rows)
    return frame


def exception_line(traceback: str) -> str:
    """Find the line of a traceback that says what went wrong.

    It is where the last exception of a chain begins: its type and the first line of
    its message; or the last line of a text that is not a traceback.
    """
    lines = [line for line in traceback.splitlines() if line.strip()]
    starts = [row for row, line in enumerate(lines) if line == _TRACEBACK]
    for line in lines[starts[-1] + 1 :] if starts else []:
        if not line.startswith(" "):
            return line.strip()
    return lines[-1].strip() if lines else ""


def plain(value: object, otherwise: Callable[[object], str] = str) -> object:
    """Turn a value into what JSON knows; `otherwise` makes a text of the rest."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        items = {str(key): plain(item, otherwise) for key, item in value.items()}
        return dict(sorted(items.items()))
    if isinstance(value, list | tuple):
        return [plain(item, otherwise) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return otherwise(value)
