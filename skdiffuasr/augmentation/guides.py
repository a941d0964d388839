"""Guidance of a batch: from its conditions and first items to a noise predictor."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from skdiffuasr._typing import IdArray
from skdiffuasr.nn import guidance, losses
from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.nn.samplers import NoisePredictor
from skdiffuasr.sequences.vocabulary import encode_items

#: Makes the noise predictor of a batch from conditions (batch, d) and the first items
#: (batch,) of its histories.
Guide = Callable[[Tensor, Tensor], NoisePredictor]

#: log p(v_1 | x) of (batch,) first items, from x (batch, M, d) and t (batch,).
LogProbability = Callable[[Tensor, Tensor, Tensor], Tensor]


def conditional_guide(model: guidance.NoiseModel) -> Guide:
    """Follow the condition; see `skdiffuasr.nn.guidance.conditional`."""
    return lambda condition, first_items: guidance.conditional(model, condition)


def classifier_free_guide(
    model: guidance.NoiseModel, null_condition: Tensor, guidance_scale: float
) -> Guide:
    """Go beyond the condition; see `skdiffuasr.nn.guidance.classifier_free`."""
    return lambda condition, first_items: guidance.classifier_free(
        model, condition, null_condition, guidance_scale
    )


def classifier_guide(
    model: guidance.NoiseModel,
    diffusion: GaussianDiffusion,
    log_probability: LogProbability,
    guidance_scale: float,
    classifier_input: str,
) -> Guide:
    """Climb a classifier's gradient; see `skdiffuasr.nn.guidance.classifier`."""

    def guide(condition: Tensor, first_items: Tensor) -> NoisePredictor:
        return guidance.classifier(
            model,
            condition,
            guidance_scale,
            diffusion,
            lambda x, t: log_probability(x, t, first_items),
            classifier_input=classifier_input,
        )

    return guide


def classifier_log_probability(
    classifier: FirstItemClassifier, catalogue: Tensor
) -> LogProbability:
    """Read the first item's log-probability off a `FirstItemClassifier`."""

    def log_probability(x: Tensor, t: Tensor, first_items: Tensor) -> Tensor:
        return losses.log_probability(classifier(x, t), catalogue, first_items)

    return log_probability


def check_classifier(recommender: Any, item_ids: IdArray, n_pseudo_items: int) -> None:
    """Reject a recommender that cannot read the pseudo items or tell all items apart.

    Parameters
    ----------
    recommender : fitted SASRecEstimator
        The classifier of classifier guidance.
    item_ids : ndarray of shape (n_items,)
        Catalogue of the diffusion.
    n_pseudo_items : int
        Number M of items that it is to read.

    Raises
    ------
    ValueError
        If its network reads no embedded items, or fewer than M, or an item is unknown.
    """
    module = recommender.to_module()
    if not hasattr(module, "encode"):
        raise ValueError(
            "classifier must have a network that reads embedded items, as "
            f"SASRecEstimator has; got a {type(module).__name__}."
        )
    max_length = getattr(recommender, "max_length", n_pseudo_items)
    if max_length < n_pseudo_items:
        raise ValueError(
            f"classifier reads max_length={max_length} items, which is less than "
            f"n_pseudo_items={n_pseudo_items}."
        )
    unknown = item_ids[encode_items(item_ids, recommender.item_ids_) < 0]
    if len(unknown):
        raise ValueError(
            f"classifier does not know {len(unknown)} items of X, the first being "
            f"{unknown[:3].tolist()}."
        )


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
    """
    codes = torch.from_numpy(encode_items(item_ids, recommender.item_ids_))
    own_codes = codes.to(catalogue.device)
    module = recommender.to_module().to(catalogue.device)
    own_table = module.item_embedding.weight.detach()  # (n_own_items, d_own)
    with_bias = F.pad(catalogue, (0, 1), value=1.0)  # (n_items, d + 1)
    # On the CPU: the solver of CUDA needs embeddings of full rank.
    linear_map = torch.linalg.lstsq(
        with_bias.cpu(), own_table[own_codes].cpu()
    ).solution.to(catalogue.device)  # (d + 1, d_own)

    def log_probability(x: Tensor, t: Tensor, first_items: Tensor) -> Tensor:
        embedded = F.pad(x, (0, 1), value=1.0) @ linear_map  # (batch, M, d_own)
        lengths = torch.full((len(x),), x.shape[1], device=x.device)
        hidden = module.encode(embedded, lengths)[:, -1]  # (batch, d_own)
        own_first_items = torch.where(first_items < 0, -1, own_codes[first_items])
        return losses.log_probability(hidden, own_table, own_first_items)

    return log_probability
