"""Type aliases that are shared by the whole library."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]

#: Sums of `skdiffuasr.sequences.Role`, one per item.
RoleArray: TypeAlias = npt.NDArray[np.uint8]

#: Item ids: int64 or str.
IdArray: TypeAlias = npt.NDArray[Any]

#: Anything `check_sequences` accepts: rows of item ids, or `Sequences`.
SequencesLike: TypeAlias = Iterable[Any]

#: A model's parameters and buffers by name, as `nn.Module.state_dict` orders them.
Weights: TypeAlias = dict[str, npt.NDArray[Any]]

RandomState: TypeAlias = int | np.random.RandomState | None
