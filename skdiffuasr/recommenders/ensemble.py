"""Several recommenders that score as one."""

from collections.abc import Callable
from dataclasses import field
from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch, check_array, check_random_state
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_bases import BaseComposition
from skdiffuasr._sklearn_compat import HasMethods, Interval, fit_context
from skdiffuasr._typing import FloatArray, IdArray, IntArray, RandomState, SequencesLike
from skdiffuasr.nn.scoring import MeanScores
from skdiffuasr.recommenders.averaging import mean_scorer
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.members import (
    check_id_types,
    check_member,
    check_pairs,
    fit_members,
    item_cosines,
    log_probability_scorer,
    member_item_ids,
    n_epochs,
    served_member,
    set_random_states,
)
from skdiffuasr.recommenders.sasrec import SASRecEstimator
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items

#: Name of what is fixed by `fit` if there is a list of members.
_NAMES = "names of estimator"


@estimator_class
class EnsembleRecommender(BaseComposition, BaseRecommender):
    """Average the log-probabilities of several recommenders.

    Networks that differ in nothing but the seed err on different items, and their
    average errs less than each of them [1]_ [2]_. So does the average of networks of
    different kinds. Training and scoring cost as much as those of all members together.

    The score of an item is the weighted mean of its log-probabilities, normalised
    again: it is a log-probability, too. The catalogue is the union of the members'.
    These have the same unless some are frozen. An item that a member does not know has
    there the lowest log-probability of the row: the member holds it for as unlikely as
    anything that it knows, and the others can still recommend it.

    Members score one after the other, a block of rows at a time. In memory are a block
    of scores for each member and one for the result, of up to 16 MiB each, or 64 rows
    of large catalogues, and the members' hidden states of all rows.

    Parameters
    ----------
    estimator : recommender or list of (str, recommender), default=None
        One recommender, of which `n_estimators` copies are trained that differ in the
        seed, or a list of named members. None means ``SASRecEstimator()``. A member
        has `fit` and `predict_log_proba` or `decision_function`, and `item_ids_` when
        fitted; it can be a pipeline or a search. One in a
        ``sklearn.frozen.FrozenEstimator`` is not fitted again.
    n_estimators : int, default=4
        Number of copies; without effect if `estimator` is a list.
    weights : array-like of shape (n_members,), default=None
        Weights of the members, which are normalised to a sum of 1. They may change
        after `fit`. None weighs all alike.
    n_jobs : int, default=None
        Number of processes that train members, as joblib counts them. Torch's threads
        are divided among them. None means 1.
    random_state : int, RandomState instance or None, default=None
        Determines the `random_state` of every copy or member, and of estimators inside
        it. With None the members of a list keep their own.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that no member knows.
    verbose : int, default=0
        Print a line when a member is fitted, and every `verbose` epochs of each, such
        as ``member 2/4, SASRecEstimator: epoch 3/200, ...``. A notebook shows bars
        instead, if rich is installed. 0 leaves it to the members' own `verbose`.

    Attributes
    ----------
    estimators_ : list of recommender
        The fitted members.
    named_estimators_ : sklearn.utils.Bunch
        The fitted members by name, if `estimator` is a list.
    item_ids_ : ndarray of shape (n_items,)
        The union of the members' catalogues, sorted.
    item_counts_ : ndarray of int64 of shape (n_items,)
        Occurrences in `X` of `fit`; pseudo items do not count.
    n_iter_ : int
        The largest number of epochs of a member; 0 if none is trained in epochs.
    fixed_parameters_ : dict of str to object
        `n_estimators`, or the names of the members, as `fit` found them.

    References
    ----------
    .. [1] Hansen and Salamon, "Neural Network Ensembles", IEEE Transactions on Pattern
       Analysis and Machine Intelligence 12(10), 1990.
    .. [2] Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable Predictive
       Uncertainty Estimation using Deep Ensembles", NeurIPS 2017, arXiv:1612.01474.

    Examples
    --------
    >>> from skdiffuasr.recommenders import (
    ...     EnsembleRecommender,
    ...     MarkovRecommender,
    ...     PopularityRecommender,
    ... )
    >>> histories = [["tea", "milk"], ["tea", "milk"], ["jam", "bread"], ["bread"]]
    >>> ensemble = EnsembleRecommender(
    ...     [("markov", MarkovRecommender()), ("popular", PopularityRecommender())],
    ...     weights=[3, 1],
    ... )
    >>> ensemble.fit(histories).predict([["tea"], ["jam"]]).tolist()
    ['milk', 'bread']
    >>> ensemble.named_estimators_.popular.predict([["tea"]]).tolist()
    ['bread']

    Copies of one recommender, with other seeds:

    >>> from skdiffuasr.recommenders import SASRecEstimator
    >>> sasrec = SASRecEstimator(8, max_epochs=2, early_stopping=False)
    >>> ensemble = EnsembleRecommender(sasrec, n_estimators=2, random_state=0)
    >>> len(ensemble.fit(histories).estimators_)
    2
    """

    _parameter_constraints = {
        **BaseRecommender._parameter_constraints,
        "estimator": [HasMethods(["fit", "get_params"]), list, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "weights": ["array-like", None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    estimator: Any = field(default=None, kw_only=False)
    n_estimators: int = 4
    weights: npt.ArrayLike | None = None
    n_jobs: int | None = None
    random_state: RandomState = None
    verbose: int = 0

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with those of the members.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the members of a list by their names, and the parameters of
            members: ``estimator__max_epochs``, or ``<name>__max_epochs`` in a list.

        Returns
        -------
        params : dict of str to object
            Values by parameter.
        """
        if isinstance(self.estimator, list):
            return self._get_params("estimator", deep)
        return BaseRecommender.get_params(self, deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters by the names that `get_params` returns.

        Parameters
        ----------
        **params : object
            Values by parameter. The name of a member of a list replaces that member.

        Returns
        -------
        self : EnsembleRecommender
            The estimator itself.
        """
        return self._set_params("estimator", **params)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: SequencesLike,
        y: Any = None,
        X_val: SequencesLike | None = None,
        y_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the members that are not frozen, on the same histories.

        A fit that fails or is interrupted leaves the estimator unfitted, even if it was
        fitted before.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first.
        y : object, default=None
            Passed to the members.
        X_val : Sequences or iterable of n_val sequences of item ids, default=None
            Histories for early stopping, passed to the members whose `fit` takes them
            and that stop early.
        y_val : array-like of shape (n_val,), default=None
            The item that came next, for each history of `X_val`.

        Returns
        -------
        self : EnsembleRecommender
            The fitted ensemble.

        Raises
        ------
        TypeError
            If a member is not a recommender, or item ids of `X` and frozen members are
            integers here and strings there.
        ValueError
            If `estimator` is an empty list or has a name twice, `weights` do not fit,
            or only one of `X_val` and `y_val` is given. Errors of a member pass
            through.
        NotFittedError
            If what a frozen member holds is not fitted.
        """
        self._check_parameters()
        X = check_sequences(X)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together.")
        validation = {}
        if X_val is not None:
            X_val = check_sequences(X_val, input_name="X_val")
            validation = {"X_val": X_val, "y_val": y_val}
        members = self._unfitted_members()
        frozen = {name: each for name, each in members if _is_frozen(each)}
        catalogues = {name: member_item_ids(frozen[name]) for name in frozen}
        check_id_types({"X": X.values} | catalogues)
        to_fit = [member for _, member in members if not _is_frozen(member)]
        fitted = fit_members(
            to_fit,
            X,
            y,
            validation,
            n_jobs=self.n_jobs,
            name=type(self).__name__,
            verbose=self.verbose,
        )
        self.estimators_ = [
            member if _is_frozen(member) else fitted.pop(0) for _, member in members
        ]
        known = [member_item_ids(member) for member in self.estimators_]
        self._count_items(X, np.unique(np.concatenate(known)))
        return self

    @property
    def named_estimators_(self) -> Bunch:
        """The fitted members of a list, by name."""
        names = getattr(self, "fixed_parameters_", {}).get(_NAMES)
        if names is None:
            raise AttributeError(
                "named_estimators_ needs a fitted ensemble whose estimator is a list."
            )
        return Bunch(**dict(zip(names, self.estimators_, strict=True)))

    @property
    def n_iter_(self) -> int:
        """The largest number of epochs of a member."""
        return max(map(n_epochs, self.estimators_))

    def _parts(self) -> dict[str, Any]:
        """Return the members by parameter, for `set_known`."""
        if isinstance(self.estimator, list):
            return dict(self.estimator)
        return {
            "estimator": SASRecEstimator() if self.estimator is None else self.estimator
        }

    def _unfitted_members(self) -> list[tuple[str, Any]]:
        """Clone the members, with seeds of their own and how errors call them."""
        if isinstance(self.estimator, list):
            members = [(f"member {k!r}", clone(v)) for k, v in self.estimator]
        else:
            (one,) = self._parts().values()
            members = [("estimator", clone(one)) for _ in range(self.n_estimators)]
        if self.random_state is not None or not isinstance(self.estimator, list):
            rng = check_random_state(self.random_state)
            for _, member in members:
                set_random_states(member, rng)
        return members

    def _fixed_parameters(self) -> dict[str, Any]:
        if isinstance(self.estimator, list):
            return {_NAMES: [name for name, _ in self.estimator]}
        return {"n_estimators": self.n_estimators}

    def _check_parameters(self) -> None:
        if isinstance(self.estimator, list):
            check_pairs(self.estimator)
            self._validate_names([name for name, _ in self.estimator])
            n_members = len(self.estimator)
            for name, member in self.estimator:
                check_member(member, f"member {name!r}")
        else:
            n_members = self.n_estimators
            check_member(self._parts()["estimator"], "estimator")
        self._normalised_weights(len(getattr(self, "estimators_", ())) or n_members)

    def _normalised_weights(self, n_members: int) -> FloatArray:
        """Return the weights (n_members,), which sum to 1, or raise a ValueError."""
        if self.weights is None:
            return np.full(n_members, 1 / n_members)
        weights = check_array(
            self.weights, dtype=np.float64, ensure_2d=False, input_name="weights"
        )
        if weights.shape != (n_members,):
            raise ValueError(
                f"weights must have one number for each of the {n_members} members, "
                f"got the shape {weights.shape}."
            )
        if (weights < 0).any() or not (weights > 0).any():
            raise ValueError(
                f"weights must not be negative, and one must be positive, got "
                f"{weights.tolist()}."
            )
        weights = weights / weights.max()  # the sum of huge ones would be infinite
        return weights / weights.sum()

    def _fit(self, codes: Sequences) -> None:
        """Do nothing: the members are fitted on ids, by `fit`."""

    def _score(self, codes: Sequences) -> Tensor:
        return self._scorer(codes)(slice(0, len(codes)))

    def _scorer(self, codes: Sequences) -> Callable[[slice], Tensor]:
        X = Sequences._unchecked(
            self.item_ids_[codes.values], codes.offsets, codes.roles, codes.user_ids
        )
        members = [
            (
                weight,
                log_probability_scorer(member, X, False),
                self._codes(member_item_ids(member), self.item_ids_),
            )
            for weight, member in self._weighted_members()
        ]
        return mean_scorer(members, len(self.item_ids_))

    def _weighted_members(self) -> list[tuple[float, Any]]:
        """Return normalised weights and members, those that count."""
        weights = self._normalised_weights(len(self.estimators_)).tolist()
        weighted = zip(weights, self.estimators_, strict=True)
        return [(weight, member) for weight, member in weighted if weight > 0]

    @staticmethod
    def _codes(items: IdArray, item_ids: IdArray) -> Tensor | None:
        """Return the codes of items in a catalogue, or None if both are the same."""
        if np.array_equal(items, item_ids):
            return None
        return torch.from_numpy(encode_items(items, item_ids))

    def _scoring_module(self) -> MeanScores:
        weights, members = zip(*self._weighted_members(), strict=True)
        return MeanScores(
            [served_member(member) for member in members],
            list(weights),
            [self._codes(self.item_ids_, member_item_ids(m)) for m in members],
        )

    def _item_cosines(self, codes: IntArray) -> FloatArray | None:
        total_weight = 0.0
        total = np.zeros((len(codes), len(self.item_ids_)), dtype=np.float32)
        for weight, member in self._weighted_members():
            own = encode_items(self.item_ids_, member_item_ids(member))
            is_known = own >= 0
            asked = own[codes]
            cosines = item_cosines(member, np.maximum(asked, 0))
            if cosines is not None:
                cosines[asked < 0] = 0
                total[:, is_known] += weight * cosines[:, own[is_known]]
                total_weight += weight
        return total / total_weight if total_weight else None

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        return scores


def _is_frozen(member: Any) -> bool:
    return isinstance(member, FrozenEstimator)
