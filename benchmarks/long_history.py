"""Part: one history of 100,000 items among ordinary ones, or spread evenly."""

import time
from functools import partial

import numpy as np
import torch

from benchmarks.logs import draw_items
from benchmarks.measuring import Case, peak_memory
from skdiffuasr.augmentation.diffusion import DenoiserTraining
from skdiffuasr.cli.catalogue import AUGMENTERS, RECOMMENDERS
from skdiffuasr.sequences import Sequences

LENGTH = 10  # of an ordinary history
SIZES = {"n_users": 1000, "n_long": 100_000, "n_items": 3000}
QUICK_SIZES = {"n_users": 30, "n_long": 300, "n_items": 40}
SHAPES = ("one long", "even")
DIFFUSION = AUGMENTERS["diffusion"]

#: Next to those of the catalogue: parameters that take other ways through the code.
OTHERS = {
    "diffusion, heads": partial(DIFFUSION, training=DenoiserTraining(pairs="heads")),
    "diffusion, learned": partial(DIFFUSION, item_embeddings="learned"),
    "diffusion, unique": partial(DIFFUSION, unique=True),
    "asrep, unique": partial(AUGMENTERS["asrep"], unique=True),
    "cl4srec, dropout": partial(RECOMMENDERS["cl4srec"], views="dropout"),
    "cl4srec, same target": partial(RECOMMENDERS["cl4srec"], views="same_target"),
}
ESTIMATORS = {
    **{name: make for name, make in AUGMENTERS.items() if name != "none"},
    **RECOMMENDERS,
    **OTHERS,
}

#: A window of 2 items fits into an ordinary history almost as often as into a long one.
PARAMETERS = {
    "n_pseudo_items": 2,
    "max_epochs": 1,
    "pretraining_epochs": 1,
    "random_state": 0,
}


def cases(settings):
    """Return a case per estimator and shape."""
    sizes = QUICK_SIZES if settings.quick else SIZES
    return [
        Case(
            "long_history",
            f"{name}, {shape}",
            {"name": name, "shape": shape, "device": settings.device, **sizes},
            2 if settings.quick else 15,
        )
        for name in ESTIMATORS
        for shape in SHAPES
    ]


def run(name, shape, n_users, n_long, n_items, device="cpu"):
    """Measure processor seconds and memory of a fit and of a use, on one thread.

    The use is `recommend` for a recommender and `transform` for an augmenter. If the
    augmenter changes histories only in training, it is `fit_transform` after the fit.
    """
    X = histories(shape, n_users, n_long, n_items)
    model = ESTIMATORS[name]()
    parameters = {"device": device, **PARAMETERS}
    known = model.get_params().keys() & parameters.keys()
    model.set_params(**{key: parameters[key] for key in known})
    if hasattr(model, "recommend"):
        use = model.recommend
    elif getattr(model, "augment_at", "fit") == "fit":
        use = partial(_augment_as_in_fit, model)
    else:
        use = model.transform
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = [
            measured("fit", partial(model.fit, X)),
            measured("use", partial(use, X)),
        ]
    finally:
        torch.set_num_threads(n_threads)
    return [{"estimator": name, "shape": shape, **row} for row in rows]


def histories(shape, n_users, n_long, n_items):
    """Return ordinary histories and a long one, or as many items in ordinary ones."""
    lengths = np.full(n_users, LENGTH)
    if shape == "even":
        lengths = np.full(n_users + n_long // LENGTH, LENGTH)
    else:
        lengths = np.append(lengths, n_long)
    items = draw_items(lengths.sum(), n_items, np.random.default_rng(0))
    if shape == "one long":
        items[-n_long:] %= n_items // 3  # others are left for `unique` to choose from
    return Sequences(items, np.concatenate([[0], lengths.cumsum()]))


def _augment_as_in_fit(model, X):
    return model._transform(model._encode(X), is_training=True)


def measured(name, function):
    """Return the row of one call."""
    with peak_memory() as peak:
        started = time.process_time()
        function()
        seconds = time.process_time() - started
    return {"measured": name, "seconds": seconds, "peak_mib": peak.mib}
