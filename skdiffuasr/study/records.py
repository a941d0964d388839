"""What a study found: one record per run, and all of them together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skdiffuasr.metrics import Groups, TargetRanks

#: The ways to rank a study's test items; see `RunRecord`.
RANKINGS = ("full", "filtered", "sampled")

#: The metrics that a study reports.
METRICS = ("ndcg@10", "hr@10", "mrr")

#: The steps of a run that are timed, in their order.
STEPS = ("fit augmenter", "transform", "fit recommender", "predict")

_TRACEBACK = "Traceback (most recent call last):"


class UserGroup(NamedTuple):
    """Some of the test users.

    Attributes
    ----------
    group_by : str
        What they are grouped by; ``"all"`` for all users.
    group : str
        Name of the group; ``"all"`` for all users.
    users : ndarray of shape (n_users,), dtype bool
        Which test users belong to it: one of them at least.
    """

    group_by: str
    group: str
    users: npt.NDArray[np.bool_]


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
        Epochs of the recommender's training; 0 if it has none.
    validation_score : float
        NDCG@10 on the validation items.
    parameters : dict
        Parameters that were chosen for the run.
    error : str or None
        Traceback of a failure.
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

    @property
    def error_line(self) -> str:
        """Type and message of the exception; empty if the run did not fail."""
        return exception_line(self.error or "")


@dataclass(frozen=True, eq=False)
class StudyResults:
    """All that a study found on one log.

    Attributes
    ----------
    log_name : str
        What to call the log.
    description : dict of str to str, int, float or bool
        Facts about the log and the protocol.
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
        Names of the augmenters and recommenders that may take a training from a cache.

    Raises
    ------
    ValueError
        If `main_ranking` is not known, or ranks or groups differ in their number of
        users.
    """

    log_name: str
    description: Mapping[str, str | int | float]
    groups: Mapping[str, Groups]
    main_ranking: str
    records: tuple[RunRecord, ...]
    quality: tuple[Mapping[str, Any], ...] = ()
    reference: str = "none"
    candidates: tuple[RunRecord, ...] = ()
    with_memory: tuple[str, ...] = ()

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

    def user_groups(self, n_users: int) -> Iterator[UserGroup]:
        """Go through all users, and then the groups that have any.

        Parameters
        ----------
        n_users : int
            Number of test users.

        Yields
        ------
        group : UserGroup
        """
        yield UserGroup("all", "all", np.ones(n_users, dtype=bool))
        for group_by, (names, codes) in self.groups.items():
            for code, name in enumerate(names):
                users = codes == code
                if users.any():
                    yield UserGroup(group_by, name, users)


def exception_line(traceback: str) -> str:
    r"""Find the line of a traceback that says what went wrong.

    Parameters
    ----------
    traceback : str
        As ``traceback.format_exc`` writes it.

    Returns
    -------
    line : str
        Where the exception begins, the last one of a chain: its type and the first
        line of its message. The last line of a text that is no traceback.

    Examples
    --------
    >>> from skdiffuasr.study.records import exception_line
    >>> traceback = (
    ...     "Traceback (most recent call last):\n"
    ...     "  File 'x.py', line 1\n"
    ...     "ValueError: no such item\n"
    ...     "and more about it\n"
    ... )
    >>> exception_line(traceback)
    'ValueError: no such item'
    """
    lines = [line for line in traceback.splitlines() if line.strip()]
    starts = [row for row, line in enumerate(lines) if line == _TRACEBACK]
    for line in lines[starts[-1] + 1 :] if starts else []:
        if not line.startswith(" "):
            return line.strip()
    return lines[-1].strip() if lines else ""
