"""Train SASRec with RecBole on a log and time it.

    python benchmarks/peers/recbole_sasrec.py LOG --top-10 FILE.npy --out FILE.json

Runs in an environment made from ``requirements-recbole.txt``. The last item of a user
is held out. RecBole makes a row per prefix of a history; its sampled loss is BPR.
"""

import argparse
import contextlib
import json
import logging
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer
from recbole.utils import init_seed

LOSSES = {"bce": "BPR", "ce": "CE"}
SETTINGS = {  # our name: RecBole's name, default
    "epochs": ("epochs", 2),
    "batch-size": ("train_batch_size", 128),
    "embedding-dim": ("hidden_size", 64),
    "max-length": ("MAX_ITEM_LIST_LENGTH", 50),
    "n-layers": ("n_layers", 2),
    "n-heads": ("n_heads", 1),
    "dropout": ("hidden_dropout_prob", 0.5),
    "learning-rate": ("learning_rate", 1e-3),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path, metavar="LOG")
    parser.add_argument("--loss", choices=LOSSES, default="ce")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--top-10", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    for our, (theirs, value) in SETTINGS.items():
        parser.add_argument(f"--{our}", dest=theirs, type=type(value), default=value)
    return parser.parse_args()


def build_config(arguments):
    settings = {theirs: getattr(arguments, theirs) for theirs, _ in SETTINGS.values()}
    settings |= {
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"LS": "test_only"}, "order": "TO", "mode": "full"},
        "eval_batch_size": 512,
        "inner_size": 4 * arguments.hidden_size,
        "attn_dropout_prob": arguments.hidden_dropout_prob,
        "loss_type": LOSSES[arguments.loss],
        "gpu_id": "0" if arguments.device == "cuda" else "",
    }
    if arguments.loss == "ce":
        settings["train_neg_sample_args"] = None
    del sys.argv[1:]  # RecBole would read settings from it
    return Config(model="SASRec", dataset="log", config_dict=settings)


def build_dataset(rows, config):
    """Pass the log through RecBole's input file; the row number is the time."""
    rows = np.column_stack([rows, np.arange(len(rows))])
    header = "user_id:token\titem_id:token\ttimestamp:float"
    Path("dataset/log").mkdir(parents=True)
    np.savetxt("dataset/log/log.inter", rows, "%d", "\t", header=header, comments="")
    return create_dataset(config)


class TimedTrainer(Trainer):
    """RecBole's trainer, noting when each epoch started and how long it took."""

    began, seconds = [], []

    def _train_epoch(self, *args, **kwargs):
        self.began.append(time.perf_counter())
        loss = super()._train_epoch(*args, **kwargs)
        self.seconds.append(time.perf_counter() - self.began[-1])
        print(f"epoch {len(self.seconds)}: {self.seconds[-1]:.1f} s", flush=True)
        return loss


@torch.no_grad()
def recommend(model, train_data, test_data):
    """Return `test_data`'s users and their ten best unseen items, as RecBole's ids."""
    model.eval()
    seen = train_data.dataset.inter_matrix("csr")
    users, top = [], []
    for interaction, *_ in test_data:
        scores = model.full_sort_predict(interaction.to(model.device))
        users.append(interaction["user_id"].numpy())
        scores[seen[users[-1]].nonzero()] = -torch.inf
        scores[:, 0] = -torch.inf  # padding
        top.append(scores.topk(10).indices.cpu().numpy())
    return np.concatenate(users), np.concatenate(top)


def main():
    arguments = parse_arguments()
    logging.captureWarnings(True)
    logging.disable(logging.WARNING)
    started = time.perf_counter()
    rows = np.loadtxt(arguments.log, dtype=np.int64)
    rows = rows[np.bincount(rows[:, 0])[rows[:, 0]] > 2]  # RecBole tests no others
    # RecBole reads and writes below the current folder
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        config = build_config(arguments)
        init_seed(config["seed"], reproducibility=False)
        dataset = build_dataset(rows, config)
        train_data, _, test_data = data_preparation(config, dataset)
        model = SASRec(config, train_data.dataset).to(config["device"])
        TimedTrainer(config, model).fit(train_data, verbose=False, saved=False)

    recommended_at = time.perf_counter()
    users, top = recommend(model, train_data, test_data)
    seconds_top_10 = time.perf_counter() - recommended_at
    users = dataset.id2token("user_id", users).astype(np.int64)
    top = dataset.id2token("item_id", top).astype(np.int64)
    np.save(arguments.top_10, top[np.argsort(users)])

    report = {
        "library": "recbole",
        "version": version("recbole"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "loss": arguments.loss,
        "batch_size": arguments.train_batch_size,
        "rows_per_epoch": len(train_data.dataset),
        "seconds_prepare": TimedTrainer.began[0] - started,
        "seconds_epoch": TimedTrainer.seconds,
        "seconds_top_10": seconds_top_10,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if arguments.loss == "bce":
        report["loss_note"] = "BPR with one negative: RecBole's SASRec has no BCE"
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
