"""Part: SASRec of other libraries, each in its own virtual environment.

The scripts and their requirements are in ``benchmarks/peers``; their environments go
into ``benchmarks/.peers``. All train on the same log without each user's last item and
are judged by its rank in their top-10.
"""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.epochs import EpochClock
from benchmarks.logs import histories, whole_log
from benchmarks.measuring import ROOT, Case, peak_memory, seconds_of
from skdiffuasr import SASRecEstimator
from skdiffuasr.sequences.vocabulary import encode_sequences

OURS = "skdiffuasr"
SCRIPTS = ROOT / "benchmarks" / "peers"
ENVIRONMENTS = ROOT / "benchmarks" / ".peers"
LOSSES = ("bce", "ce")
N_EPOCHS = 2
SIZES = {
    "embedding_dim": 64,
    "n_layers": 2,
    "n_heads": 1,
    "dropout": 0.5,
    "max_length": 50,
    "batch_size": 128,
    "learning_rate": 1e-3,
}


def cases(settings):
    """Return our case and every peer's, for each loss."""
    names = sorted(path.stem for path in SCRIPTS.glob("*_sasrec.py"))
    libraries = [OURS, *(name.removesuffix("_sasrec") for name in names)]
    parameters = {
        "n_users": 200 if settings.quick else None,
        "n_epochs": 2 if settings.quick else N_EPOCHS,
        "path": settings.log,
        "device": settings.device,
    }
    return [
        Case(
            "peer_runs",
            f"{library}, {loss}",
            {"library": library, "loss": loss, **parameters},
            60 if library == OURS else 300,
        )
        for loss in LOSSES
        for library in libraries
    ]


def run(library, loss, n_users, n_epochs, path=None, device="cpu"):
    """Train one library's SASRec and look for the held-out items in its top-10."""
    X = numbered(histories(n_users, n_users) if n_users else whole_log(path))
    run_library = run_ours if library == OURS else partial(run_peer, library)
    figures, top_10 = run_library(X, loss, n_epochs, device)
    later = figures["seconds_epoch"][1:] or figures["seconds_epoch"]
    return [
        {
            "measured": "SASRec",
            "library": library,
            "loss": loss,
            "unit": "users",
            "amount": len(X),
            **figures,
            "seconds": median(later),
            **hits(top_10, X.last()),
        }
    ]


def numbered(X):
    """Return rows of at least three item codes, ordered by user number."""
    codes = encode_sequences(X, np.unique(X.values))
    return codes[codes.lengths >= 3]


def hits(top_10, held_out):
    """Return the mean NDCG@10 and hit rate of the held-out items."""
    found = top_10 == held_out[:, None]
    gains = 1 / np.log2(np.arange(10) + 2)
    return {
        "ndcg@10": float((found * gains).sum(axis=1).mean()),
        "hr@10": float(found.any(axis=1).mean()),
    }


def run_ours(X, loss, n_epochs, device):
    """Train and recommend with this library."""
    X = X.drop_last()
    model = SASRecEstimator(
        loss=loss,
        max_epochs=n_epochs,
        early_stopping=False,
        device=device,
        random_state=0,
        **SIZES,
    )
    with peak_memory(device) as peak, EpochClock() as clock:
        seconds_fit = seconds_of(lambda: model.fit(X), device)
        top_10 = {}
        seconds_top_10 = seconds_of(
            lambda: top_10.update(items=model.recommend(X, 10)[0]), device
        )
    seconds_epoch = clock.epoch_seconds(n_epochs)
    return {
        "seconds_fit": seconds_fit,
        # The clock starts with the second step, so that the first epoch is lacking.
        "seconds_epoch": [seconds_fit - sum(seconds_epoch), *seconds_epoch],
        "seconds_top_10": seconds_top_10,
        "peak_memory_mib": peak.total_mib,
        "rows_per_epoch": int((X.lengths > 1).sum()),
    }, top_10["items"]


def run_peer(library, X, loss, n_epochs, device):
    """Train and recommend with another library's script."""
    python = environment(library)
    with tempfile.TemporaryDirectory() as folder:
        log, top_10, out = (Path(folder) / name for name in ("log", "top.npy", "out"))
        users = np.repeat(np.arange(len(X)), X.lengths)
        np.savetxt(log, np.column_stack([users, X.values]), "%d")
        sizes = {name.replace("_", "-"): value for name, value in SIZES.items()}
        options = {"loss": loss, "epochs": n_epochs, "device": device, **sizes}
        options |= {"top-10": top_10, "out": out}
        command = [python, SCRIPTS / f"{library}_sasrec.py", log]
        for name, value in options.items():
            command += [f"--{name}", value]
        _run([str(part) for part in command])
        return json.loads(out.read_text()), np.load(top_10)


def environment(library):
    """Make a peer's virtual environment if needed; return its interpreter."""
    folder = ENVIRONMENTS / library
    python = folder / "bin" / "python"
    requirements = SCRIPTS / f"requirements-{library}.txt"
    installed = folder / requirements.name
    if installed.exists() and installed.read_text() == requirements.read_text():
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    constraints = str(ROOT / "constraints.txt")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--constraint", constraints]
    _run([*pip, "--requirement", str(requirements)])
    installed.write_text(requirements.read_text())
    return python


def _run(command):
    """Run a command; if it fails, its last line of output is the reason."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise RuntimeError(lines[-1] if lines else f"exit code {result.returncode}")
