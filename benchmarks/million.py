"""Part: a catalogue of a million items."""

from benchmarks.epochs import measure_training
from benchmarks.logs import cover, histories
from benchmarks.measuring import Case
from benchmarks.rows import measure
from skdiffuasr import SASRecEstimator

BOUND_MIB = 6 * 1024


def cases(settings):
    """Return one epoch and a top-10."""
    sizes = {"n_items": 1_000_000, "n_histories": 20_000, "n_users": 1000}
    if settings.quick:
        sizes = {"n_items": 5000, "n_histories": 100, "n_users": 50}
    parameters = {"path": settings.log, "device": settings.device, **sizes}
    seconds = 6 if settings.quick else 150
    return [
        Case(
            "million",
            f"{sizes['n_items']:,} items, {kind} gradients",
            {"sparse_gradients": kind == "sparse", **parameters},
            seconds,
        )
        for kind in ("sparse", "dense")
    ]


def run(n_items, n_histories, n_users, sparse_gradients, path=None, device="cpu"):
    """Train SASRec with sampled negatives and recommend ten items."""
    X = cover(histories(n_histories, n_items, path=path), n_items)

    def build(max_epochs):
        return SASRecEstimator(
            loss="sampled_ce",
            sparse_gradients=sparse_gradients,
            max_length=50,
            max_epochs=max_epochs,
            early_stopping=False,
            device=device,
            random_state=0,
        )

    training, model = measure_training(build, X, n_histories, "sequences", device)
    users = histories(n_users, n_items, path=path, seed=1)
    top_10 = measure(
        lambda: model.recommend(users, 10), "top-10", n_users, "users", device
    )
    for figures in (training, top_10):
        figures["within_bound"] = figures["peak_mib"] < BOUND_MIB
    return [training, top_10]
