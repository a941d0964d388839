"""DiffuASR as a scikit-learn transformer."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, check_memory
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_bases import CallbackSupportMixin
from skdiffuasr._sklearn_compat import HasMethods, Interval, fit_context
from skdiffuasr._typing import FloatArray, IntArray, SequencesLike, Weights
from skdiffuasr.augmentation.base import BaseAugmenter, check_enough_items
from skdiffuasr.augmentation.diffusion.generation import generate_codes
from skdiffuasr.augmentation.diffusion.guidance.base import (
    TrainedModel,
    without_guidance,
)
from skdiffuasr.augmentation.diffusion.parts import PART_CONSTRAINTS, PartsMixin
from skdiffuasr.augmentation.diffusion.training import (
    DenoiserTraining,
    TrainingRun,
    fit_denoiser,
)
from skdiffuasr.augmentation.diffusion.training_pairs import (
    check_training_pairs,
    find_training_pairs,
)
from skdiffuasr.augmentation.item_embeddings import normalise_embeddings
from skdiffuasr.metrics import pseudo_item_quality
from skdiffuasr.model_selection import leave_first_out
from skdiffuasr.nn.denoiser import Denoiser, on_sphere
from skdiffuasr.nn.precision import product_dtype
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.training import (
    NetworkMixin,
    epoch_callbacks,
    resolve_device,
    to_weights,
)
from skdiffuasr.training.parameters import TrainingParameters


@estimator_class
class DiffusionSequenceAugmenter(
    NetworkMixin, CallbackSupportMixin, PartsMixin, BaseAugmenter, TrainingParameters
):
    r"""Put generated items before each history, as DiffuASR does.

    A diffusion model over item embeddings learns which M items come before a history
    [1]_; `transform` generates them from noise and puts them in front. Pseudo items are
    marked as such, so that a recommender does not learn to predict them. In every step
    of sampling the estimate of the clean embeddings is clamped to the largest
    coordinate of the item table, in absolute value.

    `guidance`, `denoiser`, `schedule`, `sampler` and `item_embeddings` are parts: a
    name stands for one with its default values, and an object has parameters, which
    ``set_params(sampler__n_steps=3)`` and a search reach. The objects are in
    `skdiffuasr.augmentation.diffusion`, with base classes for your own.

    Parameters
    ----------
    guidance : str, BaseGuidance or None, default="classifier_free"
        How generation is drawn towards the history. ``"classifier_free"`` draws it away
        from what the model generates without the history, ``"classifier"`` along the
        gradient of a classifier that predicts the history's first item from the pseudo
        items; see `ClassifierGuidance`. None leaves the conditional model as it is.
    guidance_scale : float, default=1.0
        Strength gamma of the guidance. It acts in sampling alone.
    denoiser : str or BaseDenoiser, default="sunet"
        Architecture of the noise model: ``"sunet"``, ``"transformer"``, or any object
        with the methods `build`, `get_params` and `set_params`.
    schedule : str or BaseSchedule, default="linear"
        Noise schedule: ``"linear"``, ``"quadratic"``, ``"sigmoid"``, ``"cosine"``, or
        an object such as ``CosineSchedule(n_timesteps=500)``.
    sampler : str or BaseSampler, default="ddim"
        Sampler of the reverse process: ``"ddim"``, ``"ddpm"``, or an object such as
        ``DDIM(n_steps=10, eta=0.5)``.
    item_embeddings : str, BaseItemEmbeddings or vectors, default="cooccurrence"
        The space in which items are generated. ``"cooccurrence"`` and ``"learned"``
        stand for `CooccurrenceEmbeddings` and `LearnedEmbeddings`. Vectors are an
        array, mapping, DataFrame or fitted recommender; see `GivenEmbeddings`. All are
        centred and scaled to the norm :math:`\sqrt{d}`, the scale of the noise.
    training : DenoiserTraining, default=None
        What the denoiser is trained on, and when its training stops. None takes the
        default values.
    unique : bool, default=False
        Whether the pseudo items of a row must differ from each other and from the
        items of its history.
    memory : str or joblib.Memory, default=None
        Cache of the training runs. A search over the parameters of sampling
        (`guidance`, `guidance_scale`, `sampler`, `unique`, `augment_at`,
        `max_history_length`) then trains once for each fold, provided `random_state`
        is an int. A run that a callback or an interrupt ended is not kept.

    Attributes
    ----------
    item_embeddings_ : ndarray of float32 of shape (n_items, d)
        The space in which items are generated.
    n_training_pairs_ : int
        Number of training pairs, including those set aside for validation.
    weights_ : dict of str to ndarray
        Averaged weights of the denoiser.
    guidance_weights_ : dict of str to ndarray
        Weights of what the guidance trained, such as the classifier inside, if any.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.

    Examples
    --------
    >>> from skdiffuasr import DiffusionSequenceAugmenter
    >>> from skdiffuasr.augmentation.diffusion import DDIM
    >>> from skdiffuasr.datasets import make_sequences
    >>> X = make_sequences(n_users=200, n_items=50, random_state=0).X
    >>> augmenter = DiffusionSequenceAugmenter(
    ...     n_pseudo_items=3, sampler=DDIM(n_steps=3), max_epochs=2, random_state=0
    ... )
    >>> X_augmented = augmenter.fit_transform(X)
    >>> (X_augmented.lengths - X.lengths).tolist()[:3]
    [3, 3, 3]
    >>> augmenter.inverse_transform(X_augmented) == X
    True
    """

    _short_name = "diffusion"

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        **TrainingParameters._parameter_constraints,
        **PART_CONSTRAINTS,
        "guidance_scale": [Interval(Real, None, None, closed="neither")],
        "unique": ["boolean"],
        "memory": [str, HasMethods(["cache"]), None],
    }

    _fixed_by_fit = ("n_pseudo_items",)

    guidance: Any = "classifier_free"
    guidance_scale: float = 1.0
    denoiser: Any = "sunet"
    schedule: Any = "linear"
    sampler: Any = "ddim"
    item_embeddings: Any = "cooccurrence"
    training: DenoiserTraining | None = None
    unique: bool = False
    max_epochs: int = 100
    memory: Any = None

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Train the diffusion model on histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first. Pseudo items are not learned from.
        y : object, default=None
            Passed to the callbacks, and otherwise ignored. Callbacks that take a
            fitted estimator get one with ``guidance=None`` if the guidance trains a
            network, since that comes after the denoiser.

        Returns
        -------
        self : DiffusionSequenceAugmenter
            The fitted augmenter.

        Raises
        ------
        ValueError
            If no history has more than `n_pseudo_items` items, there are fewer than
            two different items, or a part does not fit the others or the catalogue.
        NotFittedError
            If a recommender that is a parameter is not fitted.

        Warns
        -----
        UserWarning
            If there are few training pairs.
        """
        X = check_sequences(X)
        codes = self._fit_catalogue(X)
        if len(self.item_ids_) < 2:
            raise ValueError(
                f"X has {len(self.item_ids_)} different items; generating items takes "
                f"at least 2."
            )
        guidance = self._part("guidance")
        if guidance is not None:
            guidance.check_catalogue(self.item_ids_, self.n_pseudo_items)
        trains_guidance = guidance is not None and guidance.trains
        # Its weights are not there yet when callbacks look at the denoiser.
        self.guidance_weights_: Weights = {}
        run = self._training_run(codes)
        with epoch_callbacks(
            self,
            X,
            y,
            max_epochs=self.max_epochs,
            fitted_attributes=lambda module: {
                "weights_": to_weights(module),
                "guidance": None if trains_guidance else self.guidance,
            },
        ) as on_epoch_end:
            self._fit_denoiser(replace(run, on_epoch_end=on_epoch_end), codes)
            if trains_guidance:
                run = replace(run, name=f"{run.name}, {type(guidance).__name__}")
                self.guidance_weights_ = guidance.train(run, self.item_embeddings_)
        return self

    def _training_run(self, codes: Sequences) -> TrainingRun:
        """Find the training pairs in histories of codes, and say how to train."""
        training = self._part("training")
        pairs = find_training_pairs(codes, self.n_pseudo_items, training.pairs)
        check_training_pairs(pairs, codes, training.pairs)
        self.n_training_pairs_ = len(pairs)
        device = resolve_device(self.device)
        return TrainingRun(
            *pairs.split(training.validation_fraction, self.seed_),
            schedule=self._part("schedule"),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=training.patience,
            device=device,
            dtype=product_dtype(device, self.precision),
            random_state=self.seed_,
            memory=check_memory(self.memory),
            checkpoint=self._checkpoint,
            keep_interrupted=self.keep_interrupted,
            name=type(self).__name__,
            verbose=self.verbose,
        )

    def _fit_denoiser(self, run: TrainingRun, codes: Sequences) -> None:
        embeddings = self._part("item_embeddings")
        result = run.fit(
            fit_denoiser,
            normalise_embeddings(embeddings.table(codes, self.item_ids_, self.seed_)),
            denoiser=self._part("denoiser"),
            training=self._part("training"),
            rounding_weight=None if embeddings.freeze else embeddings.rounding_weight,
        )
        if not embeddings.freeze:  # the network reads directions, others the table
            table = torch.from_numpy(result.weights["item_embedding.weight"])
            result.weights["item_embedding.weight"] = on_sphere(table).numpy()
        self._store(result)

    def score(
        self, X: SequencesLike, y: Any = None, sample_weight: Any = None
    ) -> float:
        """Measure how near the generated items are to hidden ones.

        The first `n_pseudo_items` items of each longer history are hidden and generated
        anew from the rest.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Ignored.
        sample_weight : object, default=None
            Ignored.

        Returns
        -------
        similarity : float
            Mean over the generated items of the cosine, in the space of
            `item_embeddings_`, to the nearest of the row's hidden items. Random draws
            score above 0: compare with them.

        Raises
        ------
        ValueError
            If no history of `X` has more than `n_pseudo_items` known items.
        """
        self._check_fitted()
        codes = self._encode(check_sequences(X))[0].codes
        visible, hidden = leave_first_out(codes, self.n_pseudo_items)
        if self.unique:
            rows = np.flatnonzero(codes.lengths > self.n_pseudo_items)
            n_items = len(self.item_ids_)
            check_enough_items(visible, rows, n_items, self.n_pseudo_items)
        quality = pseudo_item_quality(
            self._generate(visible, row_keys(visible, self.seed_)),
            hidden,
            len(self.item_ids_),
            item_embeddings=self.item_embeddings_,
        )
        return quality["similarity"]

    @property
    def item_embeddings_(self) -> FloatArray:
        """The space in which items are generated, (n_items, d)."""
        check_is_fitted(self)
        return self.weights_["item_embedding.weight"]

    def _generate(
        self,
        codes: Sequences,
        keys: npt.NDArray[np.uint64],
        on_step: Callable[[Tensor], None] | None = None,
    ) -> IntArray:
        """Generate the codes (n, M) of pseudo items for histories of codes."""
        model = self._model()
        guidance = self._part("guidance")
        return generate_codes(
            model,
            without_guidance(model)
            if guidance is None
            else guidance.guide(model, self.guidance_scale),
            self._part("sampler"),
            codes,
            keys,
            unique=self.unique,
            precision=self.precision,
            on_step=on_step,
            verbose=self.verbose,
        )

    def _model(self) -> TrainedModel:
        """Return the trained networks, on the device."""
        device = resolve_device(self.device)
        n_items, embedding_dim = self.item_embeddings_.shape
        build = self._part("denoiser").build
        return TrainedModel(
            self._network(
                partial(Denoiser, n_items, self.n_pseudo_items, embedding_dim, build),
                self.weights_,
                device,
            ),
            self._part("schedule").diffusion().to(device),
            self.item_ids_,
            self.n_pseudo_items,
            partial(self._guidance_network, device=device),
        )

    def _guidance_network(
        self, build: Callable[[], nn.Module], device: torch.device
    ) -> nn.Module:
        """Return the network that the guidance trained."""
        if not self.guidance_weights_:
            raise NotFittedError(
                f"This DiffusionSequenceAugmenter was fitted without what its guidance "
                f"trains, such as a classifier; fit it again with "
                f"guidance={self.guidance!r}."
            )
        return self._network(build, self.guidance_weights_, device, name="guidance")
