"""Settings of a recommender, compared on the validation items of real logs.

    python -m benchmarks.defaults LOG --out FILE [--recommender NAME] [--seeds N]
                                  [--set SETTING ...] [--attributes FILE]

Each SETTING is a list of parameters, such as ``embedding_dim=128,ema_decay=0.998``; the
word ``default`` stands for none. The split is leave-last-out: the last item of every
history is the test, the one before it decides when to stop and which setting to take.
Seen items are out of the ranking unless a history of the log has repeats.

``--attributes`` names a JSON file of item id to attributes, which become the
recommender's `item_attributes`. FILE gets one JSON line a training run, which the same
command does not repeat.
"""

import argparse
import json
import time
from ast import literal_eval
from pathlib import Path

from skdiffuasr.cli.side_information import read_attributes
from skdiffuasr.datasets import read_interactions
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.study.protocol import leave_last_out_data
from skdiffuasr.utils import all_estimators

METRICS = ("ndcg@10", "hr@10")


def parameters(setting):
    """Return the parameters that a setting names."""
    pairs = (pair.split("=") for pair in setting.split(",") if setting != "default")
    return {name: _value(text) for name, text in pairs}


def _value(text):
    try:
        return literal_eval(text)
    except ValueError:
        return text


def measure(recommender, data):
    """Train on the training items, stop by the validation items, and test."""
    started = time.perf_counter()
    recommender.fit(data.X_train, X_val=data.X_val, y_val=data.y_val)
    seconds = time.perf_counter() - started
    score = NextItemScorer(metrics=METRICS, filter_seen=not data.has_repeats)
    return {
        "validation": max(recommender.validation_scores_),
        **score(recommender, data.X_test, data.y_test),
        "best_epoch": recommender.best_epoch_,
        "epochs": recommender.n_iter_,
        "seconds": round(seconds, 1),
    }


def done(path):
    """Return the runs that a file has."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    return [{"attributes": None, **json.loads(line)} for line in lines]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    recommenders = dict(all_estimators("recommender"))
    parser.add_argument("log", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--recommender", choices=sorted(recommenders), default="SASRecEstimator"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=["default"], metavar="SETTING")
    parser.add_argument("--attributes", type=Path, metavar="FILE")
    options = parser.parse_args()
    data = leave_last_out_data(read_interactions(options.log))
    attributes = None
    if options.attributes is not None:
        attributes = read_attributes(options.attributes, are_integers=True)
    for seed in options.seeds:
        for setting in options.set:
            name = {
                "log": options.log.name,
                "recommender": options.recommender,
                "setting": setting,
                "seed": seed,
                "attributes": attributes and options.attributes.name,
            }
            if any(name.items() <= run.items() for run in done(options.out)):
                continue
            recommender = recommenders[options.recommender](
                random_state=seed,
                **{
                    "validation_filter_seen": not data.has_repeats,
                    "max_length": 50,
                    "patience": 5,
                    "item_attributes": attributes,
                    **parameters(setting),
                },
            )
            run = {**name, **measure(recommender, data)}
            with options.out.open("a") as file:
                file.write(json.dumps(run) + "\n")
            print(run, flush=True)


if __name__ == "__main__":
    main()
