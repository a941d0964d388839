import pytest

from skdiffuasr.cli import main
from skdiffuasr.cli.config import with_config

COMMANDS = ["fit", "augment", "study"]


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
    assert with_config(arguments, COMMANDS) == [*expected, "--max-epochs=5"]


def test_booleans_and_lists(config):
    path = config("[study]\nretry_failed = false\naugmenters = ['none', 'random']\n")
    assert with_config(["study", "--config", path], COMMANDS) == [
        "study",
        "--augmenters=none,random",
    ]


@pytest.mark.parametrize(("value", "option"), [("true", ""), ("false", "no-")])
def test_a_header_may_be_there_or_not(config, value, option):
    path = config(f"[fit]\nheader = {value}\n")
    arguments = with_config(["fit", "--config", path], COMMANDS)
    assert arguments == ["fit", f"--{option}header"]


def test_nothing_is_changed_without_a_file():
    assert with_config(["fit", "log.csv"], COMMANDS) == ["fit", "log.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fit", "is not a TOML file"),
        ("fit = 3", "fit must be a table"),
        ("augment = 3", "augment must be a table"),
        ("max_epochs = 3\n[fit]", "max_epochs is not one of the commands fit, augment"),
        ("[fit]\nwhen = 2020-01-01", "when must be a string"),
    ],
)
def test_bad_files(config, text, message):
    with pytest.raises(ValueError, match=message):
        with_config(["fit", "--config", config(text)], COMMANDS)


def test_a_misspelt_table_is_refused(config, log_file, capsys):
    path = config("[evaluat]\nfilter_seen = true\n")
    assert main(["evaluate", str(log_file), "--config", path]) == 1
    assert "evaluat is not one of the commands augment, fit" in capsys.readouterr().err


def test_the_length_of_the_lists_and_debug_may_stand_in_it(config, log_file, tmp_path):
    path = config("[recommend]\nk = 3\ndebug = true\n")
    with pytest.raises(FileNotFoundError):  # --debug shows the traceback
        main(
            [
                "recommend",
                str(tmp_path / "no"),
                str(log_file),
                "-o",
                "x.csv",
                "--config",
                path,
            ]
        )


def test_abbreviations_are_refused(config, log_file, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["describe", str(log_file), "--conf", config("[describe]\n")])
    assert "unrecognized arguments: --conf" in capsys.readouterr().err
