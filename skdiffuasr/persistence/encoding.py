"""From an estimator to what JSON can say, and tensors for the rest."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr.persistence.classes import (
    ESTIMATORS,
    NUMBERS,
    SPARSE_CLASSES,
    SPARSE_PARTS,
)
from skdiffuasr.sequences import Sequences, SequenceVariants

#: What to do instead, by the type of what cannot be saved.
_REMEDIES = (
    (np.random.RandomState, "use an int"),
    (joblib.Memory, "use the path of its folder"),
    ((GridSearchCV, RandomizedSearchCV), "save its best_estimator_"),
    (BaseEstimator, f"the classes that can are {', '.join(sorted(ESTIMATORS))}"),
    (Mapping, "use a dict"),
    (np.ndarray, "use a plain array of bools, native numbers or strings"),
)


@dataclass(frozen=True)
class Place:
    """Where in the estimator a value is.

    Parameters
    ----------
    tensor : str
        The name that a tensor has if it is there, such as ``"rec.weights_.bias"``.
    shown : str
        How an error says it, such as ``"step 'rec' -> weights_ -> bias"``.
    """

    tensor: str = ""
    shown: str = ""

    def inside(self, name: object, shown: str | None = None) -> "Place":
        """Name what is one level further in."""
        text = str(name) if shown is None else shown
        return Place(
            f"{self.tensor}.{name}" if self.tensor else str(name),
            f"{self.shown} -> {text}" if self.shown else text,
        )


class Encoder:
    """Turns values into JSON, and puts aside the arrays in them.

    What JSON has no word for becomes an object with a "type"; see `Decoder` for all of
    them.

    Attributes
    ----------
    tensors : dict of str to ndarray
        The arrays of all values that were encoded.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.persistence.encoding import Encoder, Place
    >>> encoder = Encoder()
    >>> encoder.encode([1, None, np.arange(2)], Place("x", "x"))
    [1, None, {'type': 'array', 'tensor': 'x.2', 'dtype': 'int64', 'shape': [2]}]
    >>> encoder.tensors
    {'x.2': array([0, 1])}
    """

    def __init__(self) -> None:
        self.tensors: dict[str, NDArray[Any]] = {}

    def encode(self, value: Any, place: Place) -> Any:
        """Encode a value of any type that can be stored.

        Parameters
        ----------
        value : object
            None, bool, int, float, str, list, tuple, set, frozenset, dict, NumPy scalar
            or array, sparse matrix, `Sequences` or an estimator, and what is made of
            them. Subclasses are not taken for their base class.
        place : Place
            Where it is.

        Returns
        -------
        node : object
            What `json.dumps` accepts.

        Raises
        ------
        ValueError
            If a value in it cannot be stored; the error says where.
        """
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return _float(value)
        if kind is list:
            return self._items(value, place)
        if kind is tuple:
            return {"type": "tuple", "items": self._items(value, place)}
        if kind in (set, frozenset):
            items = sorted(value, key=repr)
            return {"type": kind.__name__, "items": self._items(items, place)}
        if kind is dict:
            return self._dict(value, place)
        if isinstance(value, np.generic):
            return self._scalar(value, place)
        if kind is np.ndarray:
            return self._array(value, place)
        if kind in SPARSE_CLASSES.values():
            return self._sparse(value, place)
        if kind is Sequences:
            return self._sequences(value, place)
        if kind is SequenceVariants:
            variants = self._items(value.variants, place)
            return {"type": "SequenceVariants", "variants": variants}
        return self.encode_estimator(value, place)

    def encode_estimator(self, value: Any, place: Place) -> dict[str, Any]:
        """Encode an estimator and nothing else.

        Parameters
        ----------
        value : estimator
            Its class must be one of `ESTIMATORS`.
        place : Place
            Where it is.

        Returns
        -------
        node : dict
            What `json.dumps` accepts.

        Raises
        ------
        ValueError
            If it or something in it cannot be stored; the error says where.
        """
        if type(value) not in ESTIMATORS.values():
            raise _refusal(value, place)
        parameters = value.get_params(deep=False)
        attributes = {k: v for k, v in vars(value).items() if k not in parameters}
        for name in attributes:
            _check_attribute(name, place)
        nodes = {
            name: self._steps(parameter, place)
            if isinstance(value, Pipeline) and name == "steps"
            else self.encode(parameter, place.inside(name))
            for name, parameter in parameters.items()
        }
        return {
            "type": "estimator",
            "class": type(value).__name__,
            "parameters": nodes,
            "attributes": {
                k: self.encode(v, place.inside(k)) for k, v in attributes.items()
            },
        }

    def _items(self, items: Any, place: Place) -> list[Any]:
        return [
            self.encode(item, place.inside(number, f"[{number}]"))
            for number, item in enumerate(items)
        ]

    def _dict(self, value: dict[Any, Any], place: Place) -> dict[str, Any]:
        items = []
        for key, item in value.items():
            inside = place.inside(_ascii(key), repr(key))
            items.append([self.encode(key, inside), self.encode(item, inside)])
        return {"type": "dict", "items": items}

    def _scalar(self, value: np.generic, place: Place) -> dict[str, Any]:
        if isinstance(value, np.str_):
            text = "".join(value)  # str() drops null characters at the end
            return {"type": "scalar", "dtype": "str", "value": text}
        if value.dtype not in NUMBERS:
            raise _refusal(value, place)
        item = self.encode(value.item(), place)
        return {"type": "scalar", "dtype": NUMBERS[value.dtype], "value": item}

    def _array(self, value: NDArray[Any], place: Place) -> dict[str, Any]:
        shape = list(value.shape)
        if value.dtype.kind == "U" and value.dtype.isnative:
            return {
                "type": "strings",
                "dtype": value.dtype.str.lstrip("<>="),
                "shape": shape,
                "values": value.ravel().tolist(),
            }
        if value.dtype not in NUMBERS:
            raise _refusal(value, place, f"array of dtype {value.dtype}")
        name = place.tensor
        while name in self.tensors:
            name += "_"
        # safetensors writes the memory of an array, whatever its strides are.
        self.tensors[name] = np.asarray(value, order="C")
        dtype = NUMBERS[value.dtype]
        return {"type": "array", "tensor": name, "dtype": dtype, "shape": shape}

    def _sparse(self, value: Any, place: Place) -> dict[str, Any]:
        if value.ndim != 2:
            raise _refusal(value, place, f"{value.ndim}-dimensional sparse array")
        stored = value if value.format in SPARSE_PARTS else value.tocoo()
        return {
            "type": "sparse",
            "class": type(value).__name__,
            "shape": [int(length) for length in value.shape],
            "parts": [
                self._array(getattr(stored, name), place.inside(name))
                for name in SPARSE_PARTS[stored.format]
            ],
        }

    def _sequences(self, value: Sequences, place: Place) -> dict[str, Any]:
        parts = {
            name: self.encode(getattr(value, name), place.inside(name))
            for name in ("values", "offsets", "roles", "user_ids")
        }
        return {"type": "Sequences", **parts}

    def _steps(self, steps: Any, place: Place) -> list[Any]:
        """Encode the steps of a pipeline; its tensors are called after them."""
        nodes = []
        for name, step in steps:
            inside = place.inside(_ascii(name), f"step {name!r}")
            items = [name, self.encode(step, inside)]
            nodes.append({"type": "tuple", "items": items})
        return nodes


def _float(value: float) -> Any:
    """Encode a float; JSON has none that is not finite."""
    if math.isfinite(value):
        return value
    return {"type": "float", "value": repr(value)}


def _ascii(key: object) -> str:
    """Name a key so that every tool can read it."""
    return str(key).encode("ascii", "backslashreplace").decode()


def _check_attribute(name: str, place: Place) -> None:
    """Reject what is neither a parameter nor a fitted attribute."""
    if name == "_skl_callbacks":
        raise ValueError(
            f"{_shown(place)}callbacks cannot be saved; remove them with "
            f"set_callbacks()."
        )
    if name.startswith("_") or not name.endswith("_"):
        raise ValueError(
            f"{_shown(place.inside(name))}the attribute is neither a parameter nor a "
            f"fitted attribute and cannot be saved."
        )


def _refusal(value: Any, place: Place, kind: str | None = None) -> ValueError:
    """Make the error of a value that cannot be stored."""
    remedy = next((text for cls, text in _REMEDIES if isinstance(value, cls)), None)
    return ValueError(
        f"{_shown(place)}{kind or type(value).__name__} cannot be saved"
        + (f"; {remedy}." if remedy else ".")
    )


def _shown(place: Place) -> str:
    return f"{place.shown}: " if place.shown else ""
