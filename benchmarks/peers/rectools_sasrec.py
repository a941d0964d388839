"""Train SASRec with RecTools on a log and time it.

    python benchmarks/peers/rectools_sasrec.py LOG --top-10 FILE.npy --out FILE.json

Runs in an environment made from ``requirements-rectools.txt``. The last item of every
user is held out. RecTools makes one row per user, trains on all positions of a row at
once and draws negatives from the whole catalogue.
"""

import argparse
import json
import logging
import resource
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

LOSSES = {"bce": "BCE", "ce": "softmax"}
SETTINGS = {  # our name: RecTools' name, default
    "epochs": ("epochs", 2),
    "batch-size": ("batch_size", 128),
    "embedding-dim": ("n_factors", 64),
    "max-length": ("session_max_len", 50),
    "n-layers": ("n_blocks", 2),
    "n-heads": ("n_heads", 1),
    "dropout": ("dropout_rate", 0.5),
    "learning-rate": ("lr", 1e-3),
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


def read_training_log(path):
    """Return users and items, ordered by user, without each user's last item."""
    users, items = np.loadtxt(path, dtype=np.int64).T
    long_enough = np.bincount(users)[users] > 2  # RecBole tests no others
    users, items = users[long_enough], items[long_enough]
    order = np.argsort(users, kind="stable")
    users, items = users[order], items[order]
    followed = np.append(users[1:] == users[:-1], False)
    return users[followed], items[followed]


class EpochClock(Callback):
    """Seconds of each epoch on the wall clock, and when the first one started."""

    def __init__(self):
        self.began = []
        self.seconds = []

    def on_train_epoch_start(self, trainer, module):
        self.began.append(time.perf_counter())

    def on_train_epoch_end(self, trainer, module):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds.append(time.perf_counter() - self.began[-1])
        print(f"epoch {len(self.seconds)}: {self.seconds[-1]:.1f} s", flush=True)


def make_trainer(epochs, device):
    return Trainer(
        max_epochs=epochs,
        min_epochs=epochs,
        accelerator=device,
        devices=1,
        callbacks=[EpochClock()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def build_model(arguments):
    return SASRecModel(
        loss=LOSSES[arguments.loss],
        n_negatives=1,
        get_trainer_func=make_trainer,
        get_trainer_func_kwargs={
            "epochs": arguments.epochs,
            "device": arguments.device,
        },
        recommend_torch_device=arguments.device,
        **{theirs: getattr(arguments, theirs) for theirs, _ in SETTINGS.values()},
    )


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    seed_everything(0)

    started = time.perf_counter()
    users, items = read_training_log(arguments.log)
    columns = (users, items, np.ones(len(users)), np.arange(len(users)))
    frame = pd.DataFrame(dict(zip(Columns.Interactions, columns, strict=True)))
    dataset = Dataset.construct(frame)
    model = build_model(arguments).fit(dataset)
    # RecTools trains with a copy of the trainer and hence of its callbacks
    clock = next(c for c in model.fit_trainer.callbacks if isinstance(c, EpochClock))

    recommended_at = time.perf_counter()
    top = model.recommend(np.unique(users), dataset, k=10, filter_viewed=True)
    seconds_top_10 = time.perf_counter() - recommended_at
    top = top.sort_values([Columns.User, Columns.Rank])
    np.save(arguments.top_10, top[Columns.Item].to_numpy(np.int64).reshape(-1, 10))

    report = {
        "library": "rectools",
        "version": version("rectools"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "loss": arguments.loss,
        "batch_size": arguments.batch_size,
        "rows_per_epoch": len(model.data_preparator.get_dataloader_train().dataset),
        "seconds_prepare": clock.began[0] - started,
        "seconds_epoch": clock.seconds,
        "seconds_top_10": seconds_top_10,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
