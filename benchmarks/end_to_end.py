"""The main job on a real log, part by part.

    python benchmarks/end_to_end.py LOG NAME PART

PART is one of

- ``baseline``: baselines and SASRec without augmentation, leave-last-out, full ranking;
- ``augmentation``: time and memory of augmenting every user with ten items;
- ``nearness``: pseudo items compared with the hidden first items of long histories;
- ``choices``: the same for the choices behind the augmenter's defaults;
- ``search``: a grid search over the number of pseudo items and the guidance scale,
  then the best pipeline against plain SASRec on the test items.

Every part adds its figures to ``benchmarks/results/NAME.json`` at its end. LOG is a
file that `skdiffuasr.datasets.read_interactions` can read. Run one part at a time.
"""

import argparse
import json
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import (
    DiffusionSequenceAugmenter,
    MarkovRecommender,
    PopularityRecommender,
    SASRecEstimator,
)
from skdiffuasr.augmentation.diffusion import (
    ClassifierGuidance,
    CooccurrenceEmbeddings,
    DenoiserTraining,
)
from skdiffuasr.augmentation.item_embeddings import cooccurrence_embeddings
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer, length_groups, paired_bootstrap
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.study.quality import nearness_to_hidden, set_aside

METRICS = ("ndcg@10", "hr@10", "mrr")
RESULTS = Path(__file__).parent / "results"


def sasrec(**parameters):
    return SASRecEstimator(max_length=50, random_state=0, verbose=1, **parameters)


def augmenter(n_pseudo_items=10, **parameters):
    return DiffusionSequenceAugmenter(
        n_pseudo_items, random_state=0, verbose=1, **parameters
    )


def peak_memory():
    """Return the largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def baseline(X):
    X_train, _, X_test, y_test = leave_last_out(X, short="drop")
    figures = {}
    for model in (PopularityRecommender(), MarkovRecommender(), sasrec()):
        started = time.perf_counter()
        model.fit(X_train)
        seconds = time.perf_counter() - started
        figures[type(model).__name__] = {
            "seconds_fit": seconds,
            "epochs": getattr(model, "n_iter_", None),
            "test": NextItemScorer(METRICS)(model, X_test, y_test),
            "test_filter_seen": NextItemScorer(METRICS, filter_seen=True)(
                model, X_test, y_test
            ),
        }
    figures["SASRecEstimator"]["seconds_per_epoch"] = seconds / model.n_iter_
    started = time.perf_counter()
    model.recommend(X_test)
    figures["SASRecEstimator"]["seconds_top_10"] = time.perf_counter() - started
    return figures


def augmentation(X):
    figures = {}
    for embedding_dim in (64, 16):
        embeddings = CooccurrenceEmbeddings(embedding_dim=embedding_dim)
        model = augmenter(item_embeddings=embeddings, max_epochs=1).fit(X)
        before = peak_memory()
        started = time.perf_counter()
        model.transform(X)
        figures[f"embedding_dim={embedding_dim}"] = {
            "users": len(X),
            "seconds": time.perf_counter() - started,
            "peak_memory_mib": peak_memory(),
            "peak_memory_before_mib": before,
        }
    return figures


def nearness(X):
    others, visible, hidden = set_aside(X, 10)
    model = augmenter(10, max_epochs=20).fit(others)
    figures = {"rows": len(visible), "epochs": model.n_iter_}
    for scale in (0.0, 1.0, 3.0):
        model.set_params(guidance_scale=scale)
        figures[f"guidance_scale={scale}"] = nearness_to_hidden(model, visible, hidden)
    return figures


def choices(X):
    others, visible, hidden = set_aside(X, 5)
    recommender = FrozenEstimator(sasrec(patience=5).fit(others))
    variants = {
        "default": {},
        "embedding_dim=64": {
            "item_embeddings": CooccurrenceEmbeddings(embedding_dim=64)
        },
        "pairs=heads": {"training": DenoiserTraining(pairs="heads")},
        "item_embeddings=learned": {"item_embeddings": "learned"},
        "item_embeddings=SASRec": {"item_embeddings": recommender},
    }
    for read in ("x0", "noisy"):
        guidance = ClassifierGuidance(classifier_input=read)
        variants[f"classifier on {read}"] = {"guidance": guidance}
        variants[f"SASRec as classifier on {read}"] = {
            "guidance": ClassifierGuidance(
                classifier=recommender, classifier_input=read
            ),
            "item_embeddings": recommender,
        }
    item_ids = np.unique(others.values)
    space = cooccurrence_embeddings(
        encode_sequences(X, item_ids), len(item_ids), 64, random_state=0
    )
    figures = {}
    with tempfile.TemporaryDirectory() as memory:
        for name, parameters in variants.items():
            started = time.perf_counter()
            model = augmenter(5, max_epochs=10, memory=memory, **parameters).fit(others)
            seconds = time.perf_counter() - started
            for scale in (1.0, 4.0):
                model.set_params(guidance_scale=scale)
                quality = nearness_to_hidden(model, visible, hidden, space)
                figures[f"{name}, guidance_scale={scale}"] = {
                    "seconds_fit": seconds,
                    **quality["diffusion"],
                }
        figures["by popularity"] = quality["by popularity"]
        figures["uniform"] = quality["uniform"]
    return figures


def search(X):
    X_train, y_valid, X_test, y_test = leave_last_out(X, short="drop")
    with tempfile.TemporaryDirectory() as folder:
        grid = GridSearchCV(
            Pipeline(
                [
                    ("aug", augmenter(memory=folder, max_epochs=20)),
                    ("rec", sasrec(max_epochs=20, patience=5)),
                ]
            ),
            {"aug__n_pseudo_items": [5, 10], "aug__guidance_scale": [0.0, 2.0]},
            scoring=NextItemScorer(METRICS),
            refit="ndcg@10",
            cv=LeaveLastOut(),
            verbose=3,
        )
        started = time.perf_counter()
        grid.fit(X_train, y_valid)
        seconds = time.perf_counter() - started
    keys = ("params", "mean_fit_time", "mean_score_time", "mean_test_ndcg@10")
    candidates = zip(*(grid.cv_results_[key] for key in keys), strict=True)
    plain = sasrec(max_epochs=20, patience=5).fit(X_train)
    scorer = NextItemScorer(METRICS)
    with_aug = scorer.per_user(grid, X_test, y_test)
    without = scorer.per_user(plain, X_test, y_test)
    groups = length_groups(X_train.lengths)
    users = {"all": np.ones(len(X_train), dtype=bool)}
    for code, name in enumerate(groups.names):
        users[name] = groups.codes == code
    return {
        "seconds": seconds,
        "candidates": [dict(zip(keys, row, strict=True)) for row in candidates],
        "plain_validation": scorer(plain, X_train, y_valid),
        "best_params": grid.best_params_,
        "test": {
            group: {
                metric: {
                    "users": int(rows.sum()),
                    "without": without[metric][rows].mean(),
                    "with": with_aug[metric][rows].mean(),
                    **paired_bootstrap(
                        with_aug[metric][rows], without[metric][rows], random_state=0
                    )._asdict(),
                }
                for metric in METRICS
            }
            for group, rows in users.items()
        },
    }


PARTS = {
    part.__name__: part for part in (baseline, augmentation, nearness, choices, search)
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("name")
    parser.add_argument("part", choices=PARTS)
    options = parser.parse_args()
    figures = PARTS[options.part](read_interactions(options.log).to_sequences())
    figures["machine"] = {
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    path = RESULTS / f"{options.name}.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    results[options.part] = figures
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=2, default=float) + "\n")
    print(json.dumps(figures, indent=2, default=float))


if __name__ == "__main__":
    main()
