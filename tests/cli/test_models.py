"""From a log to a saved model, and from there to recommendations and metrics."""

import json
import warnings

import numpy as np
import pytest

from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.persistence import load
from skdiffuasr.recommenders import MarkovRecommender

pytest.importorskip("safetensors")

TINY = ("--max-epochs=1", "--embedding-dim=8", "--n-pseudo-items=2")


@pytest.fixture
def model_file(log_file, tmp_path):
    """A Markov chain that has not seen the last items."""
    path = tmp_path / "markov.safetensors"
    arguments = ["fit", log_file, "-o", path, "--recommender=markov", "--hold-out=1"]
    assert main(list(map(str, arguments))) == 0
    return path


def test_options_reach_the_members_of_an_ensemble(log_file, tmp_path, capsys):
    model, out = tmp_path / "ensemble.safetensors", tmp_path / "top.csv"
    options = ("--n-estimators=2", *TINY[:2], "--patience=1", "--seed=3", "--quiet")
    arguments = ["fit", log_file, "-o", model, "--recommender=ensemble", *options]
    assert main(list(map(str, arguments))) == 0
    ensemble = load(model)
    assert (ensemble.n_estimators, ensemble.random_state) == (2, 3)
    for member in ensemble.estimators_:
        assert (member.embedding_dim, member.max_epochs, member.patience) == (8, 1, 1)
    assert main(["recommend", str(model), str(log_file), "-o", str(out), "-k2"]) == 0
    table = np.genfromtxt(out, delimiter=",", names=True)
    items, _ = ensemble.recommend(read_interactions(log_file).to_sequences(), k=2)
    np.testing.assert_array_equal(table["item"], items.ravel())
    arguments = ["evaluate", log_file, "--recommender=ensemble", *options]
    assert main(list(map(str, arguments))) == 0
    assert "ndcg@10" in capsys.readouterr().out.lower()


def test_evaluation_is_that_of_the_scorer(log_file, model_file, tmp_path, capsys):
    out = tmp_path / "metrics.json"
    arguments = ["evaluate", log_file, "--model", model_file, "-o", out]
    assert main(list(map(str, arguments))) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "skdiffuasr: log.txt: user = column 0, item = column 1; ignored: nothing; "
        "histories in the order of the file\n"
        "skdiffuasr: the model knows 20 of the 20 items of LOG, and items of 60 of 60 "
        "users.\n"
    )
    histories = read_interactions(log_file).to_sequences()
    _, _, X_test, y_test = leave_last_out(histories)
    recommender = MarkovRecommender().fit(histories.drop_last())
    expected = NextItemScorer(length_bins=(5, 20))(recommender, X_test, y_test)
    known = {
        name: None if np.isnan(value) else value for name, value in expected.items()
    }
    assert json.loads(out.read_text()) == pytest.approx(known)
    assert f"{expected['ndcg@10']:.4f}" in captured.out


@pytest.mark.parametrize(("with_model", "n_needed"), [(True, 2), (False, 3)])
def test_users_with_too_few_items_are_counted(
    log_file, model_file, tmp_path, capsys, with_model, n_needed
):
    """Sixty users of the log have six items, four have one, two or three."""
    with log_file.open("a") as file:
        file.write("60 1\n61 1\n61 2\n62 3\n62 2\n62 4\n63 5\n")
    out = tmp_path / "metrics.json"
    option = f"--model={model_file}" if with_model else "--recommender=markov"
    assert main(["evaluate", str(log_file), option, "-o", str(out)]) == 0
    captured = capsys.readouterr()
    histories = read_interactions(log_file).to_sequences()
    enough = histories[histories.lengths >= n_needed]
    n_short = len(histories) - len(enough)
    message = f"{n_short} of 64 users have fewer than {n_needed} items and are left out"
    assert message in captured.err
    assert f"{len(enough)} users" in captured.out
    original = histories[:60]
    fitted_on = original.drop_last() if with_model else enough.drop_last(2)
    expected = NextItemScorer(("mrr",))(
        MarkovRecommender().fit(fitted_on), enough.drop_last(), enough.last()
    )
    assert json.loads(out.read_text())["mrr"] == pytest.approx(expected["mrr"])


def test_nobody_has_enough_items(tmp_path, model_file, capsys):
    log = tmp_path / "short.txt"
    log.write_text("1 1\n2 2\n")
    assert main(["evaluate", str(log), f"--model={model_file}"]) == 1
    assert "No user of LOG has the 2 items" in capsys.readouterr().err


def test_a_model_that_has_seen_the_test_items_is_told_of(log_file, tmp_path, capsys):
    path = str(tmp_path / "leaky.safetensors")
    assert main(["fit", str(log_file), "-o", path, "--recommender=markov"]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["evaluate", str(log_file), "--model", path]) == 0
    assert "probably seen the items that are tested" in capsys.readouterr().err


def test_pseudo_items_of_the_log_do_not_count(tmp_path, capsys):
    log, model = tmp_path / "log.csv", str(tmp_path / "leaky.safetensors")
    rows = [f"{user},{item},{item},0" for user in range(4) for item in range(4)]
    rows += ["5,1,-2,1", "5,2,-1,1", "5,3,0,0"]  # a user of one observed item
    log.write_text("\n".join(["user,item,time,is_pseudo", *rows]))
    assert main(["evaluate", str(log), "--recommender=markov"]) == 0
    captured = capsys.readouterr()
    assert "1 of 5 users have fewer than 3 items and are left out" in captured.err
    assert "4 users" in captured.out
    assert main(["fit", str(log), "-o", model, "--recommender=markov"]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["evaluate", str(log), "--model", model]) == 0
    assert "fitted on 17 interactions, and LOG has 17" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")
def test_a_small_catalogue_lowers_the_negatives(log_file, capsys):
    """Every user has six of twenty items."""
    printed = []
    for option in ("--n-negatives=14", "--n-negatives=100"):
        assert main(["evaluate", str(log_file), "--recommender=markov", option]) == 0
        printed.append(capsys.readouterr())
    assert printed[0].out == printed[1].out
    assert "ndcg@10/neg14 " in printed[1].out
    assert "negatives" not in printed[0].err
    assert "uses 14 negatives instead of 100" in printed[1].err


@pytest.mark.filterwarnings("default")
def test_a_user_who_has_everything_leaves_no_negatives(tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "".join(f"{u},{i}\n" for u in "ab" for i in "xyz"))
    command = ["evaluate", str(path), "--recommender=markov", "--n-negatives=1"]
    assert main(command) == 1
    assert "drop --n-negatives" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--metrics=ndcg10", "ndcg10"),
        ("--n-negatives=0", "--n-negatives"),
        ("--length-bins=5,5", "--length-bins"),
    ],
)
def test_the_metrics_are_checked_before_the_training(capsys, option, message):
    assert main(["evaluate", "no such log", "--recommender=markov", option]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    ["--augmenter=none", "--recommender=markov", "--n-pseudo-items=2", "--seed=0"],
)
def test_a_saved_model_is_evaluated_as_it_is(log_file, model_file, capsys, option):
    assert main(["evaluate", str(log_file), "--model", str(model_file), option]) == 1
    message = f"--model is taken as it is; drop {option.partition('=')[0]}."
    assert message in capsys.readouterr().err


def test_a_pipeline_is_saved_and_used(log_file, tmp_path, capsys):
    path, out = str(tmp_path / "model.safetensors"), str(tmp_path / "top.tsv")
    options = ["--augmenter=random", "--recommender=sasrec", *TINY]
    assert main(["fit", str(log_file), "-o", path, *options]) == 0
    assert main(["recommend", path, str(log_file), "-o", out, "-k3"]) == 0
    assert len(read_interactions(out)) == 180


def test_a_model_is_trained_where_none_is_given(log_file, capsys):
    assert main(["evaluate", str(log_file), "--recommender=popularity"]) == 0
    assert "ndcg@10" in capsys.readouterr().out


def test_files_are_not_overwritten_by_accident(log_file, model_file, capsys):
    before = model_file.read_bytes()
    arguments = [
        "fit",
        str(log_file),
        "-o",
        str(model_file),
        "--recommender=popularity",
    ]
    assert main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert model_file.read_bytes() == before
    assert main([*arguments, "--force"]) == 0
    assert model_file.read_bytes() != before


@pytest.mark.parametrize(
    ("command", "message"),
    [("recommend", "not a recommender"), ("augment", "puts no items before")],
)
def test_models_of_the_wrong_kind(
    log_file, model_file, tmp_path, capsys, command, message
):
    augmenter = str(tmp_path / "augmenter.safetensors")
    augmented = str(tmp_path / "augmented.csv")
    options = ["--augmenter=random", "--save-model", augmenter, "-o", augmented]
    assert main(["augment", str(log_file), *options]) == 0
    out = str(tmp_path / "out.csv")
    arguments = {
        "recommend": ["recommend", augmenter, str(log_file), "-o", out],
        "augment": ["augment", str(log_file), "--model", str(model_file), "-o", out],
    }
    assert main(arguments[command]) == 1
    assert message in capsys.readouterr().err


def test_a_fit_goes_on_from_its_checkpoints(log_file, tmp_path):
    folder = tmp_path / "checkpoints"
    for name in ("first", "second"):
        arguments = ["fit", log_file, "-o", tmp_path / f"{name}.safetensors", *TINY[:2]]
        arguments += ["--checkpoint", folder, "--quiet"]
        assert main(list(map(str, arguments))) == 0
    assert len(list(folder.glob("*.pt"))) == 1
    first, second = (
        load(tmp_path / f"{name}.safetensors") for name in ("first", "second")
    )
    assert first.checkpoint == str(folder)
    for name, array in first.weights_.items():
        np.testing.assert_array_equal(second.weights_[name], array)
