"""Classifier guidance: towards pseudo items that the history is likely to follow."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import HasMethods, StrOptions
from skdiffuasr._typing import FloatArray, IdArray, IntArray, Weights
from skdiffuasr.augmentation.diffusion.guidance.base import (
    BaseGuidance,
    GuidedModel,
    TrainedModel,
    without_guidance,
)
from skdiffuasr.augmentation.diffusion.part import UNFITTED
from skdiffuasr.augmentation.diffusion.suffixes import first_items
from skdiffuasr.augmentation.diffusion.training import TrainingRun
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.nn.losses import full_cross_entropy, log_probability
from skdiffuasr.sequences.vocabulary import encode_items
from skdiffuasr.training import TrainingResult, seeded_build

#: log p(v_1 | x) of (batch,) first items, from x (batch, M, d) and t (batch,).
LogProbability = Callable[[Tensor, Tensor, Tensor], Tensor]


@estimator_class
class ClassifierGuidance(BaseGuidance):
    """Climb the probability that a classifier gives to the history's first item.

    eps = eps(x_t, t, c) - gamma sqrt(1 - abar_t) grad_{x_t} log p(v_1 | x), every row
    on its own [1]_ [2]_: p predicts v_1, the first item of the history, from the pseudo
    items x.

    Parameters
    ----------
    classifier : fitted SASRecEstimator, default=None
        The next-item recommender p. None trains a classifier in the augmenter's `fit`,
        on the same pairs as the denoiser.
    classifier_input : {"x0", "noisy"}, default="noisy"
        ``"noisy"`` reads x_t itself: cheaper, for a classifier trained on noisy
        embeddings, as the one inside then is. ``"x0"`` reads the estimate of the clean
        embeddings, with the gradient taken through the denoiser [3]_, for a recommender
        trained on clean ones. ``docs/measurements.md`` compares them.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (classifier guide).
    .. [2] Dhariwal & Nichol, "Diffusion Models Beat GANs on Image Synthesis",
       NeurIPS 2021, arXiv:2105.05233, algorithm 2.
    .. [3] Chung et al., "Diffusion Posterior Sampling for General Noisy Inverse
       Problems", ICLR 2023, arXiv:2209.14687, eq. 10.
    """

    name = "classifier"
    fixed_by_fit = ("classifier_input",)
    _parameter_constraints = {
        "classifier": [HasMethods(["fit", "to_module"]), None],
        "classifier_input": [StrOptions({"x0", "noisy"})],
    }

    classifier: Any = None
    classifier_input: str = "noisy"

    @property
    def trains(self) -> bool:
        """Whether a classifier is trained inside."""
        return self.classifier is None

    def check(self) -> None:
        """Raise if a parameter is out of range or the classifier is not fitted."""
        super().check()
        if self.classifier is not None:
            check_is_fitted(self.classifier, msg=UNFITTED.format("classifier"))

    def check_catalogue(self, item_ids: IdArray, n_pseudo_items: int) -> None:
        """Raise a ValueError if the classifier cannot read blocks of these items."""
        if self.classifier is not None:
            network_of(self.classifier, item_ids, n_pseudo_items)

    def train(self, run: TrainingRun, item_embeddings: FloatArray) -> Weights:
        """Train the classifier, if none is given; see `BaseGuidance.train`."""
        return run.fit(
            fit_first_item_classifier,
            item_embeddings,
            classifier_input=self.classifier_input,
        ).weights

    def guide(self, model: TrainedModel, guidance_scale: float) -> GuidedModel:
        """Make the noise model that the sampler follows; see `BaseGuidance.guide`."""
        of_first_items = self._log_probability(model)
        if guidance_scale == 0:
            return without_guidance(model)
        reads_x0 = self.classifier_input == "x0"

        def guided(
            x_t: Tensor, t: Tensor, condition: Tensor, first_items: Tensor
        ) -> Tensor:
            x_t = x_t.detach().requires_grad_()
            with torch.set_grad_enabled(reads_x0):
                eps = model.predict_noise(x_t, t, condition)  # (batch, M, d)
            with torch.enable_grad():
                x, time = x_t, t
                if reads_x0:
                    x = model.diffusion.predict_x0(x_t, t, eps)
                    time = torch.zeros_like(t)
                of_rows = of_first_items(x, time, first_items)  # (batch,)
                # Rows do not mix in a sum: each gets the gradient of its own term.
                (gradient,) = torch.autograd.grad(of_rows.sum(), x_t)
            noise_scale = model.diffusion.noise_scale[t, None, None]  # sqrt(1 - abar_t)
            return eps.detach() - guidance_scale * noise_scale * gradient

        return guided

    def _log_probability(self, model: TrainedModel) -> LogProbability:
        """Read the given classifier, or the one trained inside."""
        catalogue, M = model.denoiser.catalogue(), model.n_pseudo_items
        if self.classifier is None:
            build = partial(FirstItemClassifier, M, catalogue.shape[1])
            return classifier_log_probability(model.guidance_network(build), catalogue)
        network, codes = network_of(self.classifier, model.item_ids, M)
        return recommender_log_probability(network, codes, catalogue)


def fit_first_item_classifier(
    run: TrainingRun, item_embeddings: FloatArray, *, classifier_input: str
) -> TrainingResult:
    """Train a `FirstItemClassifier` on the denoiser's pairs and table (n_items, d)."""
    diffusion = run.schedule.diffusion().to(run.device)
    table = torch.tensor(item_embeddings, device=run.device)
    build = partial(FirstItemClassifier, run.pairs.n_pseudo_items, table.shape[1])

    def loss(module: nn.Module, windows: Tensor, following: Tensor) -> Tensor:
        x = table[windows]  # (batch, M, d)
        t = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        if classifier_input == "noisy":
            t = torch.randint(diffusion.n_timesteps, (len(x),), device=x.device)
            x = diffusion.q_sample(x, t, torch.randn_like(x))
        return full_cross_entropy(module(x, t), table, following, run.dtype)

    return run.train(
        seeded_build(build, run.random_state),
        loss,
        partial(first_items, run.pairs.values),
    )


def network_of(
    recommender: Any, item_ids: IdArray, n_pseudo_items: int
) -> tuple[nn.Module, IntArray]:
    """Return a recommender's network and its codes of the catalogue (n_items,).

    Raise a ValueError if it cannot read M items of the catalogue.
    """
    network = recommender.to_module()
    if not hasattr(network, "encode"):
        raise ValueError(
            "classifier must have a network that reads embedded items, as "
            f"SASRecEstimator has; got a {type(network).__name__}."
        )
    max_length = getattr(recommender, "max_length", n_pseudo_items)
    if max_length < n_pseudo_items:
        raise ValueError(
            f"classifier reads max_length={max_length} items, which is less than "
            f"n_pseudo_items={n_pseudo_items}."
        )
    codes = encode_items(item_ids, recommender.item_ids_)
    unknown = item_ids[codes < 0]
    if len(unknown):
        raise ValueError(
            f"classifier does not know {len(unknown)} items of X, the first being "
            f"{unknown[:3].tolist()}."
        )
    return network, codes


def classifier_log_probability(
    classifier: nn.Module, catalogue: Tensor
) -> LogProbability:
    """Read the first item's log-probability off a `FirstItemClassifier`."""
    return lambda x, t, first_items: log_probability(
        classifier(x, t), catalogue, first_items
    )


def recommender_log_probability(
    network: Any, codes: IntArray, catalogue: Tensor
) -> LogProbability:
    """Read the first item's log-probability off what `network_of` returns.

    The diffusion's embeddings (n_items, d) are brought to the network's by the linear
    map that fits the catalogue best, which is exact if they were taken from it. The
    timestep is ignored: a recommender knows clean embeddings only.
    """
    own_codes = torch.from_numpy(codes).to(catalogue.device)
    network = network.to(catalogue.device)
    own_table = network.item_embedding.weight.detach()  # (n_own_items, d_own)
    with_bias = F.pad(catalogue, (0, 1), value=1.0)  # (n_items, d + 1)
    # On the CPU: the solver of CUDA needs embeddings of full rank.
    linear_map = torch.linalg.lstsq(
        with_bias.cpu(), own_table[own_codes].cpu()
    ).solution.to(catalogue.device)  # (d + 1, d_own)

    def of_first_items(x: Tensor, t: Tensor, first_items: Tensor) -> Tensor:
        embedded = F.pad(x, (0, 1), value=1.0) @ linear_map  # (batch, M, d_own)
        lengths = torch.full((len(x),), x.shape[1], device=x.device)
        hidden = network.encode(embedded, lengths)[:, -1]  # (batch, d_own)
        own_first_items = torch.where(first_items < 0, -1, own_codes[first_items])
        return log_probability(hidden, own_table, own_first_items)

    return of_first_items
