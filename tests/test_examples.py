"""The examples run as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
MAX_BYTES = 100_000

#: What each script needs, what its output must have, and whether warnings are errors.
SCRIPTS = {
    "with_optuna.py": (["optuna"], ["Chosen: ", "Test: ndcg@10 "], True),
    "with_mlflow.py": (
        ["mlflow", "safetensors"],
        ["diffusion ndcg@10 ", "random ndcg@10 ", "The model reads back: "],
        False,  # they are of its database
    ),
    "with_rectools.py": (["rectools"], ["as it is ", "augmented "], False),
}

#: What a notebook is run behind: warnings of this library are errors.
WARNINGS_ARE_ERRORS = """
import warnings
warnings.filterwarnings("error", category=UserWarning, module=r"skdiffuasr\\b")
"""


def test_every_script_is_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name):
    needed, starts, is_strict = SCRIPTS[name]
    for library in needed:
        pytest.importorskip(library)
    finished = subprocess.run(
        [sys.executable, *(["-W", "error"] if is_strict else []), EXAMPLES / name],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    for start in starts:
        assert any(line.startswith(start) for line in lines), finished.stdout


def read(path):
    return pytest.importorskip("nbformat").read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, tmp_path, monkeypatch):
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    nbformat = pytest.importorskip("nbformat")
    notebook = read(path)
    kept = [texts(cell) for cell in notebook.cells]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(WARNINGS_ARE_ERRORS))
    client.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    made = [texts(cell) for cell in notebook.cells[1:]]
    # Other machines may differ in the last digits, not in what is printed where.
    assert [len(outputs) for outputs in made] == [len(outputs) for outputs in kept]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_light_and_have_been_run(path):
    assert path.stat().st_size < MAX_BYTES
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert all(output.output_type != "error" for output in cell.outputs)


def texts(cell):
    """Lines that a cell prints."""
    outputs = cell.get("outputs", [])
    return "".join(output.get("text", "") for output in outputs).splitlines()
