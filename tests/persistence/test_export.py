"""Exported recommenders recommend what they did before, without this library."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from skdiffuasr import (
    EnsembleRecommender,
    MarkovRecommender,
    PopularityRecommender,
    RandomAugmenter,
    SASRecEstimator,
)
from skdiffuasr.persistence import export
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.sequences.vocabulary import encode_items
from skdiffuasr.utils import all_estimators
from skdiffuasr.utils.discovery import short_name
from tests.persistence.fitted import ATTRIBUTES, INTEGERS, make_fitted
from tests.test_common import TINY

ITEMS = np.unique(INTEGERS.values).tolist()
UNKNOWN = -7
#: Among them no known item, one item, all items but three, and more than is read.
HISTORIES = [
    *INTEGERS.to_lists()[:8],
    [UNKNOWN],
    [ITEMS[1]],  # not known to `of_a_part`
    [ITEMS[1], UNKNOWN, ITEMS[2], UNKNOWN],
    ITEMS[:-3],
    ITEMS[:4] * 6,
]
K = 5
CODE = """
import json, sys
import numpy as np
codes = np.array(json.loads(sys.argv[2]))
if sys.argv[1].endswith(".onnx"):
    import onnxruntime
    session = onnxruntime.InferenceSession(sys.argv[1])
    metadata = session.get_modelmeta().custom_metadata_map
    items, scores = session.run(None, {"histories": codes})
    assert "torch" not in sys.modules
else:
    import torch
    metadata = {"skdiffuasr.json": ""}
    module = torch.export.load(sys.argv[1], extra_files=metadata).module()
    items, scores = module(torch.from_numpy(codes))
assert "skdiffuasr" not in sys.modules and "sklearn" not in sys.modules
item_ids = json.loads(metadata["skdiffuasr.json"])["item_ids"]
print(json.dumps([[item_ids[i] if i >= 0 else -1 for i in row] for row in items]))
"""


def served(path):
    """Return a function of padded codes, and the metadata of the file."""
    if path.suffix == ".onnx":
        onnxruntime = pytest.importorskip("onnxruntime")
        session = onnxruntime.InferenceSession(path)
        metadata = session.get_modelmeta().custom_metadata_map["skdiffuasr.json"]
        return lambda codes: session.run(None, {"histories": codes}), metadata
    files = {"skdiffuasr.json": ""}
    module = torch.export.load(path, extra_files=files).module()

    def run(codes):
        outputs = module(torch.from_numpy(codes))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output.numpy() for output in outputs]

    return run, files["skdiffuasr.json"]


def padded(histories, item_ids, width=0):
    """Return the codes of histories, with -1 on the left and for unknown items."""
    rows = [encode_items(np.array(row), item_ids) for row in histories]
    width = max(width, *map(len, rows))
    codes = np.full((len(rows), width), -1)
    for place, row in zip(codes, rows, strict=True):
        place[width - len(row) :] = row
    return codes


def check(model, recommender, path, k=K):
    """Compare what is served with the recommender, in batches of several shapes."""
    export(model, path, k=k)
    run, metadata = served(path)
    item_ids = recommender.item_ids_
    assert json.loads(metadata)["item_ids"] == item_ids.tolist()
    batches = ((HISTORIES, 0), (HISTORIES[2:3], 30), (HISTORIES[9:10], 0))
    for histories, width in batches:
        outputs = run(padded(histories, item_ids, width))
        if k is None:
            expected = recommender.decision_function(histories)
            np.testing.assert_allclose(outputs[0], expected, rtol=1e-5, atol=1e-6)
            continue
        codes, scores = outputs
        expected, expected_scores = recommender.recommend(histories, k)
        found = np.where(codes >= 0, item_ids[codes], -1)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["sasrec", "markov"])
def test_the_same_items_come_out_of_torch(name, tmp_path):
    recommender = make_fitted(name)
    check(recommender, recommender, tmp_path / "model.pt2")


NAMES = [short_name(cls) for _, cls in all_estimators("recommender")]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
@pytest.mark.parametrize("name", NAMES)
def test_every_recommender_can_be_served(name, ending, tmp_path):
    recommender = make_fitted(name)
    check(recommender, recommender, tmp_path / f"model{ending}")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
@pytest.mark.parametrize("name", ["sasrec", "cooccurrence"])
def test_scores_of_the_catalogue_can_be_served(name, ending, tmp_path):
    recommender = make_fitted(name)
    check(recommender, recommender, tmp_path / f"model{ending}", None)


def of_a_part(name):
    """Return a frozen recommender that was fitted on a few items."""
    histories = [row for row in INTEGERS.to_lists() if len(row) > 1][:3]
    return FrozenEstimator(clone(TINY[name]).fit(histories))


def composed():
    """Return fitted models that are made of others, by what they try."""
    cold = clone(TINY["sasrec"]).set_params(
        item_attributes=ATTRIBUTES, include_cold_items=True
    )
    prefixes = make_pipeline(
        RandomAugmenter(2, augment_at="fit", random_state=0), clone(TINY["gru4rec"])
    )
    members = [
        ("part", of_a_part("bert4rec")),
        ("pipeline", clone(prefixes)),
        ("counts", of_a_part("markov")),
        ("popularity", PopularityRecommender()),
        ("neighbours", clone(TINY["cooccurrence"])),
        ("out", clone(TINY["s3rec"])),
    ]
    return {
        "cold items": cold,
        "attributes": clone(cold).set_params(include_cold_items=False),
        "pseudo items in training alone": prefixes,
        "ensemble": EnsembleRecommender(
            members, weights=[1, 2, 0.5, 1, 1, 0], random_state=0
        ),
    }


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
@pytest.mark.parametrize("name", composed())
def test_what_is_made_of_others_can_be_served(name, ending, tmp_path):
    model = composed()[name].fit(INTEGERS)
    recommender = model[-1] if isinstance(model, Pipeline) else model
    check(model, recommender, tmp_path / f"model{ending}")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_seen_items_are_kept_on_request(ending, tmp_path):
    recommender = make_fitted("markov")
    path = tmp_path / f"model{ending}"
    export(recommender, path, k=K, filter_seen=False)
    codes, _ = served(path)[0](padded(HISTORIES, recommender.item_ids_))
    expected, _ = recommender.recommend(HISTORIES, K, filter_seen=False)
    np.testing.assert_array_equal(recommender.item_ids_[codes], expected)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_nothing_of_the_library_is_needed_to_serve(ending, tmp_path):
    pytest.importorskip("onnxruntime")
    recommender = make_fitted("sasrec")
    path = tmp_path / f"model{ending}"
    export(recommender, path, k=K)
    codes = padded(HISTORIES, recommender.item_ids_)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path), json.dumps(codes.tolist())],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    expected, _ = recommender.recommend(HISTORIES, K)
    assert json.loads(done.stdout) == expected.tolist()


class Own(BaseRecommender):
    """Scores nothing."""

    def _fit(self, codes):
        """Learn nothing."""

    def _score(self, codes):
        return np.zeros((len(codes), len(self.item_ids_)), dtype=np.float32)


def refused():
    """Return models that cannot be exported, and a word of each error."""
    X = INTEGERS
    prefixes = make_pipeline(RandomAugmenter(2, random_state=0), MarkovRecommender())
    nested = [("a", Pipeline([("b", prefixes[0])])), ("rec", prefixes[1])]
    other = Pipeline([("rec", LogisticRegression())])
    return {
        "prefixes": (clone(prefixes).fit(X), ValueError, "'randomaugmenter'"),
        "nested": (
            clone(Pipeline(nested)).fit(X),
            ValueError,
            "step 'a', Pipeline",
        ),
        "member": (
            EnsembleRecommender([("a", clone(prefixes))]).fit(X),
            ValueError,
            "'randomaugmenter'",
        ),
        "foreign": (other, TypeError, "LogisticRegression cannot be exported"),
        "own": (Own().fit(X), NotImplementedError, "Own cannot be exported"),
        "unfitted": (SASRecEstimator(), NotFittedError, "not fitted"),
    }


@pytest.mark.parametrize("name", refused())
def test_what_cannot_be_served_is_refused(name, tmp_path):
    model, error, message = refused()[name]
    with pytest.raises(error, match=message):
        export(model, tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("model.pt", {}, ValueError, "ends in .onnx or .pt2, got"),
        ("model.pt2", {"k": 0}, ValueError, "k == 0"),
        ("model.pt2", {"k": 2.5}, TypeError, "k must be an instance of int"),
        ("used.pt2", {}, FileExistsError, "overwrite=True"),
        ("none/model.pt2", {}, FileNotFoundError, "no folder"),
    ],
)
def test_bad_arguments_are_refused(name, options, error, message, tmp_path):
    (tmp_path / "used.pt2").touch()
    with pytest.raises(error, match=message):
        export(make_fitted("popularity"), tmp_path / name, **options)
