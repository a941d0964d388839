"""Estimators as JSON, and tensors for what JSON cannot hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
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
from skdiffuasr.sequences.vocabulary import is_frame

#: What to do instead, by the type that cannot be saved.
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
    """Where in the estimator a value is."""

    #: Name of a tensor there, such as ``"rec.weights_.bias"``.
    tensor: str = ""
    #: How an error shows it, such as ``"step 'rec' -> weights_ -> bias"``.
    shown: str = ""

    def __str__(self) -> str:
        return f"{self.shown}: " if self.shown else ""

    def inside(self, name: object, shown: str | None = None) -> "Place":
        """Name what is one level further in."""
        text = str(name) if shown is None else shown
        return Place(
            f"{self.tensor}.{name}" if self.tensor else str(name),
            f"{self.shown} -> {text}" if self.shown else text,
        )


class Encoder:
    """Turns values into JSON, and collects their arrays in `tensors`.

    What JSON has no word for becomes an object with a "type"; see `Decoder`. An array
    that occurs twice, as those of a frozen member of an ensemble do, is stored once.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, NDArray[Any]] = {}
        # With the array itself: an id is free again when its owner is gone.
        self._stored: dict[int, tuple[str, NDArray[Any]]] = {}

    def encode(self, value: Any, place: Place) -> Any:
        """Return a value as `json.dumps` accepts it, or raise ValueError.

        Subclasses are not taken for their base class.
        """
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:  # JSON has finite ones only
            finite = math.isfinite(value)
            return value if finite else {"type": "float", "value": repr(value)}
        if kind is list:
            return self._items(value, place)
        if kind in (tuple, set, frozenset):
            items = value if kind is tuple else sorted(value, key=repr)
            return {"type": kind.__name__, "items": self._items(items, place)}
        if kind is dict:
            return self._dict(value, place)
        if isinstance(value, PurePath):
            return str(value)
        if isinstance(value, np.generic):
            return self._scalar(value, place)
        if kind is np.ndarray:
            return self._array(value, place)
        if kind in SPARSE_CLASSES.values():
            return self._sparse(value, place)
        if kind is Sequences:
            names = ("values", "offsets", "roles", "user_ids")
            parts = {name: getattr(value, name) for name in names}
            return {"type": "Sequences", **self._parts(parts, place)}
        if kind is SequenceVariants:
            variants = self._items(value.variants, place)
            return {"type": "SequenceVariants", "variants": variants}
        return self.encode_estimator(value, place)

    def encode_estimator(self, value: Any, place: Place) -> dict[str, Any]:
        """Return an estimator as `json.dumps` accepts it, or raise ValueError."""
        if type(value) not in ESTIMATORS.values():
            raise _refusal(value, place)
        parameters = value.get_params(deep=False)
        left_out = {*parameters, "_sklearn_output_config"}  # of `set_output`
        attributes = {k: v for k, v in vars(value).items() if k not in left_out}
        for name in attributes:
            _check_attribute(name, place)
        return {
            "type": "estimator",
            "class": type(value).__name__,
            "parameters": {
                name: self._steps(parameter, place)
                if isinstance(value, Pipeline) and name == "steps"
                else self.encode(parameter, place.inside(name))
                for name, parameter in parameters.items()
            },
            "attributes": self._parts(attributes, place),
        }

    def _items(self, items: Any, place: Place) -> list[Any]:
        return [
            self.encode(item, place.inside(number, f"[{number}]"))
            for number, item in enumerate(items)
        ]

    def _dict(self, value: dict[Any, Any], place: Place) -> dict[str, Any]:
        if _are_vectors(list(value.values())):  # one tensor for them all
            keys = self._items(value, place)
            vectors = self._array(np.stack(list(value.values())), place)
            return {"type": "vectors", "keys": keys, "vectors": vectors}
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
        name, _ = self._stored.get(id(value), ("", value))
        if not name:
            name = place.tensor
            while name in self.tensors:
                name += "_"
            # safetensors writes the memory of an array, whatever its strides are.
            self.tensors[name] = np.asarray(value, order="C")
            self._stored[id(value)] = name, value
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

    def _parts(self, parts: dict[str, Any], place: Place) -> dict[str, Any]:
        return {name: self.encode(v, place.inside(name)) for name, v in parts.items()}

    def _steps(self, steps: Any, place: Place) -> list[Any]:
        """Encode the steps of a pipeline, after which its tensors are named."""
        nodes = []
        for name, step in steps:
            inside = place.inside(_ascii(name), f"step {name!r}")
            items = [name, self.encode(step, inside)]
            nodes.append({"type": "tuple", "items": items})
        return nodes


def _are_vectors(values: list[Any]) -> bool:
    """Whether these are several numeric vectors of one length and dtype."""
    if len(values) < 2 or any(type(value) is not np.ndarray for value in values):
        return False
    first = values[0]
    return first.dtype in NUMBERS and all(
        value.ndim == 1 and len(value) == len(first) and value.dtype == first.dtype
        for value in values
    )


def _ascii(key: object) -> str:
    """Return a name for a key that every tool can read."""
    return str(key).encode("ascii", "backslashreplace").decode()


def _check_attribute(name: str, place: Place) -> None:
    """Raise unless the name is that of a fitted attribute."""
    if name == "_skl_callbacks":
        raise ValueError(
            f"{place}callbacks cannot be saved; remove them with set_callbacks()."
        )
    if name.startswith("_") or not name.endswith("_"):
        raise ValueError(
            f"{place.inside(name)}the attribute is neither a parameter nor a fitted "
            "attribute and cannot be saved."
        )


def _refusal(value: Any, place: Place, kind: str | None = None) -> ValueError:
    """Make the error of a value that cannot be stored."""
    remedy = next((text for cls, text in _REMEDIES if isinstance(value, cls)), None)
    if is_frame(value):
        remedy = "use a dict with what it has for each item of its index"
    return ValueError(
        f"{place}{kind or type(value).__name__} cannot be saved"
        + (f"; {remedy}." if remedy else ".")
    )
