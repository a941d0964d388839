"""Sound estimators pass every check, and each check fails on a broken one."""

from importlib import import_module

import numpy as np
import pytest
from sklearn.utils.validation import check_is_fitted

from skdiffuasr import RandomSequenceAugmenter
from skdiffuasr.augmentation import CropAugmenter
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.recommenders import MarkovRecommender, PopularityRecommender
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.keys import keyed_uniform, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
)


class RandomAugmenter(BaseAugmenter):
    """Puts random items of the catalogue in front."""

    def _generate(self, codes, keys):
        uniform = keyed_uniform(keys, self.n_pseudo_items)
        return (uniform * len(self.item_ids_)).astype(int)

    def _draw(self, X):
        return self.item_ids_[self._generate(None, row_keys(X, 0))]


SOUND = [
    PopularityRecommender(),
    MarkovRecommender(),
    RandomAugmenter(),
    CropAugmenter(random_state=0),
]
BROKEN = []


def breaks(check):
    """Register an estimator that a check must refuse."""

    def register(broken):
        BROKEN.append(pytest.param(broken, check, id=f"{check}-{broken.__name__}"))
        return broken

    return register


@pytest.mark.parametrize("estimator", SOUND, ids=lambda e: type(e).__name__)
def test_sound_estimators_pass(estimator):
    check_estimator(estimator)


def test_checks_come_with_clones():
    original = MarkovRecommender(smoothing=3.0)
    for estimator, check in estimator_checks_generator(original):
        assert callable(check)
        assert estimator is not original
        assert estimator.get_params() == original.get_params()


def test_no_check_is_left_out():
    defined = set()
    for kind in ("contract", "input", "augmenter", "recommender"):
        module = import_module(f"skdiffuasr.utils._{kind}_checks")
        defined |= {
            name
            for name, value in vars(module).items()
            if name.startswith("check_") and value.__module__ == module.__name__
        }
    yielded = {
        check.__name__
        for estimator in SOUND
        for _, check in estimator_checks_generator(estimator)
    }
    assert yielded == defined


def test_every_check_has_a_broken_estimator():
    refused = {parameters.values[1] for parameters in BROKEN}
    yielded = {
        check.__name__
        for estimator in SOUND
        for _, check in estimator_checks_generator(estimator)
    }
    assert refused == yielded


def run_check(name, estimator):
    checks = {c.__name__: c for _, c in estimator_checks_generator(estimator)}
    checks[name](estimator)


def truncated(X):
    """Cast fractions to integers in lists of lists."""
    if not isinstance(X, list) or not all(isinstance(row, list) for row in X):
        return X
    return [[int(item) if item == 17.5 else item for item in row] for row in X]


# What scikit-learn expects of any estimator.


@breaks("check_init_sets_parameters_only")
class SetsMoreInInit(MarkovRecommender):
    def __init__(self, *, smoothing=1.0, unknown_items="ignore"):
        super().__init__(smoothing=smoothing, unknown_items=unknown_items)
        self.cache = {}


@breaks("check_init_sets_parameters_only")
class ConvertsInInit(MarkovRecommender):
    def __init__(self, *, smoothing=1.0, unknown_items="ignore"):
        super().__init__(smoothing=smoothing, unknown_items=str(unknown_items))


@breaks("check_get_and_set_params")
class SetParamsReturnsNone(MarkovRecommender):
    def set_params(self, **parameters):
        super().set_params(**parameters)


@breaks("check_clone_is_unfitted")
class CloneStaysFitted(MarkovRecommender):
    def __sklearn_clone__(self):
        return self


@breaks("check_tags")
class TaggedClassifier(MarkovRecommender):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags


@breaks("check_parameter_validation")
class ValidatesNothing(MarkovRecommender):
    fit = MarkovRecommender.fit.__wrapped__


@breaks("check_parameter_validation")
class ValidatesNotAll(MarkovRecommender):
    _parameter_constraints = PopularityRecommender._parameter_constraints


@breaks("check_parameter_validation")
class ValidatesInFitAlone(MarkovRecommender):
    def _check_fitted(self):
        check_is_fitted(self)


@breaks("check_parameters_changed_after_fit")
class TakesWhatIsFixed(MarkovRecommender):
    _fixed_by_fit = ("smoothing",)

    def _check_fitted(self):
        check_is_fitted(self)


@breaks("check_parameters_changed_after_fit")
class EndsInItsTables(MarkovRecommender):
    def fit(self, X, y=None):
        self.table_ = np.zeros(int(self.smoothing))
        return super().fit(X, y)

    def _score(self, histories):
        if len(self.table_) != int(self.smoothing):
            raise ValueError("size mismatch")
        return super()._score(histories)


@breaks("check_not_fitted")
class PredictsUnfitted(MarkovRecommender):
    def predict(self, X):
        return self.item_ids_[np.zeros(len(X), dtype=int)]


@breaks("check_fit_returns_self")
class FitReturnsNone(MarkovRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)


@breaks("check_fitted_attributes")
class ForgetsUnderscore(MarkovRecommender):
    def fit(self, X, y=None):
        self.n_rows = len(X)
        return super().fit(X, y)


@breaks("check_fitted_attributes")
class CatalogueUnsorted(MarkovRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)
        self.item_ids_ = self.item_ids_[::-1]
        return self


@breaks("check_fit_keeps_parameters")
class FitSetsParameter(MarkovRecommender):
    def fit(self, X, y=None):
        self.smoothing = 2.0
        return super().fit(X, y)


@breaks("check_fit_is_idempotent")
class FitIsRandom(MarkovRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)
        self.noise_ = np.random.default_rng().random()
        return self


@breaks("check_fit_is_idempotent")
class FitGoesOn(MarkovRecommender):
    def fit(self, X, y=None):
        before = getattr(self, "item_counts_", 0)
        super().fit(X, y)
        self.item_counts_ = self.item_counts_ + before
        return self


@breaks("check_fit_ignores_y")
class FitReadsY(MarkovRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)
        if isinstance(y, np.ndarray):
            np.add.at(self.item_counts_, np.searchsorted(self.item_ids_, y), 1)
        return self


@breaks("check_prediction_keeps_state")
class RemembersInput(MarkovRecommender):
    def decision_function(self, X):
        self.n_seen_ = len(X)
        return super().decision_function(X)


@breaks("check_prediction_keeps_state")
class AugmentsAtRandom(RandomAugmenter):
    def _generate(self, codes, keys):
        noise = int(np.random.default_rng().integers(2**56))
        return super()._generate(codes, keys ^ noise)


@breaks("check_copies")
class ForgetsInPickle(MarkovRecommender):
    def __getstate__(self):
        return {**super().__getstate__(), "smoothing": 1000.0}


@breaks("check_copies")
class WritesToItself(MarkovRecommender):
    def _score(self, histories):
        self.item_counts_ += 0
        return super()._score(histories)


@breaks("check_pipeline_consistency")
class FitTakesNoY(MarkovRecommender):
    def fit(self, X):
        return super().fit(X)


# How histories are read.


@breaks("check_rows_are_independent")
class ScoresByRowNumber(MarkovRecommender):
    def decision_function(self, X):
        scores = super().decision_function(X)
        return scores + np.arange(len(scores), dtype=np.float32)[:, None]


@breaks("check_rows_are_independent")
class CentresBatch(MarkovRecommender):
    def decision_function(self, X):
        scores = super().decision_function(X)
        return scores - scores.mean(axis=0)


@breaks("check_rows_are_independent")
class DrawsInBatchOrder(RandomAugmenter):
    def _generate(self, codes, keys):
        return super()._generate(codes, np.arange(len(keys), dtype=np.uint64))


@breaks("check_containers")
class ReadsTuplesOtherwise(MarkovRecommender):
    def decision_function(self, X):
        if isinstance(X, tuple):
            X = [row[:1] for row in X]
        return super().decision_function(X)


@breaks("check_containers")
class IteratesTwice(MarkovRecommender):
    def fit(self, X, y=None):
        self.n_rows_ = sum(1 for _ in X)
        return super().fit(X, y)


@breaks("check_string_ids")
class ScoresByIdValue(MarkovRecommender):
    def decision_function(self, X):
        scores = super().decision_function(X)
        if self.item_ids_.dtype.kind == "i":
            scores += self.item_ids_ % 3
        return scores


@breaks("check_containers")
class WritesToValues(MarkovRecommender):
    def fit(self, X, y=None):
        X.values.setflags(write=True)
        return super().fit(X, y)


@breaks("check_input_is_not_modified")
class SortsInput(MarkovRecommender):
    def predict(self, X):
        for row in X:
            row.sort()
        return super().predict(X)


@breaks("check_bad_input")
class TruncatesIds(MarkovRecommender):
    def fit(self, X, y=None):
        return super().fit(truncated(X), y)


@breaks("check_bad_input")
class TruncatesIdsLater(MarkovRecommender):
    def decision_function(self, X):
        return super().decision_function(truncated(X))


@breaks("check_bad_input")
class TakesStringsForUnknown(RandomAugmenter):
    def generate(self, X):
        check_is_fitted(self)
        return self._draw(check_sequences(X))


@breaks("check_bad_input")
class LearnsNothing(RandomAugmenter):
    def fit(self, X, y=None):
        self.item_ids_ = np.unique(check_sequences(X).values)
        self.seed_ = 0
        return self


@breaks("check_short_histories")
class NeedsAnItem(MarkovRecommender):
    def decision_function(self, X):
        return super().decision_function(check_sequences(X, min_length=1))


@breaks("check_single_user")
class NeedsTwoUsers(MarkovRecommender):
    def decision_function(self, X):
        return super().decision_function(X).squeeze(axis=0)


@breaks("check_unknown_items_are_ignored")
class TakesUnknownForFirst(MarkovRecommender):
    def decision_function(self, X):
        X = check_sequences(X)
        values = np.where(np.isin(X.values, self.item_ids_), X.values, 7)
        return super().decision_function(Sequences(values, X.offsets))


@breaks("check_unknown_items_raise")
class NeverRaises(MarkovRecommender):
    def _encode(self, X):
        return encode_sequences(check_sequences(X), self.item_ids_)


# Augmenters.


@breaks("check_augmented_rows")
class LosesUserIds(RandomAugmenter):
    def transform(self, X):
        X = super().transform(X)
        return Sequences(X.values, X.offsets, X.roles)


@breaks("check_augmented_rows")
class ForgetsToCount(RandomAugmenter):
    def transform(self, X):
        X = super().transform(X)
        return Sequences(X.values, X.offsets, user_ids=X.user_ids)


@breaks("check_augmented_rows")
class DropsUnknownItems(RandomAugmenter):
    def transform(self, X):
        X = super().transform(X)
        codes = encode_sequences(X, self.item_ids_)
        items = self.item_ids_[codes.values]
        return Sequences(items, codes.offsets, codes.roles, X.user_ids)


@breaks("check_augmented_rows")
class ReturnsLists(RandomAugmenter):
    def transform(self, X):
        return super().transform(X).to_lists()


@breaks("check_augmented_rows")
class GeneratesCodes(RandomAugmenter):
    def transform(self, X):
        return X.prepend(np.searchsorted(self.item_ids_, self.generate(X)))


@breaks("check_augmented_rows")
class GeneratesOneMore(RandomAugmenter):
    def transform(self, X):
        return X.prepend(np.pad(self.generate(X), ((0, 0), (0, 1)), mode="edge"))


@breaks("check_generate")
class TransformsOtherwise(RandomAugmenter):
    def _augment(self, variants, *, is_training):
        return [v.given.prepend(np.sort(self.generate(v.given))) for v in variants]


@breaks("check_pseudo_items_accumulate")
class ConditionsOnPseudoItems(RandomAugmenter):
    def generate(self, X):
        check_is_fitted(self)
        return self._draw(Sequences(X.values, X.offsets))


@breaks("check_pseudo_items_are_not_learned")
class LearnsPseudoItems(RandomAugmenter):
    def fit(self, X, y=None):
        self.item_ids_ = np.unique(check_sequences(X).values)
        self.seed_ = 0
        return self


@breaks("check_inverse_transform")
class InvertsNothing(RandomAugmenter):
    def inverse_transform(self, X):
        return X


@breaks("check_fit_transform")
class FitTransformsOtherwise(RandomAugmenter):
    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X[::-1])[::-1].tail(5)


@breaks("check_augment_at_fit")
class AugmentsAlways(RandomAugmenter):
    def transform(self, X):
        return self._transform(self._encode(check_sequences(X)), is_training=False)


@breaks("check_augment_at_fit")
class AugmentsAtFitNever(RandomAugmenter):
    def fit_transform(self, X, y=None):
        return self.fit(X, y).transform(X)


@breaks("check_max_history_length")
class AugmentsAllLengths(RandomAugmenter):
    def _augment(self, variants, *, is_training):
        return [v.given.prepend(self.generate(v.given)) for v in variants]


@breaks("check_pandas_output")
class WrapsOutput(RandomAugmenter, auto_wrap_output_keys=("transform",)):
    def transform(self, X):
        return super().transform(X)

    def get_feature_names_out(self, input_features=None):
        return np.array(["history"], dtype=object)


# Recommenders.


@breaks("check_decision_function")
class ScoresInDoublePrecision(MarkovRecommender):
    def decision_function(self, X):
        return super().decision_function(X).astype(np.float64)


@breaks("check_decision_function")
class ScoresEmptyAsNaN(MarkovRecommender):
    def decision_function(self, X):
        scores = super().decision_function(X)
        scores[check_sequences(X).lengths == 0] = np.nan
        return scores


@breaks("check_predict_log_proba")
class ReturnsScoresAsProbabilities(PopularityRecommender):
    def _log_probabilities(self, scores):
        return scores


@breaks("check_predict_log_proba")
class RanksOtherwiseByProbability(MarkovRecommender):
    def _log_probabilities(self, scores):
        return super()._log_probabilities(scores).flip(1)


@breaks("check_item_counts")
class CountsPseudoItems(MarkovRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)
        codes = encode_sequences(check_sequences(X), self.item_ids_)
        self.item_counts_ = np.bincount(codes.values)
        return self


@breaks("check_predict")
class PredictsCodes(MarkovRecommender):
    def predict(self, X):
        return self.decision_function(X).argmax(axis=1)


@breaks("check_predict")
class PredictsWorst(MarkovRecommender):
    def predict(self, X):
        return self.item_ids_[self.decision_function(X).argmin(axis=1)]


@breaks("check_recommend")
class RecommendsWorstFirst(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        items, scores = super().recommend(X, k, **options)
        return items[:, ::-1], scores[:, ::-1]


@breaks("check_recommend")
class RecommendsOneItem(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        items, scores = super().recommend(X, k, **options)
        return np.repeat(items[:, :1], k, axis=1), np.repeat(scores[:, :1], k, axis=1)


@breaks("check_recommend_log_probabilities")
class ScoresUnknownHistoriesByCounts(MarkovRecommender):
    def _scores_without_items(self):
        return self.item_counts_.astype(np.float32)


@breaks("check_recommend_log_probabilities")
class HasOneScale(MarkovRecommender):
    def recommend(self, X, k=10, *, response_method=None, **options):
        return super().recommend(X, k, **options)


@breaks("check_recommend_leaves_out_seen_items")
class RecommendsSeenItems(MarkovRecommender):
    def recommend(self, X, k=10, *, filter_seen=True, **options):
        return super().recommend(X, k, filter_seen=False, **options)


@breaks("check_recommend_leaves_out_seen_items")
class TakesPseudoItemsForSeen(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        X = check_sequences(X)
        return super().recommend(Sequences(X.values, X.offsets), k, **options)


@breaks("check_recommend_candidates")
class IgnoresCandidates(MarkovRecommender):
    def recommend(self, X, k=10, *, candidates=None, **options):
        return super().recommend(X, k, **options)


@breaks("check_recommend_k")
class ClipsK(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        return super().recommend(X, min(k, len(self.item_ids_)), **options)


@breaks("check_recommend_k")
class TakesAnyK(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        return super().recommend(X, max(k, 1), **options)


@breaks("check_recommend_k")
class PadsWithTheBest(MarkovRecommender):
    def recommend(self, X, k=10, **options):
        items, scores = super().recommend(X, k, **options)
        return np.where(np.isneginf(scores), items[:, :1], items), scores


@breaks("check_score")
class ScoresInPercent(MarkovRecommender):
    def score(self, X, y, sample_weight=None):
        return 100 * super().score(X, y, sample_weight)


@breaks("check_score")
class LeavesOutUnknownTargets(MarkovRecommender):
    def score(self, X, y, sample_weight=None):
        known = np.isin(y, self.item_ids_)
        if not known.any():
            return float("nan")
        return super().score(X[known], np.asarray(y)[known])


@breaks("check_score")
class IgnoresSampleWeight(MarkovRecommender):
    def score(self, X, y, sample_weight=None):
        return super().score(X, y)


@breaks("check_operator")
class OperatesOnTheFirstVariant(CropAugmenter):
    def _augment(self, variants, *, is_training):
        return super()._augment(variants, is_training=is_training)[1:]


@breaks("check_operator_rows")
class OperatesByPlaceInTheBatch(CropAugmenter):
    def _augment(self, variants, *, is_training):
        first, *others = super()._augment(variants, is_training=is_training)
        n_dropped = np.arange(len(first)) % 2
        return [first, *(variant.drop_last(n_dropped) for variant in others)]


@breaks("check_n_variants")
class MakesOneVariant(RandomSequenceAugmenter):
    def _augment(self, variants, *, is_training):
        return super()._augment(variants, is_training=is_training)[:1]


@pytest.mark.parametrize(("broken", "check"), BROKEN)
def test_broken_estimator_is_refused(broken, check):
    with pytest.raises((AssertionError, AttributeError, TypeError, ValueError)):
        run_check(check, broken())
