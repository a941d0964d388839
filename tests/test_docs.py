"""The documentation names what exists, and what exists is documented."""

import pkgutil
import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

import skdiffuasr

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")  # not those with a scheme
SECTION = re.compile(r"^## `([\w.]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([\w.]+)` \|", re.MULTILINE)

DOCUMENTED = {name: ROW.findall(text) for name, text in SECTION.findall(API)}


def public_modules():
    """All modules of the package without an underscore, by name."""
    found = pkgutil.walk_packages(skdiffuasr.__path__, "skdiffuasr.")
    names = [module.name for module in found if "._" not in module.name]
    return {name: import_module(name) for name in ["skdiffuasr", *names]}


MODULES = public_modules()
EXPORTS = {
    name: module.__all__
    for name, module in MODULES.items()
    if hasattr(module, "__all__")
}


@pytest.mark.parametrize("module", EXPORTS)
def test_exported_names_are_in_the_api_overview(module):
    assert set(EXPORTS[module]) <= set(DOCUMENTED.get(module, []))


@pytest.mark.parametrize("module", DOCUMENTED)
def test_names_of_the_api_overview_exist(module):
    for name in DOCUMENTED[module]:
        assert attrgetter(name)(MODULES[module]).__doc__, name


def headings(page):
    """Anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


def test_every_page_can_be_reached_from_the_index():
    index = ROOT / "docs" / "index.md"
    links = LINK.findall(index.read_text(encoding="utf-8"))
    reached = {(index.parent / link).resolve() for link in links}
    assert {page.resolve() for page in PAGES} - {index.resolve()} <= reached


def test_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\bmake demo\b", readme)
    assert re.search(r"\bmake test\b", readme)
