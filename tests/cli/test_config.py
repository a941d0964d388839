import pytest

from skdiffuasr.cli.config import with_config


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "mine.toml"

    def write(text):
        path.write_text(text)
        return str(path)

    return write


def test_options_of_the_command_line_come_later(config):
    path = config(
        "[fit]\nmax_epochs = 3\naugmenter = 'random'\n[augment]\nforce=true\n"
    )
    arguments = ["fit", "log.csv", "--max-epochs=5", f"--config={path}"]
    expected = ["fit", "--max-epochs=3", "--augmenter=random", "log.csv"]
    assert with_config(arguments) == [*expected, "--max-epochs=5"]


def test_booleans_and_lists(config):
    path = config("[study]\nretry_failed = false\naugmenters = ['none', 'random']\n")
    assert with_config(["study", "--config", path]) == [
        "study",
        "--augmenters=none,random",
    ]


def test_nothing_is_changed_without_a_file():
    assert with_config(["fit", "log.csv"]) == ["fit", "log.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fit", "is no TOML file"),
        ("fit = 3", "fit must be a table"),
        ("[fit]\nwhen = 2020-01-01", "when must be a string"),
    ],
)
def test_bad_files(config, text, message):
    with pytest.raises(ValueError, match=message):
        with_config(["fit", "--config", config(text)])
