"""Attributes and features from files, and the models that are trained with them."""

import gzip
import json

import numpy as np
import pytest

from skdiffuasr.cli import main
from skdiffuasr.cli.side_information import read_attributes, read_features
from skdiffuasr.persistence import load

pandas = pytest.importorskip("pandas")
pytest.importorskip("safetensors")

VECTORS = {3: [0.5, 1.0], -4: [2.0, -3.0]}


@pytest.mark.parametrize("are_integers", [True, False])
def test_attributes_may_be_compressed(tmp_path, are_integers):
    path = tmp_path / "attributes.json.gz"
    with gzip.open(path, "wt") as file:
        json.dump({"3": [1, 2], "-4": []}, file)
    expected = {3: [1, 2], -4: []} if are_integers else {"3": [1, 2], "-4": []}
    assert read_attributes(path, are_integers=are_integers) == expected


def test_attributes_may_be_in_the_form_of_s3rec(tmp_path):
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps({"kind": "any", "item2attributes": {"3": [1]}}))
    assert read_attributes(path, are_integers=True) == {3: [1]}


def features_file(folder, kind):
    path = folder / f"features.{kind.partition('-')[0]}"
    frame = pandas.DataFrame(
        [[item, *vector] for item, vector in VECTORS.items()],
        columns=["item", "x", "y"],
    )
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "csv.gz":
        frame.to_csv(path, index=False, compression="gzip")
    else:
        pytest.importorskip("pyarrow")
        if kind == "parquet-lists":
            frame = pandas.DataFrame(
                {"item": list(VECTORS), "vector": list(VECTORS.values())}
            )
        elif kind == "parquet-index":
            frame = frame.set_index("item")
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("are_integers", [True, False])
@pytest.mark.parametrize(
    "kind", ["csv", "csv.gz", "parquet", "parquet-lists", "parquet-index"]
)
def test_features_come_from_tables(tmp_path, kind, are_integers):
    found = read_features(features_file(tmp_path, kind), are_integers=are_integers)
    assert list(found) == [item if are_integers else str(item) for item in VECTORS]
    np.testing.assert_array_equal(
        np.stack(list(found.values())), list(VECTORS.values())
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as a table"),
        ("item\n1\n", "got one column"),
        ("item,x\n1,2\n1,3\n", "hold each item once, but has '1' several times"),
        ("item,x\n01,2\n", "has the item id '01', but the items of LOG are integers"),
    ],
)
def test_bad_features_are_refused(tmp_path, content, message):
    path = tmp_path / "features.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_features(path, are_integers=True)


TINY = ["--max-epochs=1", "--embedding-dim=8", "--device=cpu", "--quiet"]


@pytest.fixture
def files(tmp_path):
    """Options for the items 0 to 19 of the log, and the items 20 and 21 besides."""
    attributes, features = tmp_path / "attributes.json", tmp_path / "features.csv"
    attributes.write_text(json.dumps({str(item): [item % 3] for item in range(22)}))
    lines = [f"{item},{item % 2},{item}" for item in range(22)]
    features.write_text("\n".join(["item,odd,number", *lines]))
    return [f"--attributes={attributes}", f"--features={features}"]


def test_a_model_scores_without_the_files(log_file, files, tmp_path):
    model = tmp_path / "model.safetensors"
    arguments = [*TINY, *files, "--include-cold-items"]
    assert main(["fit", str(log_file), "-o", str(model), *arguments]) == 0
    recommender = load(model)
    assert recommender.item_ids_.tolist() == list(range(22))
    assert recommender.item_attributes[4] == [1]
    np.testing.assert_array_equal(recommender.item_features[5], [1, 5])
    for argument in files:
        (tmp_path / argument.partition("=")[2]).unlink()
    out = tmp_path / "top.csv"
    arguments = ["recommend", str(model), str(log_file), "-o", str(out), "-k", "16"]
    assert main(arguments) == 0
    table = np.genfromtxt(out, delimiter=",", names=True)
    assert {20, 21} <= set(table["item"])


def test_commands_that_train_take_the_files(log_file, files, tmp_path, capsys):
    assert main(["evaluate", str(log_file), *TINY, *files]) == 0
    study = ["study", str(log_file), "--augmenters=none", "--recommenders=gru4rec"]
    study += ["--seeds=1", "--n-negatives=0", "-o", str(tmp_path / "out"), *TINY[:3]]
    assert main([*study, *files]) == 0
    assert "failed" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--recommender=markov"],
            "Nothing that was chosen takes --attributes",
        ),
        (["--model=m"], "--model is taken as it is; drop --attributes, --features"),
    ],
)
def test_files_that_nothing_would_use_are_refused(
    log_file, files, capsys, arguments, message
):
    assert main(["evaluate", str(log_file), *files, *arguments]) == 1
    assert message in capsys.readouterr().err
