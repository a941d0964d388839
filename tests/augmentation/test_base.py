import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation import (
    ASRePAugmenter,
    CropAugmenter,
    InsertAugmenter,
    RandomAugmenter,
    RandomSequenceAugmenter,
    RepeatedPaddingAugmenter,
    SlidingWindowAugmenter,
    asrep,
    new_item_operators,
)
from skdiffuasr.augmentation.diffusion import (
    CooccurrenceEmbeddings,
    SUNet,
    training,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.sequences import Sequences

X = make_sequences(n_users=60, n_items=20, min_length=5, random_state=0).X
TINY = {"embedding_dim": 4, "max_epochs": 1, "random_state": 0}
DIFFUSION = DiffusionSequenceAugmenter(
    2,
    denoiser=SUNet(n_res_blocks=1, base_channels=8),
    item_embeddings=CooccurrenceEmbeddings(embedding_dim=4),
    max_epochs=1,
    random_state=0,
)
ASREP = ASRePAugmenter(2, n_layers=1, **TINY)
AUGMENTERS = [
    DIFFUSION,
    ASREP,
    RandomAugmenter(2, random_state=0),
    RandomSequenceAugmenter(2, random_state=0),
    RepeatedPaddingAugmenter(random_state=0),
    CropAugmenter(random_state=0),
    InsertAugmenter(random_state=0),
    SlidingWindowAugmenter(random_state=0),
]


def copy_of(augmenter, **parameters):
    return type(augmenter)(**{**augmenter.get_params(deep=False), **parameters})


def is_fitted(augmenter):
    try:
        check_is_fitted(augmenter)
    except NotFittedError:
        return False
    return True


@pytest.mark.parametrize("augmenter", AUGMENTERS, ids=lambda a: type(a).__name__)
def test_a_fit_that_fails_leaves_nothing_behind(augmenter):
    """Neither at first nor after one that succeeded."""
    augmenter = copy_of(augmenter)
    for fit in (lambda: None, lambda: augmenter.fit_transform(X)):
        fit()
        with pytest.raises(ValueError, match="item"):
            augmenter.fit([[], []])
        assert not is_fitted(augmenter)
        assert vars(augmenter) == augmenter.get_params(deep=False)
        with pytest.raises(NotFittedError):
            augmenter.transform(X)


@pytest.mark.parametrize(
    ("augmenter", "module", "step"),
    [
        (DIFFUSION, training, "train"),
        (ASREP, asrep, "train"),
        (InsertAugmenter(random_state=0), new_item_operators, "NearestNeighbors"),
    ],
    ids=["diffusion", "asrep", "insert"],
)
def test_a_training_that_fails_leaves_no_old_weights_with_a_new_catalogue(
    monkeypatch, augmenter, module, step
):
    def fail(*args, **kwargs):
        raise MemoryError

    augmenter = copy_of(augmenter).fit(X)
    expected = augmenter.fit_transform(X)
    with monkeypatch.context() as patch:
        patch.setattr(module, step, fail)
        shifted = Sequences(X.values + 7, X.offsets, user_ids=X.user_ids)
        for estimator in (augmenter, copy_of(augmenter)):
            with pytest.raises(MemoryError):
                estimator.fit(shifted)
            assert not is_fitted(estimator)
            with pytest.raises(NotFittedError):
                estimator.transform(shifted)
    assert augmenter.fit_transform(X) == expected


@pytest.mark.parametrize(
    "parameters", [{"augment_at": "fit"}, {"max_history_length": 0}], ids=str
)
@pytest.mark.parametrize(
    "augmenter", [DIFFUSION, RandomSequenceAugmenter(2)], ids=lambda a: type(a).__name__
)
def test_items_are_checked_where_nothing_is_augmented(augmenter, parameters):
    augmenter = copy_of(augmenter, unknown_items="error", **parameters).fit(X)
    assert augmenter.transform(X) is X
    with pytest.raises(ValueError, match=r"unknown item.*first in row 1"):
        augmenter.transform([[1], [1, 999]])
    with pytest.raises(TypeError, match="type str"):
        augmenter.transform([["a"]])
    lenient = augmenter.set_params(unknown_items="ignore")
    assert lenient.transform([[1, 999]]).to_lists() == [[1, 999]]


def test_items_are_checked_by_augmenters_that_take_any():
    augmenter = RandomAugmenter(2, augment_at="fit", random_state=0).fit(X)
    with pytest.raises(TypeError, match="type str"):
        augmenter.transform([["a"]])
    reppad = RepeatedPaddingAugmenter(unknown_items="error", random_state=0).fit(X)
    with pytest.raises(ValueError, match="unknown item"):
        reppad.transform([[999]])


def test_pseudo_items_may_be_unknown():
    augmenter = copy_of(RandomSequenceAugmenter(2), unknown_items="error").fit(X)
    given = X.prepend(np.full((len(X), 1), 999))
    assert (augmenter.transform(given).n_pseudo == 3).all()
