"""Recommendations in a file are those of the estimator, for everybody asked for."""

import csv

import numpy as np
import pytest

from skdiffuasr.cli import main, recommend
from skdiffuasr.datasets import iter_interactions, read_interactions
from skdiffuasr.persistence import load
from skdiffuasr.recommenders import MarkovRecommender
from skdiffuasr.recommenders import recommend as recommend_in_one_call

pytest.importorskip("safetensors")

NAMES = ["user", "item", "rank", "score", "is_fallback"]


def run(*arguments):
    return main(list(map(str, arguments)))


def rows_of(path):
    with path.open() as file:
        names, *rows = csv.reader(file)
    assert names == NAMES
    return rows


def log_of(path, histories):
    """Write a log, of user ids to lists of items, in the order given."""
    lines = [f"{user},{item}" for user, row in histories.items() for item in row]
    path.write_text("\n".join(["user,item", *lines]) + "\n")
    return path


@pytest.fixture
def model_file(log_file, tmp_path):
    """A Markov chain that has not seen the last items."""
    path = tmp_path / "markov.safetensors"
    assert run("fit", log_file, "-o", path, "--recommender=markov", "--hold-out=1") == 0
    return path


@pytest.fixture
def letters(tmp_path):
    """A Markov chain of five letters."""
    histories = {f"u{user}": "abcde"[user % 3 :] for user in range(9)}
    log = log_of(tmp_path / "letters.csv", histories)
    path = tmp_path / "letters.safetensors"
    assert run("fit", log, "-o", path, "--recommender=markov") == 0
    return path


def test_recommendations_are_those_of_the_estimator(log_file, model_file, tmp_path):
    out = tmp_path / "top.csv"
    assert run("recommend", model_file, log_file, "-o", out, "-k2") == 0
    table = np.genfromtxt(out, delimiter=",", names=True)
    histories = read_interactions(log_file).to_sequences()
    recommender = MarkovRecommender().fit(histories.drop_last())
    items, _ = recommender.recommend(histories, k=2)
    log_probabilities = recommender.predict_log_proba(histories)
    columns = np.searchsorted(recommender.item_ids_, items)
    scores = np.take_along_axis(log_probabilities, columns, axis=1)
    np.testing.assert_array_equal(table["user"], np.repeat(histories.user_ids, 2))
    np.testing.assert_array_equal(table["item"], items.ravel())
    np.testing.assert_array_equal(table["rank"], [1, 2] * len(histories))
    np.testing.assert_allclose(table["score"], scores.ravel(), rtol=1e-6)
    assert not table["is_fallback"].any()


def test_fallbacks_are_marked_and_users_with_few_items_left_get_fewer(
    letters, tmp_path, capsys
):
    histories = {"all": "abcde", "new": "xy", "some": "axb", "most": "abcd"}
    log, out = log_of(tmp_path / "log.csv", histories), tmp_path / "top.csv"
    assert run("recommend", letters, log, "-o", out, "-k3") == 0
    captured = capsys.readouterr()
    assert "knows 5 of the 7 items of LOG, and items of 3 of 4 users." in captured.err
    assert captured.out.splitlines() == [
        f"7 items for 4 users are in {out}.",
        "2 users get fewer than 3 items.",
        "1 users get the most popular items (is_fallback).",
    ]
    recommender = load(letters)
    expected = []
    for user in sorted(histories):
        (log_probabilities,) = recommender.predict_log_proba([list(histories[user])])
        left = [code for code, id in enumerate("abcde") if id not in histories[user]]
        best = sorted(left, key=lambda code: (-log_probabilities[code], code))[:3]
        for rank, code in enumerate(best, start=1):
            score = float(str(log_probabilities[code]))
            expected.append((user, "abcde"[code], rank, score, int(user == "new")))
    found = rows_of(out)
    assert [tuple(row[:3]) for row in found] == [
        (user, item, str(rank)) for user, item, rank, *_ in expected
    ]
    np.testing.assert_allclose(
        [float(row[3]) for row in found], [row[3] for row in expected], rtol=1e-6
    )
    assert [int(row[4]) for row in found] == [row[4] for row in expected]


@pytest.mark.parametrize("command", ["recommend", "evaluate"])
@pytest.mark.parametrize(
    ("histories", "message"),
    [
        (
            {"u1": "xyz", "u2": "yz"},
            "error: The model knows none of the 3 items of LOG: LOG has 'x', 'y', 'z', "
            "the model 'a', 'b', 'c'. Is --item the right column?",
        ),
        (
            {"u1": [5, 6], "u2": [7, 6]},
            "error: The model knows no item of LOG: those of LOG are integers such as "
            "5, those of the model texts such as 'a'.",
        ),
    ],
)
def test_a_log_of_which_the_model_knows_nothing_is_refused(
    letters, tmp_path, capsys, command, histories, message
):
    log, out = log_of(tmp_path / "other.csv", histories), tmp_path / "out.csv"
    arguments = {
        "recommend": ["recommend", letters, log, "-o", out],
        "evaluate": ["evaluate", log, "--model", letters],
    }
    capsys.readouterr()
    assert run(*arguments[command]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 2  # the columns of LOG, and the error
    assert not out.exists()


@pytest.mark.parametrize("ending", [".txt", ".parquet"])
def test_only_some_users_and_some_items(log_file, model_file, tmp_path, capsys, ending):
    users, items = tmp_path / f"users{ending}", tmp_path / f"items{ending}"
    for path, name, ids in (
        (users, "user_id", [7, 3, 58, 1000]),
        (items, "item_id", [4, 9, 11, 2, 77]),
    ):
        if ending == ".parquet":
            pandas = pytest.importorskip("pandas")
            pandas.DataFrame({name: ids}).to_parquet(path)
        else:
            path.write_text("\n".join([name, *map(str, ids)]) + "\n\n")
    out = tmp_path / "top.csv"
    options = ("--users", users, "--candidates", items, "-k3")
    assert run("recommend", model_file, log_file, "-o", out, *options) == 0
    error = capsys.readouterr().err
    assert f"LOG has 3 of the 4 users in {users}." in error
    assert f"MODEL has 4 of the 5 items in {items}." in error
    assert "items of 3 of 3 users" in error
    histories = read_interactions(log_file).to_sequences()
    asked = histories[np.isin(histories.user_ids, [3, 7, 58])]
    recommender = load(model_file)
    expected = []
    for user, history in zip(asked.user_ids, asked, strict=True):
        (scores,) = recommender.decision_function([history])
        left = [item for item in (2, 4, 9, 11) if item not in history]
        best = sorted(left, key=lambda item: (-scores[item], item))[:3]
        expected += [[user, item, rank] for rank, item in enumerate(best, start=1)]
    assert [list(map(int, row[:3])) for row in rows_of(out)] == expected


@pytest.mark.parametrize(
    ("option", "ids", "message"),
    [
        ("--users", "100\n101", "LOG has none of the 2 users in"),
        ("--users", "u1", "has 'u1' among its users, but those of LOG are integers."),
        ("--users", "1\n02", "has '02' among its users, but those of LOG are"),
        ("--candidates", "77", "MODEL has none of the 1 items in"),
        ("--candidates", "tea", "has 'tea' among its items, but those of MODEL"),
        ("--candidates", "", "MODEL has none of the 0 items in"),
    ],
)
def test_files_of_other_ids_are_refused(
    log_file, model_file, tmp_path, capsys, option, ids, message
):
    path, out = tmp_path / "ids.txt", tmp_path / "top.csv"
    path.write_text(ids)
    assert run("recommend", model_file, log_file, "-o", out, option, path) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_ids_of_parquet_keep_their_type(log_file, model_file, tmp_path, capsys):
    pandas = pytest.importorskip("pandas")
    path, out = tmp_path / "ids.parquet", tmp_path / "top.csv"
    pandas.DataFrame({"user": ["1", "2"]}).to_parquet(path)
    assert run("recommend", model_file, log_file, "-o", out, "--users", path) == 2
    message = "are texts such as '1', those of LOG integers such as 0. Bring both"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("augmenter", ["none", "random"])
def test_parts_of_a_large_file_give_what_the_whole_gives(
    log_file, tmp_path, monkeypatch, capsys, augmenter
):
    parquet = pytest.importorskip("pyarrow.parquet")
    pandas = pytest.importorskip("pandas")
    log, model = tmp_path / "log.parquet", tmp_path / "model.safetensors"
    users = tmp_path / "users.txt"
    users.write_text("\n".join(map(str, range(20, 45))))
    pandas.read_csv(log_file, sep=" ", names=["user", "item"]).to_parquet(log)
    options = ("--recommender=markov", f"--augmenter={augmenter}")
    assert run("fit", log, "-o", model, *options) == 0
    outputs = []
    for name, part_rows in (("whole", 10**6), ("parts", 50)):
        out = tmp_path / f"{name}.parquet"
        monkeypatch.setattr(recommend, "PART_ROWS", part_rows)
        lengths = []

        def counted(*arguments, lengths=lengths, **options):
            for part in iter_interactions(*arguments, **options):
                lengths.append(len(part))
                yield part

        monkeypatch.setattr(recommend, "iter_interactions", counted)
        capsys.readouterr()
        arguments = ("recommend", model, log, "-o", out, "-k4", "--users", users)
        assert run(*arguments) == 0
        outputs.append((parquet.read_table(out), capsys.readouterr().err))
        assert (len(lengths) > 3) == (name == "parts")
        assert max(lengths, default=0) < 120
    (whole, error), (parts, error_of_parts) = outputs
    assert whole.equals(parts)
    assert whole.num_rows == 100
    assert error == error_of_parts
    histories = read_interactions(log).to_sequences()
    items, _ = recommend_in_one_call(load(model), histories[20:45], 4)
    np.testing.assert_array_equal(whole["item"].to_numpy(), items.ravel())


def test_a_part_that_fails_leaves_no_file(log_file, model_file, tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    log, out = tmp_path / "log.parquet", tmp_path / "top.parquet"
    frame = pandas.read_csv(log_file, sep=" ", names=["user", "item"])
    frame.iloc[::-1].to_parquet(log)  # not sorted by user
    monkeypatch.setattr(recommend, "PART_ROWS", 50)
    assert run("recommend", model_file, log, "-o", out) == 1
    assert not out.exists()
    monkeypatch.setattr(recommend, "PART_ROWS", 1000)  # a small one need not be
    assert run("recommend", model_file, log, "-o", out) == 0
    assert len(pandas.read_parquet(out)) == 600
