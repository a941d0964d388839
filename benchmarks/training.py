"""Part: training pairs per second of the diffusion model.

A step is the forward and backward pass of the SU-Net, the optimiser and the moving
average of the weights.
"""

import numpy as np

from benchmarks.epochs import measure_training
from benchmarks.logs import BEAUTY, cover, histories
from benchmarks.measuring import Case
from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import DenoiserTraining, SUNet

N_PSEUDO_ITEMS = (5, 10, 20)
SIZES = {
    "published": {"embedding_dim": 64, "base_channels": 8, "batch_size": 512},
    "embedding_dim=64": {"embedding_dim": 64, "batch_size": 128},
    "defaults": {"embedding_dim": 16, "batch_size": 128},
}
N_STEPS = {512: 4, 128: 16}
PAIRS_PER_HISTORY = 8


def cases(settings):
    """Return sizes of the network x M."""
    if settings.quick:
        tiny = {"n_pseudo_items": 3, "embedding_dim": 4, "batch_size": 16}
        parameters = {"n_items": 100, "n_steps": 2, "device": settings.device, **tiny}
        return [Case("training", "tiny", parameters, 5)]
    return [
        Case(
            "training",
            f"{name}, M={n_pseudo_items}",
            {"n_pseudo_items": n_pseudo_items, "device": settings.device, **size},
            20,
        )
        for name, size in SIZES.items()
        for n_pseudo_items in N_PSEUDO_ITEMS
    ]


def run(
    n_pseudo_items,
    embedding_dim,
    batch_size,
    n_items=BEAUTY["n_items"],
    n_steps=None,
    base_channels=None,
    device="cpu",
    with_work=True,
):
    """Train epochs of a few full batches."""
    n_pairs = batch_size * (n_steps or N_STEPS[batch_size])
    X = cover(
        histories(
            n_pairs // PAIRS_PER_HISTORY,
            n_items,
            length=n_pseudo_items + PAIRS_PER_HISTORY,
        ),
        n_items,
    )
    table = np.random.default_rng(0).normal(size=(n_items, embedding_dim))

    def build(max_epochs):
        return DiffusionSequenceAugmenter(
            n_pseudo_items,
            denoiser=SUNet(base_channels=base_channels),
            item_embeddings=table,
            batch_size=batch_size,
            max_epochs=max_epochs,
            training=DenoiserTraining(validation_fraction=0.0),
            device=device,
            random_state=0,
        )

    row, _ = measure_training(build, X, n_pairs, "pairs", device, with_work=with_work)
    return [row]
