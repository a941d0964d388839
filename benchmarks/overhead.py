"""Part: the wait before any work is done."""

import subprocess
import sys
from statistics import median

import numpy as np

from benchmarks.logs import histories
from benchmarks.measuring import Case, peak_memory, seconds_of
from benchmarks.rows import row
from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator

IMPORTED = ("skdiffuasr", "torch", "sklearn")
N_IMPORTS = 5


def cases(settings):
    """Return imports, then fits on next to nothing."""
    n_imports = 1 if settings.quick else N_IMPORTS
    return [
        Case("overhead", "import", {"what": "import", "n_repetitions": n_imports}, 30),
        Case("overhead", "fit", {"what": "fit", "device": settings.device}, 8),
    ]


def run(what, device="cpu", n_repetitions=N_IMPORTS):
    """Time imports in fresh processes, or fits of one epoch on 50 histories."""
    if what == "import":
        return [import_row(name, n_repetitions) for name in IMPORTED]
    X = histories(50, 100, length=12)
    parameters = {"max_epochs": 1, "device": device, "random_state": 0}
    table = np.random.default_rng(0).normal(size=(len(np.unique(X.values)), 16))
    models = {
        "augmenter": DiffusionSequenceAugmenter(**parameters),
        "augmenter, embeddings given": DiffusionSequenceAugmenter(
            item_embeddings=table, **parameters
        ),
        "SASRec": SASRecEstimator(**parameters),
    }
    return [fit_row(name, model, X, device) for name, model in models.items()]


def import_row(name, n_repetitions):
    """Time ``import name`` in a fresh process, including the interpreter's start."""
    command = [sys.executable, "-c", f"import {name}"]
    seconds = [
        seconds_of(lambda: subprocess.run(command, check=True))
        for _ in range(n_repetitions)
    ]
    return {"measured": f"import {name}", "seconds": median(seconds)}


def fit_row(name, model, X, device):
    """Time the first fit in a process and the next ones."""
    first = seconds_of(lambda: model.fit(X), device)
    with peak_memory(device) as peak:
        seconds = median(seconds_of(lambda: model.fit(X), device) for _ in range(5))
    return row(
        f"fit {name}", len(X), "histories", seconds, peak, seconds_first_fit=first
    )
