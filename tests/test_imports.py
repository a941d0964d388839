"""What the package imports: no extras, and only downwards."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skdiffuasr

PACKAGE = Path(skdiffuasr.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}
EXTRAS = (
    "dask",
    "diffusers",
    "distributed",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pandas",
    "polars",
    "pyarrow",
    "pytest",
    "rich",
    "safetensors",
    "skops",
)
FLOORS = {
    "_estimator_class": 0,
    "_extras": 0,
    "_files": 0,
    "_fitted": 0,
    "_fork": 0,
    "_markdown": 0,
    "_progress": 0,
    "_progress_bars": 0,
    "_progress_lines": 0,
    "_sklearn_bases": 0,
    "_sklearn_compat": 0,
    "_typing": 0,
    "_wording": 0,
    "sequences": 0,
    "datasets": 1,
    "metrics": 1,
    "model_selection": 1,
    "nn": 1,
    "training": 2,
    "augmentation": 3,
    "recommenders": 3,
    "__main__": 4,
    "cli": 4,
    "persistence": 4,
    "plotting": 4,
    "study": 4,
    "utils": 4,
    "": 4,  # the package itself
}

IMPORT_WITHOUT_EXTRAS = f"""
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(name + " is blocked", name=name)

sys.meta_path.insert(0, Blocker())
for name in {sorted(name for name in MODULES if not name.endswith("__main__"))!r}:
    importlib.import_module(name)

X = [["a", "b"], ["b", "a"]] * 2
skdiffuasr = sys.modules["skdiffuasr"]
assert skdiffuasr.MarkovRecommender().fit(X).predict([["a"]]) == ["b"]
"""

IMPORT_LIGHTLY = """
import sys
import skdiffuasr
from skdiffuasr.cli import main
try:
    main(["--help"])
except SystemExit as done:
    assert done.code == 0
heavy = {"numpy", "sklearn", "scipy", "torch", "pandas", "pyarrow"} & set(sys.modules)
assert not heavy, heavy

assert "SASRecEstimator" in dir(skdiffuasr)
assert skdiffuasr.recommenders.SASRecEstimator is skdiffuasr.SASRecEstimator
assert skdiffuasr.sequences.Sequences is skdiffuasr.Sequences
"""

IMPORT_ALONE = f"""
import sys
import importlib.util
import sklearn, scipy.sparse, torch
if importlib.util.find_spec("sklearn.callback"):
    import sklearn.callback  # it imports rich where it is installed
before = set(sys.modules)
import skdiffuasr
imported = {{name.partition(".")[0] for name in set(sys.modules) - before}}
assert not imported & set({EXTRAS!r}), imported
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_module_imports_without_extras():
    run(IMPORT_WITHOUT_EXTRAS)


def test_import_and_help_need_no_heavy_library():
    run(IMPORT_LIGHTLY)


@pytest.mark.parametrize("name", skdiffuasr.__all__)
def test_public_names_can_be_imported(name):
    assert getattr(skdiffuasr, name).__name__ == name


def test_the_top_exports_what_the_rooms_of_estimators_export():
    rooms = {*skdiffuasr.augmentation.__all__, *skdiffuasr.recommenders.__all__}
    assert set(skdiffuasr.__all__) == {*rooms, "Sequences", "check_sequences"}
    names = {}
    exec("from skdiffuasr import *", names)
    assert names.keys() >= set(skdiffuasr.__all__)
    assert not hasattr(skdiffuasr, "Role")
    assert not hasattr(skdiffuasr, "__wrapped__")


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'SASRec'"):
        skdiffuasr.SASRec  # noqa: B018


def test_import_pulls_in_no_extra():
    run(IMPORT_ALONE)


def imported_modules(path):
    """Full names of what a file imports, down to the modules of this package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def room(module):
    """The first part of a module's name below the package."""
    return module.partition(".")[2].partition(".")[0]


def own_imports(name):
    imports = imported_modules(MODULES[name])
    return {module for module in imports if module.partition(".")[0] == "skdiffuasr"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_arrows_point_down(name):
    for imported in own_imports(name):
        assert FLOORS[room(imported)] <= FLOORS[room(name)], imported


@pytest.mark.parametrize("name", sorted(MODULES))
def test_rooms_of_one_floor_do_not_know_each_other(name):
    if FLOORS[room(name)] in (1, 2, 3):
        same_floor = {
            room(imported)
            for imported in own_imports(name)
            if FLOORS[room(imported)] == FLOORS[room(name)]
        }
        assert same_floor <= {room(name)}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_networks_know_no_scikit_learn(name):
    if room(name) == "nn":
        assert not {
            imported
            for imported in imported_modules(MODULES[name])
            if imported.partition(".")[0] == "sklearn"
        }


def test_imports_have_no_cycle():
    graph = {name: own_imports(name) - {name} for name in MODULES}
    while graph:
        leaves = {name for name, imports in graph.items() if not imports & set(graph)}
        assert leaves, f"these import each other: {sorted(graph)}"
        graph = {name: graph[name] for name in set(graph) - leaves}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_private_scikit_learn_is_imported_in_one_place(name):
    if room(name) != "_sklearn_compat":
        for imported in imported_modules(MODULES[name]):
            parts = imported.split(".")
            assert parts[0] != "sklearn" or not any(p[0] == "_" for p in parts)
