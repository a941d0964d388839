"""Options of a study, checked before anything runs."""

from collections.abc import Iterable, Mapping
from itertools import product
from numbers import Integral
from typing import Any

from sklearn.utils import check_scalar

_MAX_SEED = 2**32 - 1


def as_seeds(seeds: int | Iterable[int]) -> list[int]:
    """List the seeds of a study; an int stands for that many from 0 on.

    It is a TypeError if one is not an integer, and a ValueError if there is none, one
    occurs twice, or one lies outside ``[0, 2**32 - 1]``.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, Integral | Iterable):
        raise TypeError(f"seeds must be an int or a sequence of ints, got {seeds!r}.")
    given: list[Any]
    given = list(range(int(seeds)) if isinstance(seeds, Integral) else seeds)
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


def check_parameters(
    param_distributions: Mapping[str, Mapping[str, Any]],
    augmenters: Mapping[str, Any],
    recommenders: Mapping[str, Any],
) -> None:
    """Raise ValueError if no estimator has a parameter to choose from."""
    for name, space in param_distributions.items():
        owners = [each[name] for each in (augmenters, recommenders) if name in each]
        if not owners:
            raise ValueError(
                f"param_distributions has {name!r}, which is neither an "
                "augmenter nor a recommender."
            )
        for estimator, parameter in product(owners, space):
            known = [] if estimator is None else estimator.get_params(deep=True)
            if parameter not in known:
                raise ValueError(
                    f"param_distributions[{name!r}] has {parameter!r}, which is not a "
                    f"parameter of {type(estimator).__name__}; it has {sorted(known)}."
                )


def with_memory(estimators: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the estimators whose `memory`, or that of one inside them, is set."""
    return tuple(
        name
        for name, estimator in estimators.items()
        if estimator is not None
        and any(
            value is not None
            for key, value in estimator.get_params(deep=True).items()
            if key == "memory" or key.endswith("__memory")
        )
    )
