"""Generation of pseudo items with a trained denoiser."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from skdiffuasr._typing import FloatArray, IdArray, IntArray
from skdiffuasr.keyed_random import keyed_normal
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.nn.samplers import NoisePredictor, sample
from skdiffuasr.sequences import Sequences
from skdiffuasr.vocabulary import encode_items

#: Number of histories that are generated for at a time.
BATCH_SIZE = 512

#: log p(v_1 | x) of (batch,) first items, from x (batch, M, d) and t (batch,).
LogProbability = Callable[[Tensor, Tensor, Tensor], Tensor]

#: Makes the noise predictor of a batch from its conditions (batch, d) and first items.
Guide = Callable[[Tensor, Tensor], NoisePredictor]


def generate_codes(
    denoiser: Denoiser,
    diffusion: GaussianDiffusion,
    guide: Guide,
    histories: Sequences,
    keys: npt.NDArray[np.uint64],
    *,
    n_pseudo_items: int,
    sampler: str,
    n_sampling_steps: int,
    eta: float,
    max_abs_x0: float,
    unique: bool,
) -> IntArray:
    """Generate pseudo items for histories, a batch of rows at a time.

    Parameters
    ----------
    denoiser : Denoiser
        A trained network, on the device to be used.
    diffusion : GaussianDiffusion
        The forward process it was trained with, on the same device.
    guide : callable(condition, first_items) -> predict_noise
        Makes the noise predictor of a batch; a first item of -1 stands for none.
    histories : Sequences of item codes
        Observed items, of n rows.
    keys : ndarray of uint64 of shape (n,)
        Key of each row's noise; see `row_keys`.
    n_pseudo_items : int
        Number M of items to generate.
    sampler, n_sampling_steps, eta, max_abs_x0
        See `skdiffuasr.nn.samplers.sample`.
    unique : bool
        Whether the pseudo items of a row must differ from each other and from its
        history.

    Returns
    -------
    codes : ndarray of int64 of shape (n, M)
    """
    device = denoiser.item_embedding.weight.device
    catalogue = denoiser.catalogue()
    n_values = n_pseudo_items * catalogue.shape[1]
    codes = np.empty((len(histories), n_pseudo_items), dtype=np.int64)
    for start in range(0, len(histories), BATCH_SIZE):
        rows = slice(start, min(start + BATCH_SIZE, len(histories)))
        batch = histories[rows]

        def draw_noise(stream: int, rows: slice = rows) -> Tensor:
            noise = torch.from_numpy(keyed_normal(keys[rows], n_values, stream))
            return noise.view(-1, n_pseudo_items, catalogue.shape[1]).to(device)

        items = torch.tensor(batch.values, device=device)
        lengths = torch.tensor(batch.lengths, device=device)
        first_items = torch.tensor(_first_items(batch), device=device)
        with torch.no_grad():
            x_0 = sample(
                guide(denoiser.condition(items, lengths), first_items),
                draw_noise(0),
                diffusion,
                sampler=sampler,
                n_sampling_steps=n_sampling_steps,
                eta=eta,
                max_abs_x0=max_abs_x0,
                draw_noise=lambda step: draw_noise(step + 1),
            )
            exclude = torch.tensor(batch.to_padded(), device=device) if unique else None
            generated = nearest_items(x_0, catalogue, unique=unique, exclude=exclude)
        codes[rows] = generated.cpu().numpy()
    return codes


def classifier_log_probability(
    classifier: FirstItemClassifier, catalogue: Tensor
) -> LogProbability:
    """Read the first item's log-probability off a `FirstItemClassifier`."""

    def log_probability(x: Tensor, t: Tensor, first_items: Tensor) -> Tensor:
        return _log_softmax_at(classifier(x, t) @ catalogue.T, first_items)

    return log_probability


def recommender_log_probability(
    recommender: Any, item_ids: IdArray, catalogue: Tensor
) -> LogProbability:
    """Read the first item's log-probability off a fitted next-item recommender.

    The recommender reads item embeddings of its own; those of the diffusion are
    brought there by the linear map that fits the catalogue best, which is exact if
    they were taken from this recommender.

    Parameters
    ----------
    recommender : fitted SASRecEstimator
        Or any estimator with `item_ids_`, and with a `to_module()` whose result has
        an `item_embedding` and an ``encode(embedded, lengths)``.
    item_ids : ndarray of shape (n_items,)
        Catalogue of the diffusion, sorted.
    catalogue : Tensor of shape (n_items, d)
        Its item embeddings.

    Returns
    -------
    log_probability : callable(x, t, first_items) -> Tensor of shape (batch,)
        The timestep is ignored: such a recommender knows clean embeddings only.

    Raises
    ------
    ValueError
        If the recommender does not know an item of the catalogue.
    """
    codes = encode_items(item_ids, recommender.item_ids_)
    if (codes < 0).any():
        raise ValueError(
            f"classifier does not know {(codes < 0).sum()} items of X, the first being "
            f"{item_ids[codes < 0][:3].tolist()}."
        )
    module = recommender.to_module().to(catalogue.device)
    own_table = module.item_embedding.weight.detach()  # (n_own_items, d_own)
    with_bias = F.pad(catalogue, (0, 1), value=1.0)  # (n_items, d + 1)
    linear_map = torch.linalg.lstsq(
        with_bias, own_table[torch.from_numpy(codes).to(catalogue.device)]
    ).solution
    own_codes = torch.from_numpy(codes).to(catalogue.device)

    def log_probability(x: Tensor, t: Tensor, first_items: Tensor) -> Tensor:
        embedded = F.pad(x, (0, 1), value=1.0) @ linear_map  # (batch, M, d_own)
        lengths = torch.full((len(x),), x.shape[1], device=x.device)
        hidden = module.encode(embedded, lengths)[:, -1]  # (batch, d_own)
        own_first_items = torch.where(first_items < 0, -1, own_codes[first_items])
        return _log_softmax_at(hidden @ own_table.T, own_first_items)

    return log_probability


def _log_softmax_at(logits: Tensor, targets: Tensor) -> Tensor:
    """Log-probability of each row's target; 0 where there is none."""
    loss = F.cross_entropy(logits, targets, ignore_index=-1, reduction="none")
    return -loss


def _first_items(histories: Sequences) -> FloatArray:
    """First item of each row, -1 for an empty row."""
    first = np.full(len(histories), -1)
    has_items = histories.lengths > 0
    first[has_items] = histories.values[histories.offsets[:-1][has_items]]
    return first
