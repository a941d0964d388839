"""Options of a study, checked before anything runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import product
from numbers import Integral
from typing import Any

from sklearn.utils import check_scalar

from skdiffuasr._extras import import_extra
from skdiffuasr.recommenders import (
    CooccurrenceRecommender,
    MarkovRecommender,
    PopularityRecommender,
)
from skdiffuasr.study.store import check_file_names

PROTOCOLS = ("leave_last_out", "temporal")

#: Name of the augmenter that does nothing, which the others are compared with.
REFERENCE = "none"

#: Recommenders that count instead of being trained.
BASELINES = (CooccurrenceRecommender, MarkovRecommender, PopularityRecommender)

_MAX_SEED = 2**32 - 1


@dataclass(eq=False, repr=False)
class StudyOptions:
    """The parameters of `AugmentationStudy`; the reference is among the augmenters."""

    augmenters: Mapping[str, Any]
    recommenders: Mapping[str, Any]
    seeds: int | Sequence[int] = 3
    _: KW_ONLY
    protocol: str = "leave_last_out"
    test_fraction: float = 0.2
    n_negatives: int | None = 100
    length_bins: Sequence[int] = (5, 20)
    popularity_bins: Sequence[float] = (0.2,)
    param_distributions: Mapping[str, Mapping[str, Any]] | None = None
    n_candidates: int = 1
    with_quality: bool = True
    retry_failed: bool = False

    def __post_init__(self) -> None:
        self.augmenters = {REFERENCE: None, **self.augmenters}
        self.seeds = as_seeds(self.seeds)
        import_extra("pandas", "frames")  # before anything long is computed
        if self.augmenters[REFERENCE] is not None:
            raise ValueError(
                f"The augmenter {REFERENCE!r} stands for no augmentation and must be "
                f"None, got {self.augmenters[REFERENCE]!r}; choose another name."
            )
        for name, augmenter in self.augmenters.items():
            if augmenter is not None and not hasattr(augmenter, "fit_transform"):
                raise TypeError(f"The augmenter {name!r} has no fit_transform.")
        for name, recommender in self.recommenders.items():
            if not hasattr(recommender, "decision_function"):
                raise TypeError(f"The recommender {name!r} has no decision_function.")
        check_file_names(product(self.augmenters, self.recommenders))
        if not self.recommenders:
            raise ValueError("There must be at least one recommender.")
        if self.protocol not in PROTOCOLS:
            raise ValueError(
                f"protocol must be one of {PROTOCOLS}, got {self.protocol!r}."
            )
        check_scalar(self.n_candidates, "n_candidates", Integral, min_val=1)
        if self.n_negatives is not None:
            check_scalar(self.n_negatives, "n_negatives", Integral, min_val=1)
        self._check_parameters()

    def _check_parameters(self) -> None:
        """Raise ValueError if no estimator has a parameter to choose from."""
        for name, space in (self.param_distributions or {}).items():
            kinds = (self.augmenters, self.recommenders)
            owners = [estimators[name] for estimators in kinds if name in estimators]
            if not owners:
                raise ValueError(
                    f"param_distributions has {name!r}, which is neither an "
                    "augmenter nor a recommender."
                )
            for estimator, parameter in product(owners, space):
                known = [] if estimator is None else sorted(estimator.get_params())
                if parameter not in known:
                    raise ValueError(
                        f"param_distributions[{name!r}] has {parameter!r}, which is "
                        f"not a parameter of {type(estimator).__name__}; it has "
                        f"{known}."
                    )

    def _baselines(self) -> tuple[str, ...]:
        """Name the recommenders that only count."""
        return tuple(
            name
            for name, recommender in self.recommenders.items()
            for last in [getattr(recommender, "steps", [(name, recommender)])[-1][1]]
            if isinstance(last, BASELINES)
        )

    def _with_memory(self) -> tuple[str, ...]:
        """Name the estimators whose `memory`, or that of one inside them, is set."""
        return tuple(
            name
            for name, estimator in {**self.recommenders, **self.augmenters}.items()
            if estimator is not None
            and any(
                value is not None
                for key, value in estimator.get_params(deep=True).items()
                if key == "memory" or key.endswith("__memory")
            )
        )


def as_seeds(seeds: int | Iterable[int]) -> list[int]:
    """List the seeds of a study; an int stands for that many from 0 on.

    It is a TypeError if one is not an integer, and a ValueError if there is none, one
    occurs twice, or one lies outside ``[0, 2**32 - 1]``.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, Integral | Iterable):
        raise TypeError(f"seeds must be an int or a sequence of ints, got {seeds!r}.")
    given: list[Any] = list(range(int(seeds)) if isinstance(seeds, Integral) else seeds)
    for seed in given:
        if isinstance(seed, bool):
            raise TypeError(f"seed must be an instance of int, got {seed!r}.")
        check_scalar(seed, "seed", Integral, min_val=0, max_val=_MAX_SEED)
    if not given:
        raise ValueError(f"There must be at least one seed, got seeds={seeds!r}.")
    listed = [int(seed) for seed in given]
    if len(set(listed)) < len(listed):
        raise ValueError(f"seeds must differ from each other, got {listed}.")
    return listed
