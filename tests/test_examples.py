"""The examples run as they are, without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

# A pattern for each line that the output must have, in this order.
TABLES = {
    "quickstart.py": [
        "model ",
        "popularity ",
        "Markov chain ",
        "SASRec ",
        "diffusion + SASRec ",
        "users ",
        "all ",
        "<=5 items ",
        "6-20 items ",
        ">20 items ",
    ],
    "grid_search.py": [
        "  M  gamma ",
        "  3    0.0 ",
        "  5    0.0 ",
        "  3    1.0 ",
        "  5    1.0 ",
        "  3    3.0 ",
        "  5    3.0 ",
        "Chosen: M=",
        "Test NDCG@10 ",
    ],
}


def test_every_example_is_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_example(name):
    finished = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    starts = [
        next((start for start in TABLES[name] if line.startswith(start)), None)
        for line in finished.stdout.splitlines()
    ]
    assert [start for start in starts if start is not None] == TABLES[name]
