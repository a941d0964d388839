"""Parameters and documentation that an estimator inherits."""

import inspect
import pickle
import subprocess
import sys
from dataclasses import field

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV

from skdiffuasr._estimator_class import estimator_class


@estimator_class
class Base(BaseEstimator):
    """A base.

    Parameters
    ----------
    width : int, default=8
        Of a layer.
    rate : float, default=1e-3
        Of learning.

        In two paragraphs.
    seed : int, default=None
        Of the draws.

    Attributes
    ----------
    weights_ : ndarray
        Trained ones.

    Notes
    -----
    Not inherited.
    """

    width: int = field(default=8, kw_only=False)
    rate: float = 1e-3
    seed: int | None = None


@estimator_class
class Derived(Base):
    """A derived one.

    Parameters
    ----------
    depth : {1, 2}, default=1
        Number of layers.
    seed : int, default=None
        Of the draws and of the weights.

    Attributes
    ----------
    curve_ : list of float
        Losses.

    Examples
    --------
    >>> 1
    1
    """

    depth: int = 1
    rate: float = 0.5


EXPECTED = """A derived one.

Parameters
----------
width : int, default=8
    Of a layer.
depth : {1, 2}, default=1
    Number of layers.
rate : float, default=0.5
    Of learning.

    In two paragraphs.
seed : int, default=None
    Of the draws and of the weights.

Attributes
----------
weights_ : ndarray
    Trained ones.
curve_ : list of float
    Losses.

Examples
--------
>>> 1
1
"""


def test_docstring_is_completed():
    assert Derived.__doc__ == EXPECTED


def test_own_parameters_come_before_inherited_keywords():
    @estimator_class
    class Leaf(Derived):
        """A leaf."""

        height: int = 3
        seed: int | None = 1

    names = list(inspect.signature(Leaf).parameters)
    assert names == ["width", "height", "depth", "rate", "seed"]
    assert "seed : int, default=1\n    Of the draws and of the weights." in Leaf.__doc__


def test_parameters_of_several_bases_come_in_their_order():
    @estimator_class
    class Mixin:
        """A mixin.

        Parameters
        ----------
        length : int, default=1
            Length.
        """

        length: int = 1

    @estimator_class
    class Both(Derived, Mixin):
        """Both."""

        height: int = 3
        length: int = 2

    names = list(inspect.signature(Both).parameters)
    assert names == ["width", "height", "depth", "rate", "seed", "length"]
    assert "length : int, default=2\n    Length." in Both.__doc__


def test_positional_and_keyword_parameters():
    assert Derived(3, depth=2).get_params() == {
        "width": 3,
        "depth": 2,
        "rate": 0.5,
        "seed": None,
    }
    with pytest.raises(TypeError, match="positional"):
        Derived(3, 2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'dept'"):
        Derived(dept=2)


def test_entries_of_the_class_itself_are_not_corrected():
    # so that the common tests find what is wrong with them
    @estimator_class
    class Wrong(Base):
        """A wrong one.

        Parameters
        ----------
        rate : float, default=0.1
            Of learning.
        unknown : int, default=1
            Is no parameter.
        """

    assert "rate : float, default=0.1" in Wrong.__doc__
    assert "unknown : int" in Wrong.__doc__


def test_an_own_constructor_stays():
    @estimator_class
    class Own(Base):
        """An own one."""

        def __init__(self, seed=5):
            self.seed = seed

    assert Own().get_params() == {"seed": 5}
    assert "width" not in Own.__doc__


def test_it_is_an_estimator_like_any_other():
    estimator = Derived(3, rate=0.25)
    assert repr(estimator) == "Derived(rate=0.25, width=3)"
    assert vars(clone(estimator)) == vars(estimator)
    assert vars(pickle.loads(pickle.dumps(estimator))) == vars(estimator)
    assert estimator != clone(estimator)  # no comparison by value
    assert len({estimator, clone(estimator)}) == 2
    search = GridSearchCV(estimator, {"depth": [1, 2]})
    assert search.set_params(estimator__seed=7).estimator.seed == 7


def test_without_docstrings():
    script = (
        "import inspect, skdiffuasr\n"
        "for name in ('S3RecEstimator', 'RandomAugmenter'):\n"
        "    cls = getattr(skdiffuasr, name)\n"
        "    print(cls.__doc__, len(inspect.signature(cls).parameters) > 5)\n"
    )
    run = subprocess.run(
        [sys.executable, "-OO", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == ["None True"] * 2
