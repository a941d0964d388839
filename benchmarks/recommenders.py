"""Part: sequences per second of training, users per second of top-10."""

from functools import partial
from inspect import signature
from itertools import product

from benchmarks.epochs import measure_training
from benchmarks.logs import cover, histories
from benchmarks.measuring import Case
from benchmarks.rows import measure
from skdiffuasr import SASRecEstimator
from skdiffuasr.recommenders.neural import BaseNeuralRecommender
from skdiffuasr.utils import all_estimators

LOSSES = {
    "SASRec, ce": partial(SASRecEstimator, loss="ce"),
    "SASRec, sampled_ce": partial(SASRecEstimator, loss="sampled_ce"),
    "SASRec, sampled_ce, sparse": partial(
        SASRecEstimator, loss="sampled_ce", sparse_gradients=True
    ),
    "SASRec, bce": partial(SASRecEstimator, loss="bce"),
}
"""Name: factory of an unfitted estimator, given its sizes. A new one is one line."""

BACKBONES = {
    f"{name.removesuffix('Estimator')}, ce": cls
    for name, cls in all_estimators("recommender")
    if issubclass(cls, BaseNeuralRecommender)
    and cls is not SASRecEstimator
    and "pretraining_epochs" not in signature(cls).parameters
}
"""Every other network that is trained in one stage, measured at the first size only."""

RECOMMENDERS = {**LOSSES, **BACKBONES}

LENGTHS = (50, 200)
SIZES = {  # items of the catalogue: (tokens of a training epoch, users of top-10)
    10_000: (51_200, 4096),
    50_000: (25_600, 2048),
    500_000: (3_200, 512),
}
BATCH_SIZE = 128


def cases(settings):
    """Return losses x history lengths x catalogues, then the other backbones."""
    if settings.quick:
        tiny = {"n_items": 100, "length": 10, "n_tokens": 320, "n_users": 32}
        return [
            Case(
                "recommenders",
                f"{name}, tiny",
                {"name": name, "device": settings.device, **tiny},
                5,
            )
            for name in RECOMMENDERS
        ]
    sizes = list(product(LENGTHS, SIZES.items()))
    return [
        Case(
            "recommenders",
            f"{name}, {length} items long, {n_items:,} items",
            {
                "name": name,
                "n_items": n_items,
                "length": length,
                "n_tokens": n_tokens,
                "n_users": n_users,
                "device": settings.device,
            },
            25,
        )
        for name, (length, (n_items, (n_tokens, n_users))) in [
            *product(LOSSES, sizes),
            *product(BACKBONES, sizes[:1]),
        ]
    ]


def run(name, n_items, length, n_tokens, n_users, device="cpu", with_work=True):
    """Train on full histories, then recommend for others."""
    n_sequences = max(1, n_tokens // length)
    build = partial(
        RECOMMENDERS[name],
        max_length=length,
        batch_size=BATCH_SIZE,
        early_stopping=False,
        device=device,
        random_state=0,
    )
    X = cover(histories(n_sequences, n_items, length=length + 1), n_items)
    training, model = measure_training(
        build,
        X,
        n_sequences,
        "sequences",
        device,
        with_work=with_work,
    )
    X = histories(n_users, n_items, length=length, seed=1)
    top_10 = measure(
        lambda: model.recommend(X, 10),
        "top-10",
        n_users,
        "users",
        device,
        with_work=with_work,
    )
    return [training, top_10]
