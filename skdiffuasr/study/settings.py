"""What a study was asked to do, and how that differs from what it was asked before."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import joblib

from skdiffuasr.study.protocol import StudyData
from skdiffuasr.study.results import plain
from skdiffuasr.study.runs import HANDLING, with_parameters, without_handling

#: Settings that every run depends on.
OF_ALL_RUNS = frozenset({"training data", "protocol", "test_fraction", "n_negatives"})

_KINDS = ("augmenters", "recommenders")
# What the study sets by itself, or what changes no result.
_NOT_SHOWN = HANDLING | {"random_state", "keep_interrupted", "validation_filter_seen"}
_CONTENT = "content"
_MAX_SHOWN = 200


class Difference(NamedTuple):
    """A setting, the augmenter or recommender that has it, and its two values."""

    setting: str
    owner: str
    old: Any
    new: Any


class OtherSettingsError(ValueError):
    """A folder holds a study that was asked for something else."""

    def __init__(self, folder: object, differences: list[Difference]) -> None:
        self.folder = folder
        self.differences = differences
        super().__init__(self.text())

    def text(self, force: str = "force=True", name: Callable[[str], str] = str) -> str:
        """Say what differs and what would be run again, in the words of the place."""
        listed = [
            f"{name(found.setting)}{f' of {found.owner}' * bool(found.owner)} was "
            f"{_text(found.old)}, now {_text(found.new)}"
            for found in self.differences
        ]
        return (
            f"{self.folder} holds a study with other settings: {'; '.join(listed)}. "
            f"{_run_again(self.differences)} Choose another folder, or replace the "
            f"earlier study with {force}."
        )


def study_settings(study: Any, data: StudyData) -> dict[str, Any]:
    """List all that decides a study's results, as JSON knows it."""
    facts = data.description
    settings = {
        "training data": f"{facts['n_train_users']} users, {facts['n_items']} items, "
        f"{facts['n_train_interactions']} interactions ({_hash(tuple(data))})",
        "protocol": study.protocol,
        "n_negatives": study.n_negatives,
        "length_bins": study.length_bins,
        "popularity_bins": study.popularity_bins,
        "n_candidates": study.n_candidates,
        "param_distributions": study.param_distributions or {},
        "seeds": study.seeds,
        **{
            kind: {name: _of_estimator(given) for name, given in of_kind.items()}
            for kind, of_kind in zip(
                _KINDS, (study.augmenters, study.recommenders), strict=True
            )
        },
    }
    if study.protocol == "temporal":
        settings["test_fraction"] = study.test_fraction
    made: dict[str, Any] = json.loads(json.dumps(plain(settings, _hashed)))
    return made


def find_differences(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Difference]:
    """List what would replace results; what is added only extends them."""
    found = []
    for setting in dict.fromkeys((*old, *new)):
        before, now = old.get(setting), new.get(setting)
        if setting in _KINDS:
            before, now = list(before or {}), list(now or {})
            is_same = set(before) <= set(now)
        elif setting == "seeds" and before and now:  # the first chooses parameters
            is_same = set(before) <= set(now) and before[0] == now[0]
        else:
            is_same = before == now
        if not is_same:
            found.append(Difference(setting, "", before, now))
    for kind in _KINDS:
        for owner, before in old.get(kind, {}).items():
            if (now := new.get(kind, {}).get(owner)) is not None:
                found += _of_owner(owner, before, now)
    return found


def setting_rows(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the owner of every setting, the setting and its value, to be shown."""
    for setting, value in settings.items():
        if setting not in _KINDS:
            yield "study", setting, _text(value)
    for kind in _KINDS:
        for owner, parameters in settings.get(kind, {}).items():
            for name, value in parameters.items():
                if name != _CONTENT:
                    yield owner, name, _text(value)


def _of_owner(
    owner: str, before: Mapping[str, Any], now: Mapping[str, Any]
) -> list[Difference]:
    found = [
        Difference(name, owner, before.get(name), now.get(name))
        for name in dict.fromkeys((*before, *now))
        if before.get(name) != now.get(name)
    ]
    # What was fitted before differs in its content only.
    return [one for one in found if one.setting != _CONTENT] or found


def _run_again(differences: list[Difference]) -> str:
    settings = {found.setting for found in differences}
    owners = dict.fromkeys(found.owner for found in differences if found.owner)
    if settings & OF_ALL_RUNS:
        return "All runs would be done again."
    if settings & {"n_candidates", "param_distributions", "seeds"}:
        return "Runs whose parameters are chosen anew would be done again."
    if owners:
        return f"The runs of {', '.join(owners)} would be done again."
    return "No run would be done again, but the report would be another."


def _of_estimator(estimator: Any) -> dict[str, Any]:
    if estimator is None:
        return {}
    parameters = {
        name: _shortened(plain(value, _hashed))
        for name, value in sorted(estimator.get_params(deep=True).items())
        if name.rpartition("__")[2] not in _NOT_SHOWN
    }
    content = _hash(without_handling(with_parameters(estimator, 0, {})))
    return {"class": type(estimator).__name__, **parameters, _CONTENT: content}


def _hashed(value: object) -> str:
    """Stand for a value that JSON does not know; an estimator's parameters follow."""
    if hasattr(value, "get_params"):
        return type(value).__name__
    if isinstance(value, type):
        return value.__name__
    return f"{type(value).__name__} {_hash(value)}"


def _shortened(value: Any) -> Any:
    return value if len(json.dumps(value)) <= _MAX_SHOWN else _hashed(value)


def _hash(value: object) -> str:
    return str(joblib.hash(value))[:8]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
