import numpy as np
import pytest

from skdiffuasr import RandomAugmenter, RandomSequenceAugmenter
from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions, write_interactions

pytest.importorskip("safetensors")


TWO = "--n-pseudo-items=2"


def augment(*arguments):
    return main(["augment", *map(str, arguments)])


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".inter", ".parquet"])
def test_the_log_is_kept_and_pseudo_items_come_first(timed_file, tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"out{ending}"
    assert augment(timed_file, "-o", out, "--augmenter=random", TWO) == 0
    before, after = read_interactions(timed_file), read_interactions(out)
    expected = RandomAugmenter(2, random_state=0).fit_transform(before.to_sequences())
    assert after.to_sequences() == expected
    mark = "is_pseudo:float" if ending == ".inter" else "is_pseudo"
    marked = read_interactions(
        out, user=mark.partition(":")[0], item=1 if ending != ".parquet" else "item_id"
    )
    assert marked.user.sum() == 2 * 40


def test_a_diffusion_model_is_saved_and_used_again(timed_file, tmp_path):
    model, first, second = (tmp_path / name for name in ("m.st", "a.csv", "b.csv"))
    options = (TWO, "--max-epochs=1", "--embedding-dim=8", "--save-model", model)
    assert augment(timed_file, "-o", first, *options) == 0
    assert augment(timed_file, "-o", second, "--model", model) == 0
    assert first.read_text() == second.read_text()


@pytest.mark.parametrize("with_model", [True, False])
def test_pseudo_items_are_made_without_what_is_held_out(
    timed_file, tmp_path, with_model
):
    out, model = tmp_path / "out.csv", tmp_path / "model.st"
    given = ["--augmenter=random-seq", TWO]
    if with_model:
        options = ["--save-model", model, "--hold-out=2", *given]
        assert augment(timed_file, "-o", tmp_path / "first.csv", *options) == 0
        given = ["--model", model]
    assert augment(timed_file, "-o", out, "--hold-out=2", *given) == 0
    X = read_interactions(timed_file).to_sequences()
    augmenter = RandomSequenceAugmenter(2, random_state=0).fit(X.drop_last(2))
    expected = X.prepend(augmenter.generate(X.drop_last(2)))
    assert read_interactions(out).to_sequences() == expected


def test_a_log_is_not_augmented_twice(timed_file, tmp_path, capsys):
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    assert augment(timed_file, "-o", once, "--augmenter=random", TWO) == 0
    assert augment(once, "-o", twice, "--augmenter=random", TWO) == 1
    assert "LOG has pseudo items already" in capsys.readouterr().err
    assert not twice.exists()


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--save-model=other.st", "--save-model"),
        ("--augmenter=random", "--augmenter"),
        (TWO, "--n-pseudo-items"),
        ("--max-epochs=1", "--max-epochs"),
        ("--seed=0", "--seed"),
    ],
)
def test_a_saved_model_is_taken_as_it_is(timed_file, tmp_path, capsys, option, name):
    model, out = tmp_path / "m.st", tmp_path / "out.csv"
    options = ("--augmenter=random", "--save-model", model)
    assert augment(timed_file, "-o", tmp_path / "first.csv", *options) == 0
    assert augment(timed_file, "-o", out, "--model", model, option) == 1
    assert f"--model is taken as it is; drop {name}." in capsys.readouterr().err
    assert not out.exists()


def test_parts_of_a_parquet_file_give_what_the_whole_does(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    from skdiffuasr.datasets import Interactions, readers

    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(50), 4)
    log = Interactions(users, rng.integers(0, 20, 200), rng.integers(0, 99, 200))
    source, model = tmp_path / "log.parquet", tmp_path / "model.st"
    write_interactions(log, source)
    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.parquet"
    options = (TWO, "--augmenter=random", "--save-model", model)
    assert augment(source, "-o", whole, *options) == 0
    monkeypatch.setattr(readers, "BATCH_ROWS", 16)
    monkeypatch.setattr("skdiffuasr.cli.augment.MAX_INTERACTIONS", 40)
    assert augment(source, "-o", parts, "--model", model) == 0
    assert read_interactions(parts) == read_interactions(whole)


def test_other_augmenters_are_refused(timed_file, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        augment(timed_file, "-o", tmp_path / "out.csv", "--augmenter=crop")
    assert "invalid choice: 'crop'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("user,thing\n1,2\n", "no item column found"),
        ("user;item\n1;\n", "line 2: the item id is empty"),
        ("user,item,time\n1,2,soon\n", "line 2: the time is 'soon'"),
        ("user,item\n1,2\n1,3\n", "No history"),
    ],
)
def test_bad_logs_are_one_line_and_nothing_is_written(
    tmp_path, capsys, content, message
):
    log, out = tmp_path / "log.csv", tmp_path / "out.csv"
    log.write_text(content)
    assert augment(log, "-o", out, "--max-epochs=1") == 1
    *columns, error = capsys.readouterr().err.splitlines()
    assert error.startswith("skdiffuasr: error:")
    assert len(columns) == ("No history" in message)  # what could be read
    assert message in error
    assert not out.exists()
