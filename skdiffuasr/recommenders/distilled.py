"""A recommender that learns what others expect, beside what came next."""

from dataclasses import field
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._progress import stage
from skdiffuasr._sklearn_bases import CallbackSupportMixin
from skdiffuasr._sklearn_compat import HasMethods, Interval, fit_context
from skdiffuasr._typing import IdArray, IntArray, RandomState, SequencesLike
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.cooccurrence import CooccurrenceRecommender
from skdiffuasr.recommenders.ensemble import EnsembleRecommender
from skdiffuasr.recommenders.members import (
    check_member,
    fit_member,
    member_item_ids,
    set_random_states,
)
from skdiffuasr.recommenders.neural import BaseNeuralRecommender
from skdiffuasr.recommenders.sasrec import SASRecEstimator
from skdiffuasr.recommenders.soft_labels import soft_labels
from skdiffuasr.recommenders.student import fit_student
from skdiffuasr.recommenders.validation import encode_validation
from skdiffuasr.sequences import Sequences, SequenceVariants, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences

#: Weight of the neighbours in the default teacher, beside 1 of the networks.
COOCCURRENCE_WEIGHT = 0.4

#: Number of items in a label unless the user says otherwise.
N_LABELS = 64


@estimator_class
class DistilledRecommender(CallbackSupportMixin, BaseRecommender):
    """One network that learns from a teacher, such as an ensemble, as well.

    After every item of the training histories, the last one too, the teacher says which
    items it expects next. The student is trained on these soft labels and on the true
    next items together [1]_. It comes near the teacher and costs no more than without
    one when it recommends.

    Labels are made once, each from the history up to its item. They take 8 bytes for
    each of the `n_labels` labels of each interaction, in all variants: 100 MB for
    200,000 interactions and 64 labels; and twice as much where some are not read.

    Parameters
    ----------
    student : neural recommender, default=None
        What is trained; its ``loss`` must be ``"ce"``. Soft labels regularise: it does
        well with less dropout and more dimensions than a network that is trained alone.
        None means ``SASRecEstimator(embedding_dim=128, dropout=0.2)``.
    teacher : recommender, default=None
        What can be a member of an `EnsembleRecommender`. A clone is fitted on what the
        student is trained on, without what is held out for early stopping.
        ``FrozenEstimator(teacher)`` is used as it is; it should not have seen that.
        None means an `EnsembleRecommender` of four clones of the student, or of four
        `SASRecEstimator` with their own defaults if that is None, too; together with a
        `CooccurrenceRecommender` of weight 0.4.
    teacher_weight : float, default=0.5
        Share of the soft labels in the loss, from 0 to 1; the rest is the true next
        item's. 0 trains the student alone, and no teacher.
    n_labels : int, default=None
        Number of items in a label: those that the teacher finds the most likely. Items
        of the history may be among them. None means 64, or all items if there are
        fewer.
    temperature : float, default=1.0
        Divides the teacher's scores before their softmax; a higher one makes the labels
        more even.
    augmenter : augmenter, default=None
        A clone is fitted on what the student is trained on, and puts out variants of
        it. The teacher labels these, too, and each epoch draws one variant of every
        history, the given one among them.
    keep_teacher : bool, default=False
        Whether to keep the fitted teacher as `teacher_`, which a pickle and a model
        file then hold as well.
    random_state : int, RandomState instance or None, default=None
        Becomes that of the student, and draws those of teacher and augmenter. None
        leaves theirs as they are; the default teacher has the student's.
    verbose : int, default=0
        Print a line every `verbose` epochs of teacher and student, and how many labels
        the teacher has made. A notebook shows bars instead, if rich is installed. 0
        leaves it to the `verbose` of student, teacher and augmenter.

    Attributes
    ----------
    student_ : neural recommender
        The trained student. Its own methods do the same, at the same cost.
    teacher_ : recommender
        The fitted teacher; only with ``keep_teacher=True`` and a `teacher_weight` that
        is not 0.
    loss_curve_, validation_scores_ : list of float
        Those of the student: mean training loss, and NDCG@10 on the held-out items.
    best_epoch_, n_iter_ : int
        The epoch that the student's weights are from, and the number of epochs.

    See Also
    --------
    SASRecEstimator : The default student.

    References
    ----------
    .. [1] Hinton et al., "Distilling the Knowledge in a Neural Network", 2015,
       arXiv:1503.02531.

    Examples
    --------
    >>> from skdiffuasr.recommenders import (
    ...     DistilledRecommender, MarkovRecommender, SASRecEstimator
    ... )
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> student = SASRecEstimator(8, learning_rate=0.02, random_state=0)
    >>> recommender = DistilledRecommender(student, MarkovRecommender(), n_labels=3)
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _parameter_constraints = {
        **BaseRecommender._parameter_constraints,
        "student": [BaseNeuralRecommender, None],
        "teacher": [HasMethods(["fit", "get_params"]), None],
        "teacher_weight": [Interval(Real, 0, 1, closed="both")],
        "n_labels": [Interval(Integral, 1, None, closed="left"), None],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "augmenter": [HasMethods(["fit_transform"]), None],
        "keep_teacher": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    student: Any = field(default=None, kw_only=False)
    teacher: Any = field(default=None, kw_only=False)
    teacher_weight: float = 0.5
    n_labels: int | None = None
    temperature: float = 1.0
    augmenter: Any = None
    keep_teacher: bool = False
    random_state: RandomState = None
    verbose: int = 0

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: SequencesLike,
        y: Any = None,
        X_val: SequencesLike | None = None,
        y_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the teacher, label the histories, and train the student.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Not learned from; handed on to the callbacks, those of the student among
            them, which are told of its epochs.
        X_val : Sequences or iterable of n_val sequences of item ids, default=None
            Histories by which student and teacher stop early. Without them, and with a
            student that stops early, the last items of some histories of `X` are held
            out from both, as the student alone would.
        y_val : array-like of shape (n_val,), default=None
            The item that came next, for each history of `X_val`.

        Returns
        -------
        self : estimator
            The fitted recommender.

        Raises
        ------
        NotFittedError
            If what a frozen teacher holds is not fitted.
        TypeError
            If the teacher is not a recommender, or its item ids are integers and those
            of `X` strings, or the other way round.
        ValueError
            If the student has another loss than ``"ce"``, `n_labels` is larger than the
            catalogue, or a frozen teacher has other items than `X`. Errors of student,
            teacher and augmenter pass through.
        """
        X = X_given = check_sequences(X)
        student, teacher, augmenter = self._parts_to_fit()
        codes = student._fit_catalogue(X)
        self._take_catalogue(student)
        n_labels = self.n_labels or min(N_LABELS, len(self.item_ids_))
        if teacher is not None and n_labels > len(self.item_ids_):
            raise ValueError(
                f"n_labels={n_labels}, but X has {len(self.item_ids_)} items; use "
                "at most as many labels."
            )
        if isinstance(teacher, FrozenEstimator):
            self._codes_of(teacher)  # raises before anything is trained
        validation = encode_validation(student, X_val, y_val)
        seed = student._draw_seed()
        training, validation = student._hold_out(codes, validation, seed)
        X_train = self._decode(training)
        if X_val is None and validation is not None:  # held out of X
            X = X_train
            X_val, y_val = self._decode(validation[0]), self.item_ids_[validation[1]]
        if teacher is not None and not isinstance(teacher, FrozenEstimator):
            fit_member(
                teacher,
                X,
                None,
                {"X_val": X_val, "y_val": y_val},
                stage_name="teacher",
                verbose=self.verbose,
            )
        if augmenter is not None:
            with stage(verbose=self.verbose):
                augmented = augmenter.fit_transform(X_train)
            X_train = SequenceVariants([X_train, augmented])
            training = encode_sequences(X_train, self.item_ids_, "error")
        labels = None
        if teacher is not None:
            with stage("teacher", verbose=self.verbose):
                labels = soft_labels(
                    teacher,
                    X_train,
                    self._codes_of(teacher),
                    n_labels=n_labels,
                    temperature=self.temperature,
                    teacher_weight=self.teacher_weight,
                )
            if self.keep_teacher:
                self.teacher_ = teacher
        with stage("student", verbose=self.verbose):
            fit_student(
                student,
                self,
                X_given,
                y,
                training=training,
                validation=validation,
                seed=seed,
                labels=labels,
            )
        self._take_catalogue(student)  # with cold items, if it knows any
        return self

    def _take_catalogue(self, student: BaseNeuralRecommender) -> None:
        self.item_ids_: IdArray = student.item_ids_
        self.item_counts_: IntArray = student.item_counts_

    def _parts_to_fit(self) -> tuple[BaseNeuralRecommender, Any, Any]:
        """Return unfitted student, teacher and augmenter with their random states."""
        student = clone(self._student())
        if self.random_state is not None:
            student.set_params(random_state=self.random_state)
        student._validate_params()
        student._check_parameters()
        if student.loss != "ce":
            raise ValueError(
                f"The student's loss={student.loss!r} cannot learn soft labels; use "
                "loss='ce'."
            )
        teacher: Any = None
        augmenter: Any = None
        if self.teacher_weight > 0:
            if self.teacher is None:
                teacher = self._default_teacher(student)
            else:
                check_member(self.teacher, "teacher")
                teacher = clone(self.teacher)
        if self.augmenter is not None:
            augmenter = clone(self.augmenter)
        if self.random_state is not None:
            rng = check_random_state(self.random_state)
            for part in (teacher, augmenter):
                if part is not None:
                    set_random_states(part, rng)
        return student, teacher, augmenter

    def _student(self) -> BaseNeuralRecommender:
        if self.student is None:
            return SASRecEstimator(embedding_dim=128, dropout=0.2)
        student: BaseNeuralRecommender = self.student
        return student

    def _default_teacher(self, student: Any) -> EnsembleRecommender:
        """Return what labels well; an interrupt of a member ends the whole fit."""
        member = SASRecEstimator() if self.student is None else clone(student)
        member.set_params(unknown_items="ignore", keep_interrupted=False)
        vars(member).pop("_skl_callbacks", None)  # the student's, which clones keep
        members = [
            ("networks", EnsembleRecommender(member)),
            ("neighbours", CooccurrenceRecommender()),
        ]
        return EnsembleRecommender(
            members,
            weights=[1, COOCCURRENCE_WEIGHT],
            random_state=student.random_state,
        )

    def _decode(self, codes: Sequences) -> Sequences:
        """Return histories of item codes as ids."""
        if isinstance(codes, SequenceVariants):
            return codes.map(self._decode)
        ids = self.item_ids_[codes.values]
        return Sequences._unchecked(ids, codes.offsets, codes.roles, codes.user_ids)

    def _codes_of(self, teacher: Any) -> IntArray:
        """Return the item codes of a teacher's columns, or raise if they do not fit.

        One that was fitted here may lack items that are held out. Cold items are no
        labels; their code is -1.
        """
        is_frozen = isinstance(teacher, FrozenEstimator)
        known = member_item_ids(teacher)
        codes = encode_items(known, self.item_ids_, "teacher's items")
        extra = known[(codes < 0) & _is_seen(teacher)]
        missing = np.setdiff1d(self.item_ids_[self.item_counts_ > 0], known)
        if len(extra) or (is_frozen and len(missing)):
            example = (extra if len(extra) else missing)[0].item()
            raise ValueError(
                f"The teacher's catalogue must be that of X, but it has {len(extra)} "
                f"items that X lacks, and lacks {len(missing)} that X has, such as "
                f"{example!r}; fit it on the same items"
                f"{', or pass it without FrozenEstimator' if is_frozen else ''}."
            )
        return codes

    def _fit(self, codes: Sequences) -> None:
        """Do nothing: `fit` learns from ids and codes."""

    def _score(self, codes: Sequences) -> Tensor:
        return self.student_._score(codes)

    def _scoring_module(self) -> Any:
        return self.student_._scoring_module()

    def _scorer(self, codes: Sequences) -> Any:
        return self.student_._scorer(codes)

    def _item_cosines(self, codes: IntArray) -> Any:
        return self.student_._item_cosines(codes)

    def _parts(self) -> dict[str, Any]:
        """Return student and teacher, for `set_known`."""
        student = self._student()
        teacher = self.teacher
        if teacher is None and hasattr(student, "get_params"):
            teacher = self._default_teacher(student)
        return {"student": student, "teacher": teacher}

    @property
    def early_stopping(self) -> bool:
        """Whether the student stops early, and `fit` takes `X_val` and `y_val`."""
        return self.student is None or self.student.early_stopping

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a student; the catalogue alone comes before it."""
        return hasattr(self, "student_")

    @property
    def loss_curve_(self) -> list[float]:
        """Mean training loss of each epoch."""
        return self._of_student("loss_curve_")

    @property
    def validation_scores_(self) -> list[float]:
        """NDCG@10 on the held-out items after each epoch."""
        return self._of_student("validation_scores_")

    @property
    def best_epoch_(self) -> int:
        """The epoch that the weights are from, counted from 1."""
        return self._of_student("best_epoch_")

    @property
    def n_iter_(self) -> int:
        """Number of epochs that were run."""
        return self._of_student("n_iter_")

    def _of_student(self, name: str) -> Any:
        check_is_fitted(self)
        return getattr(self.student_, name)


def _is_seen(teacher: Any) -> npt.NDArray[np.bool_]:
    """Return which columns of a teacher are of items that it was trained on."""
    try:
        return fitted_attribute(teacher, "item_counts_") > 0
    except AttributeError:
        return np.ones(len(member_item_ids(teacher)), dtype=bool)
