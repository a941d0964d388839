"""DiffuASR as a scikit-learn transformer."""

from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, check_memory
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_bases import CallbackSupportMixin
from skdiffuasr._sklearn_compat import HasMethods, Interval, StrOptions, fit_context
from skdiffuasr._typing import (
    FloatArray,
    IntArray,
    SequencesLike,
    Weights,
)
from skdiffuasr.augmentation.base import BaseAugmenter, check_enough_items
from skdiffuasr.augmentation.fitting import (
    cached_fit,
    fit_denoiser,
    fit_first_item_classifier,
)
from skdiffuasr.augmentation.generation import generate_codes
from skdiffuasr.augmentation.guides import (
    Guide,
    LogProbability,
    check_classifier,
    classifier_free_guide,
    classifier_guide,
    classifier_log_probability,
    conditional_guide,
    recommender_log_probability,
)
from skdiffuasr.augmentation.item_embeddings import initial_embeddings, is_name
from skdiffuasr.augmentation.training_pairs import (
    TrainingPairs,
    check_training_pairs,
    find_training_pairs,
)
from skdiffuasr.metrics import pseudo_item_quality
from skdiffuasr.model_selection import leave_first_out
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.first_item_classifier import FirstItemClassifier
from skdiffuasr.nn.samplers import sampling_timesteps
from skdiffuasr.nn.schedules import make_betas
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.keys import row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.training import (
    epoch_callbacks,
    from_weights,
    resolve_device,
    to_weights,
)

_UNFITTED = (
    "{} is an unfitted %(name)s. Pass a fitted one inside "
    "sklearn.frozen.FrozenEstimator, or clone(), and so every search, unfits it."
)


@estimator_class
class DiffusionSequenceAugmenter(CallbackSupportMixin, BaseAugmenter):
    r"""Put generated items before each history, as DiffuASR does.

    A diffusion model over item embeddings, with a sequential U-Net as its noise model,
    learns which M items come before a history [1]_; `transform` generates them from
    noise and puts them in front. The pseudo items are counted by ``n_pseudo`` of the
    resulting `Sequences`, so that a recommender does not learn to predict them. In
    every step of sampling the estimate of the clean embeddings is clamped to the
    largest coordinate of the item table, in absolute value.

    Parameters
    ----------
    guidance : {"classifier_free", "classifier"} or None, default="classifier_free"
        How generation is drawn towards the history: away from what the model generates
        without it, or along the gradient of a classifier that predicts the history's
        first item from the pseudo items. None leaves the conditional model as it is.
    guidance_scale : float, default=1.0
        Strength gamma of the guidance. It acts in sampling alone.
    classifier : fitted SASRecEstimator, default=None
        The next-item recommender of ``guidance="classifier"``. None trains a
        classifier inside, on the same pairs as the diffusion.
    classifier_input : {"x0", "noisy"}, default="noisy"
        Whether the classifier reads the estimate of the clean embeddings or the noisy
        ones; ``docs/measurements.md`` compares them.
    item_embeddings : str, array-like, mapping or recommender, default="cooccurrence"
        The space in which items are generated. ``"cooccurrence"`` factorises the
        pointwise mutual information of items in the histories; ``"learned"`` trains
        a table together with the diffusion. An array (n_items, d) has one row for each
        item of `X` in sorted order, a mapping goes from item id to vector, a pandas
        DataFrame has the item ids as its index, and a fitted recommender is asked for
        `item_embeddings_`. All are centred and scaled to the norm :math:`\sqrt{d}`,
        the scale of the noise.
    freeze_item_embeddings : bool, default=True
        Whether given or factorised embeddings stay as they are. Those that are
        ``"learned"`` never do.
    embedding_dim : int, default=16
        Number d of dimensions of embeddings that are not given. The SU-Net sees each
        as a square image; a number that is not a square goes through a linear map. [1]_
        has 64, which takes longer to learn; ``docs/measurements.md`` compares them.
    training_pairs : {"windows", "heads"}, default="windows"
        ``"windows"`` trains on every M consecutive items that are followed by another;
        ``"heads"`` on the first M items of each history alone, as in [1]_.
    base_channels : int, default=None
        Channels of the first level of the SU-Net, a multiple of 8. None chooses by M.
    n_res_blocks : int, default=2
        Residual blocks per level of the SU-Net.
    dropout : float, default=0.1
        Dropout in the residual blocks.
    schedule : {"linear", "quadratic", "sigmoid", "cosine"}, default="linear"
        Noise schedule.
    n_timesteps : int, default=1000
        Number T of timesteps of the forward process.
    condition_dropout : float, default=0.1
        Share of training pairs whose history is hidden from the noise model, which is
        what classifier-free guidance needs.
    rounding_weight : float, default=0.1
        Weight of the rounding loss that keeps trained item embeddings apart. It does
        nothing where they are frozen.
    sampler : {"ddim", "ddpm"}, default="ddim"
        Sampler of the reverse process.
    n_sampling_steps : int, default=5
        Number of its steps, at most `n_timesteps`.
    eta : float, default=0.0
        Share of fresh noise in a step of DDIM; 0 is deterministic.
    unique : bool, default=False
        Whether the pseudo items of a row must differ from each other and from the
        items of its history.
    n_variants : int, default=1
        Number of variants of each history, from other noise, of which a recommender
        draws one per epoch: one fixed prefix identifies its user. At prediction the
        first is read.
    augment_at : {"always", "fit"}, default="always"
        ``"always"`` augments the histories given to `transform` as well as those given
        to `fit_transform`, as in [1]_; ``"fit"`` the latter alone.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    batch_size : int, default=128
        Number of training pairs in a batch.
    max_epochs : int, default=100
        Upper bound of the number of passes over the training pairs.
    validation_fraction : float, default=0.1
        Share of the histories whose pairs are set aside to choose the best weights.
    patience : int, default=20
        Number of epochs without improvement before training stops.
    ema_decay : float, default=0.999
        Decay of the moving average of the weights, with which everything is generated.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training: generate from the others of
        the history, or raise. They stay in the history in any case.
    memory : str or joblib.Memory, default=None
        Cache of the trainings. A search over the parameters of sampling
        (`guidance_scale`, `guidance`, `sampler`, `n_sampling_steps`, `eta`, `unique`,
        `augment_at`, `max_history_length`) then trains once for each fold, provided
        `random_state` is an int. A training that a callback ended, or an interrupt,
        is not kept.
    device : str, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:<index>"``.
    precision : {"auto", "float32"}, default="auto"
        Of the products with the whole catalogue in training, and of those that find
        the items that may be nearest to a generated vector: ``"auto"`` multiplies in
        bfloat16 where the device does so in hardware, and on a GPU all else in training
        too; ``"float32"`` nowhere. What decides an item is in float32 in any case.
    random_state : int, RandomState instance or None, default=None
        Determines training and generation. The noise of a row depends on this and on
        the row's user id, or its items where there is none, and not on other rows.
    keep_interrupted : bool, default=False
        Whether Ctrl-C ends the training with a warning and keeps the best weights so
        far, instead of raising KeyboardInterrupt and leaving the estimator unfitted.
    verbose : int, default=0
        Print a line every `verbose` epochs.

    Attributes
    ----------
    item_embeddings_ : ndarray of float32 of shape (n_items, d)
        The space in which items are generated.
    n_training_pairs_ : int
        Number of pairs that were found, those set aside for validation included.
    fixed_parameters_ : dict of str to object
        Parameters that cannot change any more, with their values in `fit`.
    weights_ : dict of str to ndarray
        Averaged weights of the denoiser.
    classifier_weights_ : dict of str to ndarray
        Weights of the classifier that was trained inside; empty if there is none.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_scores_ : list of float
        Negative loss on the pairs set aside, after each epoch.
    best_epoch_ : int
        The epoch that the weights are from, counted from 1.
    n_iter_ : int
        Number of epochs that were run.
    seed_ : int
        Drawn from `random_state`; determines the training and the noise of each row.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.

    Examples
    --------
    >>> from skdiffuasr import DiffusionSequenceAugmenter
    >>> from skdiffuasr.datasets import make_sequences
    >>> X = make_sequences(n_users=200, n_items=50, random_state=0).X
    >>> augmenter = DiffusionSequenceAugmenter(
    ...     n_pseudo_items=3, embedding_dim=16, max_epochs=2, random_state=0
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
        "n_variants": [Interval(Integral, 1, None, closed="left")],
        "guidance": [StrOptions({"classifier_free", "classifier"}), None],
        "guidance_scale": [Interval(Real, None, None, closed="neither")],
        "classifier": [HasMethods(["fit", "to_module"]), None],
        "classifier_input": [StrOptions({"x0", "noisy"})],
        "item_embeddings": [
            StrOptions({"cooccurrence", "learned"}),
            "array-like",
            Mapping,
            HasMethods(["fit"]),
        ],
        "freeze_item_embeddings": ["boolean"],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "training_pairs": [StrOptions({"windows", "heads"})],
        "base_channels": [Interval(Integral, 8, None, closed="left"), None],
        "n_res_blocks": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "schedule": [StrOptions({"linear", "quadratic", "sigmoid", "cosine"})],
        "n_timesteps": [Interval(Integral, 1, None, closed="left")],
        "condition_dropout": [Interval(Real, 0, 1, closed="both")],
        "rounding_weight": [Interval(Real, 0, None, closed="left")],
        "sampler": [StrOptions({"ddim", "ddpm"})],
        "n_sampling_steps": [Interval(Integral, 1, None, closed="left")],
        "eta": [Interval(Real, 0, None, closed="left")],
        "unique": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
        "unknown_items": [StrOptions({"ignore", "error"})],
        "memory": [str, HasMethods(["cache"]), None],
        "device": [str],
        "precision": [StrOptions({"auto", "float32"})],
        "keep_interrupted": ["boolean"],
        "verbose": ["verbose"],
    }

    _fixed_by_fit = (
        "n_pseudo_items",
        "base_channels",
        "n_res_blocks",
        "schedule",
        "n_timesteps",
    )

    guidance: str | None = "classifier_free"
    guidance_scale: float = 1.0
    classifier: Any = None
    classifier_input: str = "noisy"
    item_embeddings: Any = "cooccurrence"
    freeze_item_embeddings: bool = True
    embedding_dim: int = 16
    training_pairs: str = "windows"
    base_channels: int | None = None
    n_res_blocks: int = 2
    dropout: float = 0.1
    schedule: str = "linear"
    n_timesteps: int = 1000
    condition_dropout: float = 0.1
    rounding_weight: float = 0.1
    sampler: str = "ddim"
    n_sampling_steps: int = 5
    eta: float = 0.0
    unique: bool = False
    n_variants: int = 1
    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 100
    validation_fraction: float = 0.1
    patience: int = 20
    ema_decay: float = 0.999
    unknown_items: str = "ignore"
    memory: Any = None
    device: str = "auto"
    precision: str = "auto"
    keep_interrupted: bool = False
    verbose: int = 0

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: SequencesLike, y: Any = None) -> Self:
        """Train the diffusion model on histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first. Pseudo items are not learned from.
        y : object, default=None
            Not learned from; handed on to the callbacks. Those that take a fitted
            estimator get one with ``guidance=None`` after each epoch where the
            classifier is trained inside: it comes after the denoiser.

        Returns
        -------
        self : DiffusionSequenceAugmenter
            The fitted augmenter.

        Raises
        ------
        ValueError
            If no history has more than `n_pseudo_items` items, if there are fewer than
            two different items, or if `item_embeddings` do not fit the catalogue, or
            `classifier` neither that nor the pseudo items.
        NotFittedError
            If `classifier` or `item_embeddings` is an unfitted recommender.

        Warns
        -----
        UserWarning
            If there are few training pairs.
        """
        self._check_parameters()
        X = check_sequences(X)
        histories = X.strip_pseudo()
        self.item_ids_ = np.unique(histories.values)
        if len(self.item_ids_) < 2:
            raise ValueError(
                f"X has {len(self.item_ids_)} different items; generating items takes "
                f"at least 2."
            )
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._remember_parameters()
        codes = encode_sequences(histories, self.item_ids_)
        pairs = find_training_pairs(codes, self.n_pseudo_items, self.training_pairs)
        check_training_pairs(pairs, codes, self.training_pairs)
        self.n_training_pairs_ = len(pairs)
        training, validation = pairs.split(self.validation_fraction, self.seed_)
        item_embeddings = initial_embeddings(
            self.item_embeddings, codes, self.item_ids_, self.embedding_dim, self.seed_
        )
        is_learned = is_name(self.item_embeddings, "learned")
        if self.guidance == "classifier" and self.classifier is not None:
            check_classifier(self.classifier, self.item_ids_, self.n_pseudo_items)
        trains_classifier = self._has_own_classifier()
        # It is not there yet when callbacks look at the denoiser.
        self.classifier_weights_: Weights = {}
        guidance = None if trains_classifier else self.guidance
        memory = check_memory(self.memory)
        with epoch_callbacks(
            self,
            X,
            y,
            max_epochs=self.max_epochs,
            fitted_attributes=lambda module: {
                "weights_": to_weights(module),
                "guidance": guidance,
            },
        ) as on_epoch_end:
            result = cached_fit(memory, fit_denoiser)(
                training,
                validation,
                item_embeddings,
                freeze_item_embeddings=self.freeze_item_embeddings and not is_learned,
                base_channels=self.base_channels,
                n_res_blocks=self.n_res_blocks,
                dropout=self.dropout,
                schedule=self.schedule,
                n_timesteps=self.n_timesteps,
                condition_dropout=self.condition_dropout,
                rounding_weight=self.rounding_weight,
                learning_rate=self.learning_rate,
                batch_size=self.batch_size,
                max_epochs=self.max_epochs,
                patience=self.patience,
                ema_decay=self.ema_decay,
                device=self.device,
                precision=self.precision,
                random_state=self.seed_,
                keep_interrupted=self.keep_interrupted,
                verbose=self.verbose,
                on_epoch_end=on_epoch_end,
            )
            self.weights_: Weights = result.weights
            self.loss_curve_ = result.loss_curve
            self.validation_scores_ = result.validation_curve
            self.best_epoch_ = result.best_epoch
            self.n_iter_ = len(result.loss_curve)
            if trains_classifier:
                self._fit_classifier(training, validation, memory)
        return self

    def _generate(self, codes: Sequences, keys: npt.NDArray[np.uint64]) -> IntArray:
        return self._generate_codes(codes, keys)

    def score(
        self, X: SequencesLike, y: Any = None, sample_weight: Any = None
    ) -> float:
        """How near the generated items are to items that were hidden.

        The first `n_pseudo_items` items of each history that is longer are hidden and
        generated anew from the rest.

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
        histories = check_sequences(X).strip_pseudo()
        codes = encode_sequences(histories, self.item_ids_, self.unknown_items)
        visible, hidden = leave_first_out(codes, self.n_pseudo_items)
        if self.unique:
            rows = np.flatnonzero(codes.lengths > self.n_pseudo_items)
            n_items = len(self.item_ids_)
            check_enough_items(visible, rows, n_items, self.n_pseudo_items)
        quality = pseudo_item_quality(
            self._generate_codes(visible, row_keys(visible, self.seed_)),
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

    def _generate_codes(
        self,
        codes: Sequences,
        keys: npt.NDArray[np.uint64],
        on_step: Callable[[Tensor], None] | None = None,
    ) -> IntArray:
        """Generate the codes (n, M) of pseudo items for histories of codes."""
        device = resolve_device(self.device)
        denoiser = from_weights(self._build_denoiser, self.weights_, device)
        diffusion = GaussianDiffusion(make_betas(self.schedule, self.n_timesteps))
        diffusion = diffusion.to(device)
        return generate_codes(
            denoiser,
            diffusion,
            self._make_guide(denoiser, diffusion),
            codes,
            keys,
            n_pseudo_items=self.n_pseudo_items,
            sampler=self.sampler,
            n_sampling_steps=self.n_sampling_steps,
            eta=self.eta,
            max_abs_x0=float(np.abs(self.item_embeddings_).max()),
            unique=self.unique,
            precision=self.precision,
            on_step=on_step,
        )

    def _fit_classifier(
        self, training: TrainingPairs, validation: TrainingPairs | None, memory: Any
    ) -> None:
        """Train the classifier of classifier guidance inside."""
        result = cached_fit(memory, fit_first_item_classifier)(
            training,
            validation,
            self.item_embeddings_,
            classifier_input=self.classifier_input,
            schedule=self.schedule,
            n_timesteps=self.n_timesteps,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            device=self.device,
            precision=self.precision,
            random_state=self.seed_,
            keep_interrupted=self.keep_interrupted,
            verbose=self.verbose,
        )
        self.classifier_weights_ = result.weights

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are weights; the catalogue alone comes before them."""
        return hasattr(self, "weights_")

    def _fixed_parameters(self) -> dict[str, Any]:
        fixed = super()._fixed_parameters()
        if isinstance(self.item_embeddings, str):
            fixed["item_embeddings"] = self.item_embeddings
            fixed["embedding_dim"] = self.embedding_dim
        else:
            fixed["item_embeddings"] = "given"
        if self._has_own_classifier():
            fixed["classifier_input"] = self.classifier_input
        return fixed

    def _has_own_classifier(self) -> bool:
        """Whether guidance is by the classifier that `fit` trains."""
        return self.guidance == "classifier" and self.classifier is None

    def _check_parameters(self) -> None:
        for name in ("classifier", "item_embeddings"):
            given = getattr(self, name)
            if hasattr(given, "fit"):
                check_is_fitted(given, msg=_UNFITTED.format(name))
        sampling_timesteps(self.n_timesteps, self.n_sampling_steps)

    def _build_denoiser(self) -> Denoiser:
        n_items, embedding_dim = self.item_embeddings_.shape
        return Denoiser(
            n_items,
            self.n_pseudo_items,
            embedding_dim,
            base_channels=self.base_channels,
            n_res_blocks=self.n_res_blocks,
            dropout=self.dropout,
        )

    def _make_guide(self, denoiser: Denoiser, diffusion: GaussianDiffusion) -> Guide:
        """Make the noise predictor of a batch, for the chosen guidance."""
        model = partial(denoiser.predict_noise, diffusion=diffusion)
        if self.guidance is None:
            return conditional_guide(model)
        if self.guidance == "classifier_free":
            return classifier_free_guide(
                model, denoiser.null_condition, self.guidance_scale
            )
        return classifier_guide(
            model,
            diffusion,
            self._log_probability(denoiser.catalogue()),
            self.guidance_scale,
            self.classifier_input,
        )

    def _log_probability(self, catalogue: Tensor) -> LogProbability:
        """Read the classifier that was handed over, or the one trained inside."""
        if self.classifier is not None:
            check_classifier(self.classifier, self.item_ids_, self.n_pseudo_items)
            return recommender_log_probability(
                self.classifier, self.item_ids_, catalogue
            )
        if not self.classifier_weights_:
            raise NotFittedError(
                "This DiffusionSequenceAugmenter was fitted without a classifier; fit "
                "it again with guidance='classifier'."
            )
        build = partial(FirstItemClassifier, self.n_pseudo_items, catalogue.shape[1])
        return classifier_log_probability(
            from_weights(build, self.classifier_weights_, catalogue.device), catalogue
        )
