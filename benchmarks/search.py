"""Part: a grid search over the guidance scale against its training runs alone."""

import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

from benchmarks.logs import whole_log
from benchmarks.measuring import Case, peak_memory, seconds_of
from benchmarks.rows import row
from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.model_selection import leave_last_out

GUIDANCE_SCALES = (0.0, 1.0, 2.0)
GRID = {"aug__guidance_scale": list(GUIDANCE_SCALES)}
GRID_WITH_M = {"aug__guidance_scale": [0.0, 1.0], "aug__n_pseudo_items": [5, 10]}
N_FOLDS = 3


def cases(settings):
    """Return the cost of a serial search, and its speed-up with two processes."""
    sizes = {"n_users": 3000, "n_pseudo_items": 5, "max_epochs": 10}
    if settings.quick:
        sizes = {"n_users": 100, "n_pseudo_items": 2, "max_epochs": 1}
    common = {"path": settings.log, "device": settings.device, **sizes}
    kinds = ["cost"]
    if not settings.quick:
        kinds += ["two processes", "two processes, over M too"]
        kinds += ["two processes, over M too, no refit"]
    return [
        Case("search", kind, {"kind": kind, **common}, 15 if settings.quick else 120)
        for kind in kinds
    ]


def run(kind, n_users, n_pseudo_items, max_epochs, path=None, device="cpu"):
    """Fit the search on some users of the log."""
    X, y, _, _ = leave_last_out(whole_log(path)[:n_users], short="drop")
    common = {"max_epochs": max_epochs, "device": device, "random_state": 0}
    augmenter = DiffusionSequenceAugmenter(n_pseudo_items, **common)
    recommender = SASRecEstimator(max_length=50, early_stopping=False, **common)
    if kind == "cost":
        return cost_rows(augmenter, recommender, X, y)
    grid = GRID_WITH_M if "M" in kind else GRID
    options = {"parameters": grid, "refit": "no refit" not in kind}
    return parallel_rows(augmenter, recommender, X, y, options)


def search(augmenter, recommender, X, y, *, parameters=GRID, refit=True, n_jobs=1):
    """Fit a search with an empty cache; return its row."""
    with tempfile.TemporaryDirectory() as folder, peak_memory() as peak:
        pipeline = Pipeline(
            [("aug", clone(augmenter).set_params(memory=folder)), ("rec", recommender)]
        )
        grid = GridSearchCV(
            pipeline,
            parameters,
            cv=KFold(N_FOLDS),
            refit=refit,
            n_jobs=n_jobs,
            error_score="raise",
        )
        seconds = seconds_of(lambda: grid.fit(X, y))
    name = "search" if n_jobs == 1 else f"search, n_jobs={n_jobs}"
    return row(name, len(X), "users", seconds, peak)


def cost_rows(augmenter, recommender, X, y):
    """Time the search, and its 4 diffusion and 10 recommender fits without it."""
    stopwatch = Stopwatch()
    fit_steps(stopwatch, augmenter, recommender, X, y)  # of the refit; and a warm-up
    total = search(augmenter, recommender, X, y)
    stopwatch = Stopwatch()
    for train, test in KFold(N_FOLDS).split(X):
        fit_steps(
            stopwatch, augmenter, recommender, X[train], y[train], X[test], y[test]
        )
    fit_steps(stopwatch, augmenter, recommender, X, y)
    parts = dict(stopwatch.seconds)
    fits = parts["diffusion fits"] + parts["recommender fits"]
    total |= {
        "parts": parts,
        "ratio_to_fits": total["seconds"] / fits,
        "ratio_to_all_parts": total["seconds"] / sum(parts.values()),
    }
    rows = [{"measured": name, "seconds": value} for name, value in parts.items()]
    return [total, *rows]


def fit_steps(stopwatch, augmenter, recommender, X, y, X_test=None, y_test=None):
    """Do the work of a search on one fold, or of the refit, step by step."""
    with stopwatch("diffusion fits"):
        augmenter = clone(augmenter).fit(X)
    scales = GUIDANCE_SCALES if X_test is not None else GUIDANCE_SCALES[:1]
    for scale in scales:
        augmenter.set_params(guidance_scale=scale)
        with stopwatch("augmentation of training data"):
            X_augmented = augmenter.transform(X)
        with stopwatch("recommender fits"):
            recommender = clone(recommender).fit(X_augmented, y)
        if X_test is not None:
            with stopwatch("augmentation of test data"):
                X_test_augmented = augmenter.transform(X_test)
            with stopwatch("scores"):
                recommender.score(X_test_augmented, y_test)


def parallel_rows(augmenter, recommender, X, y, options):
    """Time the same search in one process and in two.

    Over the guidance scale alone, two processes share three training runs of the
    diffusion, one per fold; over M as well there are six. The refit, a training run on
    all rows, uses one process in any case.
    """
    serial = search(augmenter, recommender, X, y, **options)
    parallel = search(augmenter, recommender, X, y, n_jobs=2, **options)
    parallel["ratio_to_serial"] = parallel["seconds"] / serial["seconds"]
    return [serial, parallel]


class Stopwatch:
    """Seconds by name, summed over blocks."""

    def __init__(self):
        self.seconds = defaultdict(float)

    @contextmanager
    def __call__(self, name):
        """Time a block."""
        started = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - started
