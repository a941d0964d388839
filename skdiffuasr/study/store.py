"""Results of a study on disk, one by one, so that nothing is lost when it is killed."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from skdiffuasr._files import replaced, write_text
from skdiffuasr.metrics import TargetRanks
from skdiffuasr.study.results import RunRecord
from skdiffuasr.study.settings import (
    OF_ALL_RUNS,
    OtherSettingsError,
    find_differences,
)

if TYPE_CHECKING:
    import pandas as pd

#: What a report consists of; a folder that has any of it must be a study's.
REPORT_FILES = (
    "results.csv",
    "results.parquet",
    "runs.csv",
    "candidates.csv",
    "comparisons.csv",
    "recommenders.csv",
    "quality.csv",
    "report.md",
    "report.html",
    "figures",
)


class StudyStore:
    """A folder of results.

    Every file is written beside its place and then renamed, so that a file is either
    whole or not there. A record is known by a key, the hash of all that it depends on:
    one that was made from other parameters is not found. The folder is made if it does
    not exist. It is an `OtherSettingsError` if its study had other `settings`, unless
    `force` replaces that, and a FileExistsError if it is not a study's and has files
    that a report would overwrite.
    """

    def __init__(
        self, folder: str | Path, settings: Mapping[str, Any], *, force: bool = False
    ) -> None:
        self.folder = Path(folder)
        mark = self.folder / "settings.json"
        kinds = ("runs", "augmented", "quality")
        if mark.exists():
            differences = find_differences(
                json.loads(mark.read_text("utf-8")), settings
            )
            if differences and not force:
                raise OtherSettingsError(self.folder, differences)
            if any(found.setting in OF_ALL_RUNS for found in differences):
                for kind in kinds:  # their keys do not tell
                    shutil.rmtree(self.folder / kind, ignore_errors=True)
        else:
            for name in REPORT_FILES:
                if (self.folder / name).exists():
                    raise FileExistsError(
                        f"{self.folder / name} exists, and {self.folder} is not the "
                        "folder of a study; choose another folder."
                    )
        for kind in kinds:
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
        write_text(mark, json.dumps(settings, indent=2))

    def record(self, key: str, *names: object) -> RunRecord | None:
        """Read the result that is called after `names`, if there is one of this key."""
        path = self._path("runs", "json", *names)
        if not path.exists():
            return None
        content = json.loads(path.read_text())
        if content.pop("key") != key:
            return None
        with np.load(path.with_suffix(".npz")) as arrays:
            content["ranks"] = {name: TargetRanks(*arrays[name]) for name in arrays}
        return RunRecord(**content)

    def add_record(self, record: RunRecord, key: str, *names: object) -> None:
        """Write a result; the ranks first, for it counts once the rest is there."""
        path = self._path("runs", "json", *names)
        path.unlink(missing_ok=True)  # of another key
        with replaced(path.with_suffix(".npz")) as temporary:
            with temporary.open("wb") as file:
                arrays = {
                    name: np.stack([ranks.n_above, ranks.n_level])
                    for name, ranks in record.ranks.items()
                }
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        content = {"key": key, **asdict(replace(record, ranks={}))}
        del content["ranks"]
        write_text(path, json.dumps(content, indent=2, sort_keys=True))

    def cached(self, kind: str, key: str, *names: object) -> Any:
        """Read an object, or None if none of this key is there."""
        path = self._path(kind, "joblib", *names)
        if not path.exists():
            return None
        stored_key, value = joblib.load(path)
        return value if stored_key == key else None

    def add_cached(self, kind: str, value: Any, key: str, *names: object) -> None:
        """Write an object under a key."""
        with replaced(self._path(kind, "joblib", *names)) as temporary:
            joblib.dump((key, value), temporary)

    def _path(self, kind: str, extension: str, *names: object) -> Path:
        return self.folder / kind / f"{_stem(names)}.{extension}"


def write_csv(frame: "pd.DataFrame", path: Path) -> None:
    """Write a frame as a CSV file, which is whole or not there."""
    with replaced(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def check_file_names(combinations: Iterable[tuple[str, ...]]) -> None:
    """Raise ValueError if two combinations would overwrite each other's results."""
    known: dict[str, tuple[str, ...]] = {}
    for names in combinations:
        other = known.setdefault(_stem(names), names)
        if other != names:
            raise ValueError(
                f"{' + '.join(other)} and {' + '.join(names)} would share the file "
                f"{_stem(names)}; name them so that letters, digits or one of '.=+-' "
                "differ."
            )


def _stem(names: Iterable[object]) -> str:
    """Name of the file of a result, without its ending."""
    return "--".join(re.sub(r"[^\w.=+-]+", "_", str(name)) for name in names)
