"""The types that a model file may hold; nothing else is built from one."""

import inspect

import numpy as np
from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skdiffuasr.augmentation import diffusion
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.utils import all_estimators

#: Parts of the diffusion augmenter.
_PARTS = {
    name: value
    for name, value in vars(diffusion).items()
    if inspect.isclass(value) and issubclass(value, Part)
}

#: Estimators and parts by their names in files, which must never change.
ESTIMATORS = {
    "FrozenEstimator": FrozenEstimator,
    "Pipeline": Pipeline,
    **dict(all_estimators()),
    **{name: cls for name, cls in _PARTS.items() if not inspect.isabstract(cls)},
}

#: Names of the dtypes of tensors and scalars.
NUMBERS = {
    np.dtype(name): name
    for name in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 "
    "float32 float64".split()
}

#: Attributes that hold a sparse matrix, by its format.
SPARSE_PARTS = {
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
    "csc": ("data", "indices", "indptr"),
    "csr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
}

#: Sparse classes by name. Those of the last two formats are stored as "coo".
SPARSE_CLASSES = {
    f"{layout}_{kind}": getattr(sparse, f"{layout}_{kind}")
    for layout in (*SPARSE_PARTS, "dok", "lil")
    for kind in ("array", "matrix")
}
