import errno
import json
import pickle
import struct
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdiffuasr import MarkovRecommender, RandomAugmenter, SASRecEstimator
from skdiffuasr.persistence import load, save
from tests.persistence.fitted import (
    ESTIMATORS,
    INTEGERS,
    NAMES,
    STRINGS,
    make_fitted,
    make_fitted_on_strings,
    outputs,
)
from tests.persistence.identity import assert_identical
from tests.test_common import TINY

safetensors = pytest.importorskip("safetensors")
tensor_files = pytest.importorskip("safetensors.numpy")

X = [[1, 2, 3], [3, 1]]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def round_trip(estimator, path, **options):
    save(estimator, path)
    return load(path, **options)


@pytest.mark.parametrize("name", NAMES)
def test_fitted_estimators_come_back(name, path):
    fitted = make_fitted(name)
    loaded = round_trip(fitted, path)
    assert_identical(loaded, fitted)
    assert_identical(outputs(loaded), outputs(fitted))
    check_is_fitted(loaded)


@pytest.mark.parametrize("name", TINY)
def test_ids_that_are_strings_come_back(name, path):
    fitted = make_fitted_on_strings(name)
    loaded = round_trip(fitted, path)
    assert_identical(loaded, fitted)
    assert_identical(outputs(loaded, STRINGS[:3]), outputs(fitted, STRINGS[:3]))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_unfitted_estimators_come_back(name, path):
    estimator = clone(ESTIMATORS[name])
    loaded = round_trip(estimator, path)
    assert_identical(loaded, estimator)
    assert_identical(loaded.fit(INTEGERS), make_fitted(name))


def test_loaded_arrays_are_of_their_own(path):
    loaded = round_trip(make_fitted("sasrec"), path)
    path.unlink()
    loaded.weights_["item_embedding.weight"][:] = 0
    assert not loaded.item_embeddings_.any()


def test_equal_estimators_give_equal_files(tmp_path):
    paths = [tmp_path / "first", tmp_path / "second"]
    for target in paths:
        save(clone(TINY["sasrec"]).fit(INTEGERS), target)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_any_tool_can_read_the_file(path):
    pipeline = make_fitted("pipeline")
    save(pipeline, path)
    tensors = tensor_files.load_file(path)
    weights = pipeline["rec"].weights_
    assert {f"rec.weights_.{name}" for name in weights} < set(tensors)
    for name, array in weights.items():
        np.testing.assert_array_equal(tensors[f"rec.weights_.{name}"], array)
    content = read(path)[0]
    assert content["format_version"] == 1
    assert list(content) == ["format_version", "library_version", "estimator"]


# The device.


@pytest.fixture
def on_cuda(path, monkeypatch):
    """A pipeline that was saved on a machine with CUDA, and the file."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    fitted = make_fitted("pipeline")
    saved = round_trip(fitted, path)
    saved.set_params(aug__device="cuda", rec__device="cuda:1")
    save(saved, path, overwrite=True)
    return fitted, path


def test_missing_device_is_told(on_cuda):
    with pytest.raises(
        ValueError, match=r"model.safetensors cannot be loaded: .*finds "
    ):
        load(on_cuda[1])
    with pytest.raises(ValueError, match="Give device='cpu' or device='auto' to load"):
        load(on_cuda[1])


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_device_is_replaced(on_cuda, device):
    fitted, path = on_cuda
    loaded = load(path, device=device)
    devices = [loaded.get_params()[f"{step}__device"] for step in ("aug", "rec")]
    assert devices == [device, device]
    assert_identical(outputs(loaded), outputs(fitted))


def test_device_of_estimators_in_others_is_replaced(path):
    loaded = round_trip(make_fitted("guided"), path, device="auto")
    assert loaded.device == "auto"
    assert loaded.guidance.classifier.estimator.device == "auto"


def test_device_of_what_has_none(path):
    assert round_trip(MarkovRecommender(), path, device="cpu").get_params() == {
        **MarkovRecommender().get_params()
    }


def test_unknown_device_is_refused(path):
    save(MarkovRecommender(), path)
    with pytest.raises(ValueError, match="device='gpu' is not a torch device"):
        load(path, device="gpu")


# Where the file goes.


def test_existing_file_is_kept(path):
    path.write_text("mine")
    with pytest.raises(
        FileExistsError, match=r"model.safetensors exists; overwrite=True"
    ):
        save(MarkovRecommender(), path)
    assert path.read_text() == "mine"


def test_existing_file_is_replaced(path):
    path.write_text("mine")
    save(MarkovRecommender(), path, overwrite=True)
    assert isinstance(load(str(path)), MarkovRecommender)
    assert list(path.parent.iterdir()) == [path]


def test_folders_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save(MarkovRecommender(), tmp_path, overwrite=True)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load(tmp_path)


def test_missing_folder_and_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        save(MarkovRecommender(), tmp_path / "no" / "model")
    with pytest.raises(FileNotFoundError, match="model"):
        load(tmp_path / "model")


def test_refused_estimator_leaves_the_old_file(path):
    path.write_text("mine")
    unsaveable = RandomAugmenter(random_state=np.random.RandomState(0))
    with pytest.raises(ValueError, match="random_state: RandomState"):
        save(unsaveable, path, overwrite=True)
    assert path.read_text() == "mine"


def test_full_disk_leaves_the_old_file(path, monkeypatch):
    path.write_text("mine")

    def write_some(self, data):
        self.open("wb").close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_some)
    with pytest.raises(OSError, match="No space left"):
        save(MarkovRecommender(), path, overwrite=True)
    assert path.read_text() == "mine"
    assert list(path.parent.iterdir()) == [path]


def test_header_that_is_too_large(path, monkeypatch):
    def refuse(*arguments):
        raise safetensors.SafetensorError("header too large")

    monkeypatch.setattr(tensor_files, "save", refuse)
    with pytest.raises(
        ValueError, match=r"cannot hold 0 tensors and 0 MB .* too large"
    ):
        save(MarkovRecommender(), path)


@pytest.mark.parametrize("use", [load, lambda path: save(MarkovRecommender(), path)])
def test_missing_safetensors(path, monkeypatch, use):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "skdiffuasr\[persist\]"'):
        use(path)


# Files that are not models.


class Bomb:
    """Its pickle makes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_pickle_in_disguise_is_not_opened(path, protocol, dump):
    mark = path.with_name("exploded")
    with path.open("wb") as file:
        dump(Bomb(mark), file, protocol=protocol)
    with pytest.raises(
        ValueError, match=r"model.safetensors is a pickle.* so it was not"
    ):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "a zip archive, as torch.save"),
        ({"_use_new_zipfile_serialization": False}, "a pickle"),
    ],
)
def test_torch_file_is_not_opened(path, options, kind):
    mark = path.with_name("exploded")
    torch.save(Bomb(mark), path, **options)
    with pytest.raises(ValueError, match=f"{kind}.* so it was not"):
        load(path)
    assert not mark.exists()


def test_pickle_that_begins_like_a_header_is_not_opened(path):
    mark = path.with_name("exploded")
    data = pickle.dumps(("{" * 9, Bomb(mark)), protocol=2)
    start = data.index(b"{")
    path.write_bytes(data[:2] + b"(" * (8 - start) + data[2:])
    assert path.read_bytes()[8:9] == b"{"
    with pytest.raises(ValueError, match="truncated or damaged"):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "data", [b"user,item\n1,2\n3,4\n", b"\x78\x9c" + bytes(30), b"(dp0\nS'a'\np1\n"]
)
def test_other_files_are_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"model.safetensors is not a safetensors file\.$"
    ):
        load(path)


def test_other_safetensors_file_is_refused(path):
    tensor_files.save_file({"x": np.ones(2)}, path, {"format": "pt"})
    with pytest.raises(ValueError, match="it is a safetensors file, but not one of"):
        load(path)
    tensor_files.save_file({"x": np.ones(2)}, path)
    with pytest.raises(ValueError, match="it is a safetensors file, but not one of"):
        load(path)


def test_truncated_file_is_refused(path):
    save(MarkovRecommender().fit(X), path)
    data = path.read_bytes()
    for length in [*range(0, 20), *range(20, len(data), 50), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match="safetensors is truncated or damaged: "):
            load(path)


def test_longer_file_is_refused(path):
    save(MarkovRecommender().fit(X), path)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ValueError, match="truncated or damaged"):
        load(path)


# Models that were changed.


def read(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        content = json.loads(file.metadata()["skdiffuasr"])
        return content, {name: file.get_tensor(name) for name in file.keys()}


def write(path, content, tensors):
    metadata = {
        "skdiffuasr": content if isinstance(content, str) else json.dumps(content)
    }
    tensor_files.save_file(tensors, path, metadata)


@pytest.fixture
def saved(path):
    """A file, and its content to be changed."""
    save(MarkovRecommender().fit(X), path)
    return path, *read(path)


def assert_refused(path, content, tensors, match):
    write(path, content, tensors)
    with pytest.raises(
        ValueError, match="model.safetensors cannot be loaded: " + match
    ):
        load(path)


def test_unchanged_content_is_accepted(saved):
    write(*saved)
    load(saved[0])


def test_newer_format_names_both_versions(saved):
    path, content, tensors = saved
    content |= {"format_version": 2, "library_version": "9.1", "new": None}
    own = read(path)[0]["library_version"]
    match = f"it has format version 2 of skdiffuasr 9.1, and skdiffuasr {own} reads up"
    assert_refused(path, content, tensors, match)


@pytest.mark.parametrize("version", [0, -1, None, "1", True, 1.0])
def test_format_that_never_was(saved, version):
    path, content, tensors = saved
    content["format_version"] = version
    assert_refused(path, content, tensors, f"there is no format version {version!r}")


def test_unknown_class(saved):
    path, content, tensors = saved
    content["estimator"]["class"] = "os.system"
    assert_refused(path, content, tensors, "the class 'os.system' is unknown")


def test_missing_tensor(saved):
    path, content, tensors = saved
    del tensors["item_ids_"]
    assert_refused(path, content, tensors, "the tensor 'item_ids_' is missing")


def test_additional_tensor(saved):
    path, content, tensors = saved
    tensors["more"] = np.ones(1)
    assert_refused(path, content, tensors, "nothing refers to the tensor 'more'")


def test_additional_field(saved):
    path, content, tensors = saved
    content["more"] = 1
    assert_refused(path, content, tensors, "there should be an object of format_vers")


@pytest.mark.parametrize("change", [np.float32, lambda array: array[1:]])
def test_tensor_that_is_not_as_the_header_says(saved, change):
    path, content, tensors = saved
    tensors["item_ids_"] = change(tensors["item_ids_"])
    match = r"the tensor 'item_ids_' is .*, where the header says int64 of shape \[3\]"
    assert_refused(path, content, tensors, match)


def test_tensor_that_numpy_does_not_know(saved):
    path, content, tensors = saved
    torch_files = pytest.importorskip("safetensors.torch")
    tensors = {name: torch.from_numpy(array) for name, array in tensors.items()}
    tensors["item_ids_"] = tensors["item_ids_"].bfloat16()
    torch_files.save_file(tensors, path, {"skdiffuasr": json.dumps(content)})
    with pytest.raises(
        ValueError, match=r"model.safetensors cannot be loaded: .*bfloat"
    ):
        load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '"text"', "[" * 100_000])
def test_metadata_of_other_content(saved, content):
    path, _, tensors = saved
    assert_refused(path, content, tensors, "")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_changed_bytes_do_no_harm(saved, data):
    path, content, tensors = saved
    write(path, content, tensors)
    changed = bytearray(path.read_bytes())
    (header_length,) = struct.unpack("<Q", changed[:8])
    position = data.draw(st.integers(0, header_length + 7))
    changed[position] = data.draw(st.integers(0, 255))
    path.write_bytes(changed)
    try:
        loaded = load(path)
    except ValueError:
        return
    assert isinstance(loaded, MarkovRecommender)


def test_saves_what_a_search_found(path):
    recommender = SASRecEstimator(
        np.int64(4), learning_rate=np.float64(0.01), early_stopping=np.False_
    )
    pipeline = Pipeline([("rec", recommender)])
    assert_identical(round_trip(pipeline, path), pipeline)
