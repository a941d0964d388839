import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skdiffuasr import SASRecEstimator
from skdiffuasr._files import replaced, write_text
from skdiffuasr.metrics import TargetRanks
from skdiffuasr.study.results import RunRecord
from skdiffuasr.study.settings import OtherSettingsError
from skdiffuasr.study.store import StudyStore, write_csv
from tests.study.synthetic_results import make_results

RECORD = RunRecord(
    augmenter="own items",
    recommender="SASRec/bce",
    seed=1,
    ranks={
        "full": TargetRanks([0, np.inf, 1], [0, 0, 1]),
        "filtered": TargetRanks([0, 2, 1], [0, 0, 0]),
    },
    seconds={"fit recommender": 1.5},
    peak_memory_mib=100.0,
    n_epochs=3,
    validation_score=0.25,
    parameters={"recommender__dropout": 0.2},
    error=None,
)
SASREC = SASRecEstimator(8)
SETTINGS = {"training data": "log"}
NAMES = ("own items", "SASRec/bce", "seed1")


def assert_same(found, record=RECORD):
    assert found is not None
    for name in RunRecord.__dataclass_fields__:
        assert getattr(found, name) == getattr(record, name)


def test_a_record_comes_back(tmp_path):
    store = StudyStore(tmp_path / "new" / "folder", SETTINGS)
    assert store.record("key", *NAMES) is None
    store.add_record(RECORD, "key", *NAMES)
    assert_same(store.record("key", *NAMES))
    assert_same(StudyStore(tmp_path / "new" / "folder", SETTINGS).record("key", *NAMES))


def test_numbers_of_numpy_come_back_as_numbers(tmp_path):
    store = StudyStore(tmp_path, SETTINGS)
    parameters = {"n": np.int64(3), "rate": np.float32(0.5), "is_on": np.True_}
    record = replace(RECORD, seed=np.int64(1), parameters=parameters)
    store.add_record(record, "key", *NAMES)
    found = store.record("key", *NAMES)
    assert type(found.seed) is int
    assert found.parameters == {"n": 3, "rate": 0.5, "is_on": True}


def test_parameters_may_have_any_keys(tmp_path):
    store = StudyStore(tmp_path, SETTINGS)
    parameters = {"weights": {(1, 2): np.int64(3), 4: [None, SASREC]}}
    store.add_record(replace(RECORD, parameters=parameters), "key", *NAMES)
    found = store.record("key", *NAMES)
    assert found.parameters == {"weights": {"(1, 2)": 3, "4": [None, str(SASREC)]}}


def test_a_record_of_other_parameters_does_not_count(tmp_path):
    store = StudyStore(tmp_path, SETTINGS)
    store.add_record(RECORD, "key", *NAMES)
    assert store.record("other", *NAMES) is None
    store.add_record(RECORD, "other", *NAMES)
    assert store.record("key", *NAMES) is None
    assert_same(store.record("other", *NAMES))


def test_ranks_without_their_record_do_not_count(tmp_path):
    """What a process leaves that is killed between the two files."""
    store = StudyStore(tmp_path, SETTINGS)
    store.add_record(RECORD, "key", *NAMES)
    (path,) = (tmp_path / "runs").glob("*.json")
    path.unlink()
    assert store.record("key", *NAMES) is None


def test_objects_are_cached_by_key(tmp_path):
    store = StudyStore(tmp_path, SETTINGS)
    store.add_cached("augmented", [1, 2], "key", "name")
    assert store.cached("augmented", "key", "name") == [1, 2]
    assert store.cached("augmented", "other", "name") is None
    assert store.cached("augmented", "key", "another") is None


def test_another_log_is_refused_and_forced(tmp_path):
    StudyStore(tmp_path, SETTINGS).add_record(RECORD, "key", *NAMES)
    other = {"training data": "other"}
    with pytest.raises(OtherSettingsError, match="training data was log, now other"):
        StudyStore(tmp_path, other)
    assert StudyStore(tmp_path, SETTINGS).record("key", *NAMES) is not None
    assert StudyStore(tmp_path, other, force=True).record("key", *NAMES) is None


@pytest.mark.parametrize("name", ["report.md", "results.csv", "figures"])
def test_files_of_others_are_not_overwritten(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match=rf"{name} exists, and .* not the folder"):
        StudyStore(tmp_path, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_other_files_may_lie_in_the_folder(tmp_path):
    (tmp_path / "log.csv").write_text("user,item\n")
    StudyStore(tmp_path, SETTINGS)
    (tmp_path / "report.md").write_text("ours")
    StudyStore(tmp_path, SETTINGS)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old")

    def write_half():
        with replaced(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_csv_file_comes_back(tmp_path):
    frame = pd.DataFrame(
        {"name": ['with, "quotes"\nand lines', "é"], "value": [0.1, np.nan]}
    )
    write_csv(frame, tmp_path / "rows.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "rows.csv"), frame)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_values_are_written_in_full(tmp_path):
    frame = make_results(n_users=30).frame
    write_csv(frame, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        found = [float(row["value"]) for row in csv.DictReader(file)]
    assert found == frame["value"].tolist()


def test_no_rows_are_an_empty_file(tmp_path):
    write_csv(pd.DataFrame([]), tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text().strip() == ""


def test_a_failure_leaves_the_old_csv_file(tmp_path):
    path = tmp_path / "rows.csv"
    write_csv(pd.DataFrame({"a": [1]}), path)

    class Unprintable:
        def __str__(self):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(pd.DataFrame({"a": [Unprintable()]}), path)
    assert path.read_text() == "a\n1\n"
    assert list(tmp_path.iterdir()) == [path]
