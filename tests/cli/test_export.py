"""An exported model is the one that was saved."""

import json

import numpy as np
import pytest

from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions
from skdiffuasr.persistence import load
from tests.persistence.test_export import served

pytest.importorskip("safetensors")


@pytest.mark.parametrize(
    "ending", [".pt2", pytest.param(".onnx", marks=pytest.mark.slow)]
)
def test_a_saved_model_becomes_a_graph(log_file, tmp_path, capsys, ending):
    model, out = tmp_path / "model.safetensors", tmp_path / f"model{ending}"
    arguments = ["fit", log_file, "-o", model, "--recommender=popularity"]
    assert main(list(map(str, arguments))) == 0
    arguments = list(map(str, ["export", model, "-o", out, "-k3"]))
    capsys.readouterr()
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out == f"The graph was written to {out}.\n"
    assert captured.err == ""
    run, metadata = served(out)
    item_ids = np.array(json.loads(metadata)["item_ids"])
    histories = read_interactions(log_file).to_sequences()
    codes = np.searchsorted(item_ids, np.array(histories.to_lists()))
    items, scores = run(codes)
    expected, expected_scores = load(model).recommend(histories, 3)
    np.testing.assert_array_equal(item_ids[items], expected)
    np.testing.assert_array_equal(scores, expected_scores)
    assert main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--force", "--keep-seen"]) == 0
    items, _ = served(out)[0](codes)
    expected, _ = load(model).recommend(histories, 3, filter_seen=False)
    np.testing.assert_array_equal(item_ids[items], expected)
