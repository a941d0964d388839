"""The examples of CONTRIBUTING.md work as they are written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", GUIDE, re.DOTALL))

#: What follows from a file and an export, asked in a process of its own.
CHECK = """
import sys
import skdiffuasr
from benchmarks.recommenders import BACKBONES
from public_names import public_objects
from skdiffuasr.cli import main

assert skdiffuasr.__file__.startswith(sys.argv[1]), skdiffuasr.__file__
assert {"FirstItemsAugmenter", "ConvolutionEstimator"} <= set(skdiffuasr.__all__)
public = {name for room in public_objects().values() for name in room}
assert "skdiffuasr.FirstItemsAugmenter" in public
assert "skdiffuasr.ConvolutionEstimator" in public
assert "skdiffuasr.nn.convolution.Convolution" in public
assert "Convolution, ce" in BACKBONES

with open("log.csv", "w") as log:
    for user in range(30):
        log.writelines(f"{user},{(user + k) % 9}\\n" for k in range(5))
fast = ["--n-pseudo-items=2", "--max-epochs=1", "--device=cpu"]
both = ["--augmenter=first-items", "--recommender=convolution"]
assert main(["fit", "log.csv", "-o", "model", *both, *fast]) == 0
assert main(["recommend", "model", "log.csv", "-o", "best.csv", "-k2"]) == 0
both = ["--augmenters=first-items", "--recommenders=convolution", "--seeds=1"]
assert main(["study", "log.csv", *both, *fast, "--n-negatives=0", "-o", "study"]) == 0
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Copy the repository, with the files of the guide and their exports."""
    tree = tmp_path_factory.mktemp("contribution")
    for folder in ("skdiffuasr", "benchmarks", "tests", "docs/_ext"):
        ignored = shutil.ignore_patterns("__pycache__", ".peers")
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    for name, text in EXAMPLES.items():
        (tree / name).write_text(text, encoding="utf-8")
    for name in ("augmentation/first_items", "recommenders/convolution"):
        (exported,) = re.findall(
            r"^class (\w+)", EXAMPLES[f"skdiffuasr/{name}.py"], re.M
        )
        init = tree / "skdiffuasr" / Path(name).with_name("__init__.py")
        line = f"from skdiffuasr.{name.replace('/', '.')} import {exported}\n"
        text = init.read_text(encoding="utf-8").replace("\nfrom ", f"\n{line}from ", 1)
        text = text.replace("__all__ = [", f'__all__ = [\n    "{exported}",')
        init.write_text(text, encoding="utf-8")
    return tree


def run(tree, *command):
    paths = os.pathsep.join([str(tree), str(tree / "docs" / "_ext")])
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_guide_has_an_augmenter_and_a_recommender_of_two_files():
    assert list(EXAMPLES) == [
        "skdiffuasr/augmentation/first_items.py",
        "skdiffuasr/nn/convolution.py",
        "skdiffuasr/recommenders/convolution.py",
    ]


def test_a_file_and_an_export_are_enough(tree):
    run(tree, "-W", "error", "-c", CHECK, str(tree))


def test_the_examples_pass_the_common_checks(tree):
    chosen = (
        "first-items or FirstItems or convolution or Convolution or every_estimator"
    )
    checks = ["-p", "no:cacheprovider", "tests/test_common.py", "-k", chosen]
    output = run(tree, "-m", "pytest", "-q", *checks)
    n_passed = int(re.search(r"(\d+) passed", output)[1])
    assert n_passed > 100
