"""What a release says about itself."""

import re
import tomllib
from pathlib import Path

import pytest

import skdiffuasr

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: How messages, docstrings, pages and commands name extras.
NAMED = (
    r'import_extra\([^)]*?"(\w+)"\s*\)',
    r"(?:skdiffuasr|\.)\[([a-z,]+)\]",
    r"extras? `+(\w+)`+",
)


def texts():
    paths = [ROOT / name for name in ("README.md", "Makefile", "CONTRIBUTING.md")]
    for folder in ("skdiffuasr", "docs", "examples"):
        paths += [
            path
            for path in (ROOT / folder).rglob("*")
            if path.suffix in (".py", ".md", ".ipynb") and "_build" not in path.parts
        ]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def test_extras_that_are_named_exist():
    extras = PROJECT["optional-dependencies"]
    named = {
        (name, path.name)
        for path, text in texts().items()
        for pattern in NAMED
        for names in re.findall(pattern, text)
        for name in names.split(",")
    }
    assert {name for name, _ in named} >= {"cli", "frames", "persist", "plot", "dev"}
    assert not {(name, path) for name, path in named if name not in extras}


def test_extras_of_extras_exist():
    extras = PROJECT["optional-dependencies"]
    for lines in extras.values():
        for names in re.findall(r"^skdiffuasr\[([\w,]+)\]$", "\n".join(lines), re.M):
            assert set(names.split(",")) <= set(extras)


def test_the_installation_page_has_every_extra():
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("CITATION.cff", r"^version: (\S+)$"), ("CHANGELOG.md", r"^## (\S+)")],
)
def test_files_name_the_version(name, pattern):
    text = (ROOT / name).read_text("utf-8")
    assert re.search(pattern, text, re.MULTILINE)[1] == skdiffuasr.__version__
