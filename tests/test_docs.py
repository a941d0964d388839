"""The documentation names what exists, and what exists is documented."""

import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import skdiffuasr

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOT_PAGES = ("_build", "gallery", "generated")
SITE = sorted(
    page
    for page in DOCS.rglob("*.md")
    if page.relative_to(DOCS).parts[0] not in NOT_PAGES
)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *SITE,
]
GALLERY = sorted(ROOT.glob("examples/gallery/plot_*.py"))

LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")  # not those with a scheme
CARD_LINK = re.compile(r"^:link: (?!gallery/)(\S+)$", re.MULTILINE)
GALLERY_LINK = re.compile(r"\bgallery/(plot_\w+)")
TOCTREE = re.compile(r"^```{toctree}\n(.*?)^```", re.MULTILINE | re.DOTALL)
API_LIST = re.compile(
    r"^\.\. currentmodule:: ([\w.]+)\n\n"
    r"\.\. autosummary::\n(?:   :.*\n)*\n((?:   \w+\n)+)",
    re.MULTILINE,
)


def public_modules():
    """All modules of the package without an underscore, by name.

    The command line is left out: its help is its documentation.
    """
    found = pkgutil.iter_modules(skdiffuasr.__path__, "skdiffuasr.")
    packages = [module for module in found if module.name != "skdiffuasr.cli"]
    names = [module.name for module in packages]
    for package in packages:
        if package.ispkg:
            path = import_module(package.name).__path__
            inner = pkgutil.iter_modules(path, f"{package.name}.")
            names.extend(module.name for module in inner)
    names = [name for name in names if "._" not in name]
    return {name: import_module(name) for name in ["skdiffuasr", *names]}


EXPORTS = {
    name: module.__all__
    for name, module in public_modules().items()
    if hasattr(module, "__all__")
}
API = (DOCS / "api.md").read_text(encoding="utf-8")
LISTED = [
    (module, name) for module, names in API_LIST.findall(API) for name in names.split()
]


def test_every_line_of_the_api_reference_is_read_here():
    lines = re.findall(r"^   (\w+)$", API, re.MULTILINE)
    assert [name for _, name in LISTED] == lines


@pytest.mark.parametrize(("module", "name"), LISTED)
def test_names_of_the_api_reference_exist(module, name):
    assert getattr(import_module(module), name).__doc__


def test_no_object_is_listed_twice():
    objects = [id(getattr(import_module(module), name)) for module, name in LISTED]
    assert len(objects) == len(set(objects))


@pytest.mark.parametrize("module", EXPORTS)
def test_exported_names_are_in_the_api_reference(module):
    listed = {id(getattr(import_module(module), name)) for module, name in LISTED}
    missing = {
        name
        for name in EXPORTS[module]
        if id(getattr(import_module(module), name)) not in listed
    }
    assert not missing


def headings(page):
    """Anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


@pytest.mark.parametrize("page", SITE, ids=lambda page: str(page.relative_to(DOCS)))
def test_pages_do_not_link_to_the_package_itself(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert "/skdiffuasr/" not in link, link


@pytest.mark.parametrize("page", SITE, ids=lambda page: str(page.relative_to(DOCS)))
def test_cards_and_gallery_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in CARD_LINK.findall(text):
        assert (page.parent / f"{target}.md").exists(), target
    scripts = {path.stem for path in GALLERY}
    assert set(GALLERY_LINK.findall(text)) <= scripts


def toctree_pages(page):
    """Pages that the table of contents of a page leads to, itself included."""
    yield page
    for content in TOCTREE.findall(page.read_text(encoding="utf-8")):
        for entry in content.split("\n\n", 1)[1].split("\n"):
            name = entry.rpartition("<")[2].strip("> ")
            if name and not name.startswith("gallery/"):
                yield from toctree_pages(page.parent / f"{name}.md")


def test_every_page_can_be_reached_from_the_index():
    assert set(toctree_pages(DOCS / "index.md")) == set(SITE)


def test_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\bmake demo\b", readme)
    assert re.search(r"\bmake test\b", readme)


@pytest.mark.slow
@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_gallery_script_runs(script, tmp_path):
    pytest.importorskip("matplotlib")
    finished = subprocess.run(
        [sys.executable, "-W", "error", script],
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    for module in (
        "sphinx",
        "myst_parser",
        "numpydoc",
        "pydata_sphinx_theme",
        "sphinx_copybutton",
        "sphinx_design",
        "sphinx_gallery",
    ):
        pytest.importorskip(module)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    command += ["-D", "plot_gallery=0", "-d", tmp_path / "doctrees"]
    finished = subprocess.run(
        [*command, DOCS, tmp_path / "html"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    html = (tmp_path / "html" / "user_guide" / "augmenter.html").read_text("utf-8")
    assert "generated/skdiffuasr.RandomAugmenter.html" in html
    for module, name in LISTED:
        assert (tmp_path / "html" / "generated" / f"{module}.{name}.html").exists()
