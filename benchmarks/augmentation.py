"""Part: users per second of `DiffusionSequenceAugmenter.transform`."""

from itertools import product

import numpy as np

from benchmarks.logs import BEAUTY, cover, histories, whole_log
from benchmarks.measuring import Case
from benchmarks.rows import measure
from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import DenoiserTraining, SUNet

GUIDANCES = ("none", "classifier_free", "classifier")
N_PSEUDO_ITEMS = (5, 10, 20)
N_USERS = {10_000: 2048, 50_000: 1024, 500_000: 256}
N_TRAINING_PAIRS = 128
PUBLISHED_DIM = 64


def cases(settings):
    """Return guidance x M x catalogue as published, other widths, and a whole log."""
    common = {"device": settings.device, "path": settings.log}

    def case(name, seconds=12.0, **parameters):
        parameters = {**common, **parameters}
        return Case("augmentation", name, parameters, seconds)

    if settings.quick:
        tiny = {"n_users": 64, "n_items": 200, "n_pseudo_items": 3, "embedding_dim": 4}
        return [
            case(f"{guidance}, tiny", 5, guidance=guidance, **tiny)
            for guidance in GUIDANCES[1:]
        ]
    published = [
        case(
            f"{guidance}, M={n_pseudo_items}, {n_items:,} items",
            8 + n_items * n_pseudo_items / 250_000,
            guidance=guidance,
            n_pseudo_items=n_pseudo_items,
            n_items=n_items,
            n_users=n_users,
            embedding_dim=PUBLISHED_DIM,
        )
        for guidance, n_pseudo_items, (n_items, n_users) in product(
            GUIDANCES, N_PSEUDO_ITEMS, N_USERS.items()
        )
    ]
    rest = {"n_pseudo_items": 10, "n_items": 10_000, "n_users": 2048}
    return [
        *published,
        case("embedding_dim=16 (default)", **rest),
        case(
            "embedding_dim=64, base_channels=8 (published)",
            embedding_dim=PUBLISHED_DIM,
            base_channels=8,
            **rest,
        ),
        case("a whole log, defaults", 30, whole=True, n_items=BEAUTY["n_items"]),
    ]


def run(
    n_items,
    n_users=None,
    whole=False,
    path=None,
    device="cpu",
    with_work=True,
    **parameters,
):
    """Augment users with a barely trained model."""
    if whole:
        X = whole_log(path)
        n_users = len(X)
        model = fitted(np.unique(X.values), device, **parameters)
    else:
        X = histories(n_users, n_items, path=path, seed=1)
        model = fitted(np.arange(n_items), device, **parameters)
    return [
        measure(
            lambda: model.transform(X),
            "augmentation",
            n_users,
            "users",
            device,
            with_work=with_work,
        )
    ]


def fitted(
    item_ids,
    device,
    n_pseudo_items=10,
    embedding_dim=16,
    guidance="classifier_free",
    base_channels=None,
    **parameters,
):
    """Fit an augmenter on one batch of pairs, with meaningless item embeddings."""
    length = n_pseudo_items + 1
    codes = cover(
        histories(N_TRAINING_PAIRS, len(item_ids), length=length), len(item_ids)
    )
    X = type(codes)(item_ids[codes.values], codes.offsets)
    table = np.random.default_rng(0).normal(size=(len(item_ids), embedding_dim))
    return DiffusionSequenceAugmenter(
        n_pseudo_items,
        guidance=None if guidance == "none" else guidance,
        denoiser=SUNet(base_channels=base_channels),
        item_embeddings=table,
        max_epochs=1,
        training=DenoiserTraining(validation_fraction=0.0),
        device=device,
        random_state=0,
        **parameters,
    ).fit(X)
