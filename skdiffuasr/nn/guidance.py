"""Guidance: turn a conditional noise model into the one that a sampler follows.

Each function wraps ``model(x_t, t, condition) -> eps`` into
``predict_noise(x_t, t) -> eps``. The guidance scale gamma acts here, in sampling, and
never in the training loss: a network trained with it would learn to cancel it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.samplers import NoisePredictor

NoiseModel = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Maps x_t (batch, M, d), t (batch,) and condition (batch, d) to eps (batch, M, d)."""


def conditional(model: NoiseModel, condition: Tensor) -> NoisePredictor:
    """Follow the condition and nothing else.

    Parameters
    ----------
    model : callable
        Noise model ``model(x_t, t, condition)``.
    condition : Tensor of shape (batch, d)
        Condition of each row.

    Returns
    -------
    predict_noise : callable
        ``predict_noise(x_t, t) -> eps``.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858.
    """

    def predict_noise(x_t: Tensor, t: Tensor) -> Tensor:
        return model(x_t, t, condition)

    return predict_noise


def classifier_free(
    model: NoiseModel,
    condition: Tensor,
    null_condition: Tensor,
    guidance_scale: float,
) -> NoisePredictor:
    """Follow the condition beyond what the model says, away from no condition.

    eps = (1 + gamma) eps(x_t, t, c) - gamma eps(x_t, t, null). Both terms come out of
    one batch of twice the size.

    Parameters
    ----------
    model : callable
        Noise model ``model(x_t, t, condition)``, trained with `drop_condition`.
    condition : Tensor of shape (batch, d)
        Condition of each row.
    null_condition : Tensor of shape (d,)
        The learned "no condition" of the model.
    guidance_scale : float
        gamma; 0 leaves the conditional model, at half the price.

    Returns
    -------
    predict_noise : callable
        ``predict_noise(x_t, t) -> eps``.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (classifier-free guide).
    .. [2] Ho & Salimans, "Classifier-Free Diffusion Guidance", arXiv:2207.12598, eq. 6.
    """
    if guidance_scale == 0:
        return conditional(model, condition)
    both = torch.cat([condition, null_condition.expand_as(condition)])  # (2 batch, d)

    def predict_noise(x_t: Tensor, t: Tensor) -> Tensor:
        eps = model(torch.cat([x_t, x_t]), torch.cat([t, t]), both)  # (2 batch, M, d)
        with_condition, without = eps.chunk(2)
        return (1 + guidance_scale) * with_condition - guidance_scale * without

    return predict_noise


def classifier(
    model: NoiseModel,
    condition: Tensor,
    guidance_scale: float,
    diffusion: GaussianDiffusion,
    log_probability: Callable[[Tensor, Tensor], Tensor],
    *,
    classifier_input: str = "x0",
) -> NoisePredictor:
    """Climb the log-probability that a classifier gives to the items.

    eps = eps(x_t, t, c) - gamma sqrt(1 - abar_t) grad_{x_t} log p(v_1 | x), every row
    on its own. In the paper p is a next-item recommender that reads the pseudo items,
    and v_1 is the first item of the user's history.

    Parameters
    ----------
    model : callable
        Noise model ``model(x_t, t, condition)``.
    condition : Tensor of shape (batch, d)
        Condition of each row.
    guidance_scale : float
        gamma; 0 leaves the conditional model.
    diffusion : GaussianDiffusion
        The forward process.
    log_probability : callable
        ``log_probability(x, t) -> (batch,)``, differentiable in x of shape
        (batch, M, d), with t the timestep of x: 0 for the clean estimate. Row i of the
        result depends on row i of x only.
    classifier_input : {"x0", "noisy"}, default="x0"
        What the classifier reads. "x0" is the clean estimate, with the gradient taken
        through the noise model: right for a recommender trained on clean embeddings.
        "noisy" is x_t itself: cheaper, for a classifier trained on noisy ones.

    Returns
    -------
    predict_noise : callable
        ``predict_noise(x_t, t) -> eps``. It works under `torch.no_grad` and leaves
        no gradient behind in any parameter.

    Raises
    ------
    ValueError
        If `classifier_input` is unknown.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (classifier guide).
    .. [2] Dhariwal & Nichol, "Diffusion Models Beat GANs on Image Synthesis",
       NeurIPS 2021, arXiv:2105.05233, algorithm 2.
    .. [3] Chung et al., "Diffusion Posterior Sampling for General Noisy Inverse
       Problems", ICLR 2023, arXiv:2209.14687, eq. 10 (reading the clean estimate).
    """
    if classifier_input not in ("x0", "noisy"):
        raise ValueError(
            f"classifier_input must be 'x0' or 'noisy', got {classifier_input!r}."
        )
    if guidance_scale == 0:
        return conditional(model, condition)

    reads_x0 = classifier_input == "x0"

    def predict_noise(x_t: Tensor, t: Tensor) -> Tensor:
        x_t = x_t.detach().requires_grad_()
        with torch.set_grad_enabled(reads_x0):
            eps = model(x_t, t, condition)  # (batch, M, d)
        with torch.enable_grad():
            if reads_x0:
                x_0 = diffusion.predict_x0(x_t, t, eps)
                of_rows = log_probability(x_0, torch.zeros_like(t))  # (batch,)
            else:
                of_rows = log_probability(x_t, t)  # (batch,)
            # Rows do not mix in a sum: each gets the gradient of its own term.
            (gradient,) = torch.autograd.grad(of_rows.sum(), x_t)
        noise_scale = diffusion.noise_scale[t, None, None]  # sqrt(1 - abar_t)
        return eps.detach() - guidance_scale * noise_scale * gradient

    return predict_noise


def drop_condition(
    condition: Tensor,
    null_condition: Tensor,
    probability: float,
) -> Tensor:
    """Replace the condition of random rows, to train for classifier-free guidance.

    Parameters
    ----------
    condition : Tensor of shape (batch, d)
        Condition of each row.
    null_condition : Tensor of shape (d,)
        The learned "no condition"; it gets gradients from the rows it is put into.
    probability : float
        Probability in [0, 1] with which a row loses its condition.

    Returns
    -------
    condition : Tensor of shape (batch, d)
        The conditions, some rows replaced by `null_condition`.

    References
    ----------
    .. [1] Ho & Salimans, "Classifier-Free Diffusion Guidance", arXiv:2207.12598,
       algorithm 1.
    """
    draw = torch.rand(len(condition), device=condition.device)
    dropped = draw < probability  # (batch,)
    return torch.where(dropped[:, None], null_condition, condition)
