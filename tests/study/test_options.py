import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skdiffuasr import MarkovRecommender, RandomSequenceAugmenter
from skdiffuasr.study.options import StudyOptions, as_seeds

OWN = RandomSequenceAugmenter(3)
MARKOV = MarkovRecommender()


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (2, [0, 1]),
        ((5, 3), [5, 3]),
        (np.int64(1), [0]),
        (np.arange(2), [0, 1]),
        ([2**32 - 1], [2**32 - 1]),
    ],
)
def test_seeds(seeds, expected):
    found = as_seeds(seeds)
    assert found == expected
    assert all(type(seed) is int for seed in found)


@pytest.mark.parametrize(
    ("seeds", "error", "message"),
    [
        (0, ValueError, "at least one seed, got seeds=0"),
        ([], ValueError, "at least one seed"),
        ([0, 1, 0], ValueError, r"differ from each other, got \[0, 1, 0\]"),
        ([-1], ValueError, "seed == -1, must be >= 0"),
        ([2**32], ValueError, "seed == 4294967296, must be <= 4294967295"),
        (2.5, TypeError, "an int or a sequence of ints, got 2.5"),
        (True, TypeError, "an int or a sequence of ints, got True"),
        (None, TypeError, "an int or a sequence of ints, got None"),
        ([0.5], TypeError, "seed must be an instance of"),
        ([True], TypeError, "seed must be an instance of int, got True"),
        ("12", TypeError, "seed must be an instance of"),
    ],
)
def test_bad_seeds(seeds, error, message):
    with pytest.raises(error, match=message):
        as_seeds(seeds)


def options(augmenters, recommenders, space=None):
    return StudyOptions(augmenters, recommenders, param_distributions=space)


def test_parameters_that_there_are():
    inside = make_pipeline(OWN)
    space = {"random": {"randomsequenceaugmenter__n_pseudo_items": [1]}}
    options({"random": inside}, {"Markov": MARKOV}, space)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"SASrec": {}}, r"has 'SASrec', which is neither an augmenter"),
        (
            {"Markov": {"smooting": [1]}},
            r"\['Markov'\] has 'smooting', which is not a parameter of "
            r"MarkovRecommender; it has \[.*'smoothing'",
        ),
        ({"random": {"smoothing": [1]}}, "not a parameter of RandomSequenceAugmenter"),
        ({"none": {"n_pseudo_items": [1]}}, "not a parameter of NoneType"),
    ],
)
def test_parameters_that_there_are_not(space, message):
    with pytest.raises(ValueError, match=message):
        options({"random": OWN}, {"Markov": MARKOV}, space)


def test_a_shared_name_has_the_parameters_of_both():
    with pytest.raises(ValueError, match="not a parameter of RandomSequenceAugmenter"):
        options({"same": OWN}, {"same": MARKOV}, {"same": {"smoothing": [1]}})


def test_who_has_a_memory():
    cached = make_pipeline(OWN, memory="folder")
    augmenters = {"own": OWN, "cached": make_pipeline(cached)}
    assert options(augmenters, {"Markov": MARKOV})._with_memory() == ("cached",)
