"""The forward process: clean item embeddings drown in Gaussian noise."""

from torch import Tensor, nn


class GaussianDiffusion(nn.Module):
    """Forward process x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, eps ~ N(0, I).

    The process of [1]_. The methods take embeddings and noise (batch, M, d) and int64
    timesteps (batch,), from 0 to T - 1.

    Parameters
    ----------
    betas : Tensor of shape (n_timesteps,)
        Noise variances in (0, 1) of a schedule.

    Attributes
    ----------
    n_timesteps : int
        Number of timesteps T.
    alphas_cumprod : Tensor of shape (n_timesteps,), dtype float64
        abar_t, the share of the signal's variance that is left at step t. It stays
        on the CPU, where the samplers read it.
    signal_scale, noise_scale : buffers of shape (n_timesteps,), dtype float32
        sqrt(abar_t) and sqrt(1 - abar_t). They follow the module's device.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (forward process).
    """

    signal_scale: Tensor
    noise_scale: Tensor

    def __init__(self, betas: Tensor) -> None:
        super().__init__()
        if (
            betas.ndim != 1
            or len(betas) == 0
            or not bool(((0 < betas) & (betas < 1)).all())
        ):
            raise ValueError(
                "betas must be a non-empty vector of numbers between 0 and 1, "
                f"got {betas}."
            )
        self.n_timesteps = len(betas)
        self.alphas_cumprod = (1 - betas.double().cpu()).cumprod(0)  # (T,)
        # Rooted in double precision: 1 - abar_0 is about 1e-4, and cancels in single.
        signal_scale = self.alphas_cumprod.sqrt().float()
        noise_scale = (1 - self.alphas_cumprod).sqrt().float()
        # Not persistent: they follow from the schedule, so no state dict needs them.
        self.register_buffer("signal_scale", signal_scale, persistent=False)
        self.register_buffer("noise_scale", noise_scale, persistent=False)

    def q_sample(self, x_0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Add standard normal noise: draw x_t given x_0."""
        signal_scale, noise_scale = self._scales(t)
        return signal_scale * x_0 + noise_scale * noise

    def predict_x0(self, x_t: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Remove noise: return the x_0 that `noise` turns into `x_t`."""
        signal_scale, noise_scale = self._scales(t)
        return (x_t - noise_scale * noise) / signal_scale

    def velocity_to_noise(self, x_t: Tensor, t: Tensor, velocity: Tensor) -> Tensor:
        """Return the noise behind the velocity sqrt(abar_t) eps - sqrt(1 - abar_t) x_0.

        A network may predict the velocity and still be trained on the noise. It is the
        easier task: where x_t is nearly all noise, x_t itself says what the noise is,
        and an error of the network shrinks by sqrt(abar_t) before `predict_x0` divides
        by it (Salimans & Ho, "Progressive Distillation for Fast Sampling of Diffusion
        Models", ICLR 2022, arXiv:2202.00512, appendix D).
        """
        signal_scale, noise_scale = self._scales(t)
        return noise_scale * x_t + signal_scale * velocity

    def _scales(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return the coefficients of each row, (batch, 1, 1)."""
        return self.signal_scale[t, None, None], self.noise_scale[t, None, None]
