"""The documentation names what exists, and what exists is documented."""

import base64
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import notebook_pages
import pytest
from api_pages import write_pages
from public_names import public_objects

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOT_PAGES = ("_build", "api", "gallery", "generated", "notebooks")
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
NOTEBOOKS = sorted(ROOT.glob("examples/*.ipynb"))

LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")  # not those with a scheme
CARD_LINK = re.compile(r"^:link: (?!gallery/)(\S+)$", re.MULTILINE)
GALLERY_LINK = re.compile(r"\bgallery/(plot_\w+)")
TOCTREE = re.compile(r"^```{toctree}\n(.*?)^```", re.MULTILINE | re.DOTALL)


PUBLIC = public_objects()


def test_names_of_the_api_reference_are_importable():
    for names in PUBLIC.values():
        for full_name, value in names.items():
            module, _, name = full_name.rpartition(".")
            assert getattr(import_module(module), name) is value
            assert value.__doc__, full_name


def test_no_object_is_listed_twice():
    names = [name for objects in PUBLIC.values() for name in objects]
    objects = [id(value) for objects in PUBLIC.values() for value in objects.values()]
    assert len(names) == len(set(names)) == len(set(objects))


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("augmentation", "RandomAugmenter"),
        ("augmentation", "augmentation.base.BaseAugmenter"),
        ("recommenders", "recommenders.neural.BaseNeuralRecommender"),
        ("metrics", "metrics.ndcg_at_k"),
        ("nn", "nn.sasrec.SASRec"),
    ],
)
def test_exports_classes_of_networks_and_base_classes_are_public(room, name):
    assert f"skdiffuasr.{name}" in PUBLIC[f"skdiffuasr.{room}"]


def test_what_a_room_does_not_export_is_internal():
    names = {name.rpartition(".")[2] for room in PUBLIC.values() for name in room}
    assert not names & {"encode_items", "make_betas", "BaseEstimator", "main"}
    assert "skdiffuasr.cli" not in PUBLIC


def test_every_room_has_a_page_that_lists_its_objects(tmp_path):
    gone = [
        tmp_path / "api" / "skdiffuasr.gone.md",
        tmp_path / "generated" / "gone.rst",
    ]
    for path in gone:
        path.parent.mkdir()
        path.touch()
    write_pages(tmp_path)
    assert not any(path.exists() for path in gone)
    pages = {page.stem: page.read_text("utf-8") for page in tmp_path.glob("api/*")}
    assert pages.keys() == PUBLIC.keys()
    for room, page in pages.items():
        listed, module = set(), None
        for line in page.splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            elif re.fullmatch(r" {3}\w+", line):
                listed.add(f"{module}.{line.strip()}")
        assert listed == set(PUBLIC[room])


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
            if name and not name.startswith(("api/", "gallery/", "notebooks/")):
                yield from toctree_pages(page.parent / f"{name}.md")


def test_every_page_can_be_reached_from_the_index():
    assert set(toctree_pages(DOCS / "index.md")) == set(SITE)


@pytest.mark.parametrize("page", SITE, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_page_says_what_to_do_next(page):
    text = TOCTREE.sub("", page.read_text(encoding="utf-8"))
    assert text.strip().split("\n\n")[-1].startswith("Next: ")


@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_every_picture_says_what_to_do_next(script):
    last = script.read_text(encoding="utf-8").rpartition("# %%\n")[2]
    assert last.startswith("# Next: ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_says_what_to_do_next(path):
    last = json.loads(path.read_text(encoding="utf-8"))["cells"][-1]
    assert "".join(last["source"]).split("\n\n")[-1].startswith("Next: ")


def test_notebooks_become_pages_with_their_outputs(tmp_path):
    png = base64.b64encode(b"picture").decode()
    outputs = [
        {"output_type": "stream", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/plain": ["3"]}},
        {"data": {"text/html": "<style>a\nb</style>\n<table>", "text/plain": "frame"}},
        {"data": {"image/png": png, "text/plain": "<Figure>"}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": ["a = 1\n", "a"], "outputs": outputs},
    ]
    (tmp_path / "examples").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "examples" / "mine.ipynb").write_text(json.dumps({"cells": cells}))
    notebook_pages.write_pages(tmp_path / "docs")
    folder = tmp_path / "docs" / "notebooks"
    assert "\nmine\n" in (folder / "index.md").read_text()
    assert (folder / "mine_1.png").read_bytes() == b"picture"
    assert (folder / "mine.md").read_text().split("\n\n") == [
        "# Title\ntext",
        "```python\na = 1\na\n```",
        "```{raw} html\n<table>\n```",
        "![Output of the cell above](mine_1.png)",
        "```{code-block} text\n:class: printed",
        "one\ntwo\n3\n```",
        "{download}`mine.ipynb <../../examples/mine.ipynb>`\n",
    ]


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
    for full_name in (name for room in PUBLIC.values() for name in room):
        assert (tmp_path / "html" / "generated" / f"{full_name}.html").exists()
