"""Estimators from JSON and tensors, as `Encoder` made them."""

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr.persistence.classes import (
    ESTIMATORS,
    NUMBERS,
    SPARSE_CLASSES,
    SPARSE_PARTS,
)
from skdiffuasr.sequences import Sequences, SequenceVariants
from skdiffuasr.training import resolve_device


class Decoder:
    """Builds values of known types from JSON and tensors.

    A JSON object has a "type" and exactly these fields:

    =====================  ========================================================
    float                  value: "nan", "inf" or "-inf"
    tuple, set, frozenset  items
    dict                   items: list of [key, value]
    vectors                keys, vectors: dict of the rows of an array
    scalar                 dtype, value: a NumPy scalar
    array                  tensor, dtype, shape: numbers, in the tensor of this name
    strings                dtype, shape, values: flat list of strings
    sparse                 class, shape, parts: arrays as `SPARSE_PARTS` lists them
    Sequences              values, offsets, roles, user_ids
    SequenceVariants       variants
    estimator              class, parameters, attributes
    =====================  ========================================================

    A `device` replaces that of every estimator. `unused` are the tensors that nothing
    decoded so far refers to.
    """

    def __init__(
        self, tensors: dict[str, NDArray[Any]], device: str | None = None
    ) -> None:
        self.tensors = tensors
        self.unused = set(tensors)
        self.device = device
        self._decoders = {
            "float": self._float,
            "tuple": lambda node: tuple(self._items(node)),
            "set": lambda node: set(self._items(node)),
            "frozenset": lambda node: frozenset(self._items(node)),
            "dict": lambda node: dict(self._items(node)),
            "vectors": self._vectors,
            "scalar": self._scalar,
            "array": self._array,
            "strings": self._strings,
            "sparse": self._sparse,
            "Sequences": self._sequences,
            "SequenceVariants": self._variants,
            "estimator": self.decode_estimator,
        }

    def decode(self, node: Any) -> Any:
        """Return the value of a node from `Encoder.encode`, or raise ValueError."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        kind = node.get("type")
        if kind not in self._decoders:
            raise ValueError(f"there is no type {kind!r}")
        return self._decoders[kind](node)

    def decode_estimator(self, node: Any) -> Any:
        """Return the estimator that a node describes, or raise ValueError."""
        name, parameters, attributes = fields(node, "class", "parameters", "attributes")
        if name not in ESTIMATORS:
            raise ValueError(f"the class {name!r} is unknown")
        cls = ESTIMATORS[name]
        known = inspect.signature(cls).parameters
        for parameter in parameters:
            if parameter not in known:
                raise ValueError(f"{name} has no parameter {parameter!r}")
        values = {k: self.decode(v) for k, v in parameters.items()}
        if "device" in values:
            values["device"] = self._device(values["device"])
        estimator = cls(**values)
        for attribute, value in attributes.items():
            if attribute.startswith("_") or not attribute.endswith("_"):
                raise ValueError(f"{attribute!r} is not the name of a fitted attribute")
            setattr(estimator, attribute, self.decode(value))
        return estimator

    def _float(self, node: dict[str, Any]) -> float:
        (value,) = fields(node, "value")
        if value not in ("nan", "inf", "-inf"):
            raise ValueError(f"there is no float {value!r}")
        return float(value)

    def _items(self, node: dict[str, Any], name: str = "items") -> list[Any]:
        (items,) = fields(node, name)
        return [self.decode(item) for item in items]

    def _vectors(self, node: dict[str, Any]) -> dict[Any, NDArray[Any]]:
        keys, vectors = map(self.decode, fields(node, "keys", "vectors"))
        return dict(zip(keys, vectors, strict=True))

    def _scalar(self, node: dict[str, Any]) -> Any:
        dtype, value = fields(node, "dtype", "value")
        if dtype == "str":
            return np.str_(value)
        return _number_dtype(dtype).type(self.decode(value))

    def _array(self, node: dict[str, Any]) -> NDArray[Any]:
        name, dtype, shape = fields(node, "tensor", "dtype", "shape")
        if name not in self.tensors:
            raise ValueError(f"the tensor {name!r} is missing")
        self.unused.discard(name)
        tensor = self.tensors[name]
        if tensor.dtype != _number_dtype(dtype) or list(tensor.shape) != shape:
            raise ValueError(
                f"the tensor {name!r} is {tensor.dtype} of shape {list(tensor.shape)}, "
                f"where the header says {dtype} of shape {shape}"
            )
        return tensor

    def _strings(self, node: dict[str, Any]) -> NDArray[np.str_]:
        dtype, shape, values = fields(node, "dtype", "shape", "values")
        if not all(isinstance(value, str) for value in values):
            raise ValueError("an array of strings has something else in it")
        if np.dtype(dtype).kind != "U":
            raise ValueError(f"there are no strings of dtype {dtype!r}")
        return np.array(values, dtype).reshape(shape)

    def _sparse(self, node: dict[str, Any]) -> Any:
        name, shape, parts = fields(node, "class", "shape", "parts")
        if name not in SPARSE_CLASSES:
            raise ValueError(f"there is no sparse class {name!r}")
        layout, _, kind = name.partition("_")
        stored = layout if layout in SPARSE_PARTS else "coo"
        data, *indices = [self.decode(part) for part in parts]
        content = (data, tuple(indices)) if stored == "coo" else (data, *indices)
        matrix = SPARSE_CLASSES[f"{stored}_{kind}"](content, shape=tuple(shape))
        if stored in ("bsr", "csc", "csr"):
            matrix.check_format(full_check=True)
        return matrix.asformat(layout)

    def _sequences(self, node: dict[str, Any]) -> Sequences:
        parts = fields(node, "values", "offsets", "roles", "user_ids")
        return Sequences(*map(self.decode, parts))

    def _variants(self, node: dict[str, Any]) -> SequenceVariants:
        return SequenceVariants(self._items(node, "variants"))

    def _device(self, stored: str) -> str:
        """Return the device, which this machine must have."""
        device = stored if self.device is None else self.device
        try:
            resolve_device(device)
        except ValueError as error:
            raise ValueError(
                f"{error} Give device='cpu' or device='auto' to load the model here"
            ) from error
        return device


def fields(node: Any, *names: str) -> list[Any]:
    """Return the fields of a JSON object, which may have no others but a "type"."""
    found = set(node) - {"type"} if isinstance(node, dict) else None
    if found != set(names):
        raise ValueError(
            f"there should be an object of {', '.join(names)}, not "
            f"{'one of ' + ', '.join(sorted(found)) if found else repr(node)[:60]}"
        )
    return [node[name] for name in names]


def _number_dtype(name: str) -> np.dtype[Any]:
    """Return the dtype of tensors or scalars that has a name."""
    if name not in NUMBERS.values():
        raise ValueError(f"there is no dtype {name!r}")
    return np.dtype(name)
